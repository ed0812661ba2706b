"""Backups: made, kept, restored, and drilled."""
