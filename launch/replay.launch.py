"""A recorded trial through the whole graph again."""

from pathlib import Path

from launch.actions import DeclareLaunchArgument

from launch import LaunchDescription
from sport_nodes.demo import action_of
from sport_nodes.graph import BAG
from sport_nodes.launching import argument, describe, graph_settings


def generate_launch_description() -> LaunchDescription:
    own = (
        DeclareLaunchArgument("bag", description="The rosbag2 recording: its folder, .mcap or .db3 file."),
        argument("rate", "1.0", "How fast: 2 plays twice as fast; 0 as fast as the graph follows."),
    )

    def settings(values):
        bag = Path(values["bag"]).expanduser()
        # The bag says which movement it holds.
        played = {"bag": str(bag.resolve()), "rate": float(values["rate"])}
        return graph_settings({**values, "action": action_of(bag)}, source=BAG, bag=played)

    return describe(settings, own_arguments=own, use_sim_time="true")
