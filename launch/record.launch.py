"""The lab's sensors, and a bag of every trial: to collect data without assessing it."""

from launch import LaunchDescription
from sport_nodes.launching import describe, graph_settings


def generate_launch_description() -> LaunchDescription:
    return describe(lambda values: graph_settings(values, assess=False), record="true")
