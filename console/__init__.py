"""What people see: associations, the federation and the command line."""
