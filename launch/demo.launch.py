"""The simulated lab in place of the sensors, and the whole graph behind it; plays one trial."""

from launch import LaunchDescription
from sport_nodes.graph import LAB
from sport_nodes.launching import argument, describe, graph_settings


def generate_launch_description() -> LaunchDescription:
    own = (
        argument("seed", "7", "Of the simulated athlete and the sensors' noise."),
        argument("faults", "", "Technical faults of the athlete, separated by commas; empty for none."),
        argument("scenario", "default", "What goes wrong with the sensors."),
        argument("trials", "1", "How many trials to play; 0 for no end."),
    )

    def settings(values):
        lab = {
            "seed": int(values["seed"]),
            "faults": [name for name in values["faults"].split(",") if name],
            "scenario": values["scenario"],
            "trials": int(values["trials"]),
        }
        return graph_settings(values, source=LAB, lab=lab)

    return describe(settings, own_arguments=own, record="true")
