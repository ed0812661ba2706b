"""What happened: events of calls, and what is made of them."""
