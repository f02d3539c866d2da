"""sport_coach: measure, score and coach movement. The core; only `nodes` and `io.rosbag_live` know ROS."""

__version__ = "0.1.0"
