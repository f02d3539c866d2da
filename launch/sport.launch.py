"""The lab: its cameras and IMUs, and the whole graph behind them."""

from launch import LaunchDescription
from sport_nodes.launching import describe, graph_settings


def generate_launch_description() -> LaunchDescription:
    return describe(graph_settings)
