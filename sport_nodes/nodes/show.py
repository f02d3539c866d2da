"""For launch files: says on the terminal what the graph does with a player's trials, and ends after the last."""

from __future__ import annotations

import sys
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.executors import ExternalShutdownException

from sport_nodes.nodes.watch import GraphWatch
from sport_nodes.show import TrialShow

#: How long messages are waited for between two looks at the results [s].
POLL_S = 0.1


def main() -> None:
    """Show trials until `trials` of them were shown, or a signal comes."""
    shows: list[TrialShow] = []

    def hear(topic: str, message: Any) -> None:
        if shows:
            shows[0].hear(topic, message)

    try:
        with GraphWatch(hear, arguments=sys.argv) as watch:
            trials = _parameter(watch, "trials", 1, "Ends after so many trials; 0 for no end.")
            recorded = _parameter(watch, "recorded", False, "Trials are recorded: their bags belong to the results.")
            simulated = _parameter(watch, "simulated", False, "The simulated lab plays and tells the truth.")
            show = TrialShow(lambda words: print(words, flush=True), recorded=recorded, simulated=simulated)
            shows.append(show)
            shown: list[str] = []
            while len(shown) < trials or not trials:
                watch.spin(POLL_S)
                if show.ended is not None and show.ended.id not in shown and not show.missing(watch):
                    shown.append(show.ended.id)
                    print("\n" + "\n".join(show.results(watch)), flush=True)
    except (KeyboardInterrupt, ExternalShutdownException):
        return


def _parameter(watch: GraphWatch, name: str, default: Any, description: str) -> Any:
    return watch.node.declare_parameter(name, default, ParameterDescriptor(description=description)).value


if __name__ == "__main__":
    main()
