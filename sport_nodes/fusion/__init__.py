"""The pose optimisation: depth, cameras and IMUs in one skeleton."""
