"""A recorded trial through the whole graph again."""

from launch import LaunchDescription
from sport_nodes.graph import BAG
from sport_nodes.launching import argument, describe, graph_settings


def generate_launch_description() -> LaunchDescription:
    own = (
        argument("bag", "", "The rosbag2 recording: its folder, .mcap or .db3 file."),
        argument("rate", "1.0", "How fast: 2 plays twice as fast."),
    )

    def settings(values):
        return graph_settings(values, source=BAG, bag={"bag": values["bag"], "rate": float(values["rate"])})

    return describe(settings, own_arguments=own, use_sim_time="true")
