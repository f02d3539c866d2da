"""The simulated lab: movements, cameras, depth, IMUs, clocks, faults. Truth for what has no public data."""
