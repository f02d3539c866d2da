"""The lab's cameras and IMUs alone, to see them while `sport calibrate` is used."""

from launch import LaunchDescription
from sport_nodes.launching import describe, graph_settings


def generate_launch_description() -> LaunchDescription:
    return describe(graph_settings, keep=lambda node: node.group == "drivers" or node.name == "rig", rviz="true")
