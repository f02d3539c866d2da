"""MotionDTW and target models."""
