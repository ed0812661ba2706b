"""Measurements, as ratios in one run where a machine's speed matters. `make bench` runs them all."""
