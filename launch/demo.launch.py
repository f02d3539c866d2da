"""The simulated lab in place of the sensors, and the whole graph behind it; plays one trial."""

from launch import LaunchDescription
from sport_nodes.demo import faults_of
from sport_nodes.graph import LAB
from sport_nodes.launching import argument, describe, graph_settings

#: What `faults` says where nobody says anything.
USUAL = "usual"


def generate_launch_description() -> LaunchDescription:
    own = (
        argument("seed", "7", "Of the simulated athlete and the sensors' noise."),
        argument("faults", USUAL, "Technical faults of the athlete, separated by commas; empty for none."),
        argument("scenario", "default", "What goes wrong with the sensors."),
        argument("trials", "1", "How many trials to play; 0 for no end."),
    )

    def settings(values):
        wanted = None if values["faults"] == USUAL else [name for name in values["faults"].split(",") if name]
        lab = {
            "seed": int(values["seed"]),
            "faults": list(faults_of(values["action"], wanted)),
            "scenario": values["scenario"],
            "trials": int(values["trials"]),
        }
        return graph_settings(values, source=LAB, lab=lab)

    return describe(settings, own_arguments=own, record="true")
