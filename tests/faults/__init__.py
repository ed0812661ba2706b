"""Campaigns of faults."""
