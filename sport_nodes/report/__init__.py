"""The trial report and its plots."""
