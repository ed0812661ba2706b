"""A promise to ring a patient back, and the machine that keeps it."""
