"""ROS shells, one file a node: parameters, conversion, publishing. No algorithms."""
