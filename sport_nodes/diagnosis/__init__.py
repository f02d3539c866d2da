"""Metrics, measurement error, rules, root causes."""
