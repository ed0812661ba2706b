"""What the people of one association see and set."""
