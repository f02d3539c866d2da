"""Datasets, losses, training, evaluation and export of the scorer."""
