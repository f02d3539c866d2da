"""Tests of the nodes run on a real ROS 2; without it they have nothing to say."""

import pytest

pytest.importorskip("rclpy", reason="no ROS 2 on this machine (rclpy)")
pytest.importorskip("sport_coach.msg", reason="the package's messages are not built: run colcon build")
