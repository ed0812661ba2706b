"""The command line `sos3624`."""
