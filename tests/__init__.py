"""The tests: units, calls as data, faults and a real browser."""
