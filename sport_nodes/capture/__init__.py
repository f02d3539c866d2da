"""Devices without ROS: depth camera, RGB cameras, IMUs, 2D pose, depth lifting, calibration."""
