"""Clocks, one time grid, filters, gap filling, the beginning and end of a trial."""
