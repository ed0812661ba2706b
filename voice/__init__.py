"""A call, from signed webhook to TwiML."""
