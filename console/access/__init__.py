"""Who enters the console, and what each may do there."""
