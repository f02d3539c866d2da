"""`sport demo` and `sport replay`: one trial through the whole graph, told on the terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sport_nodes import topics
from sport_nodes.actions import load_action
from sport_nodes.errors import InputError
from sport_nodes.graph import BAG, LAB, GraphSettings, nodes_of
from sport_nodes.replayed import TrialResult, difference, recorded_result
from sport_nodes.show import TrialShow
from sport_nodes.up import POLL_S, Supervisor, free_domain, localhost_only

#: What the demo's athlete does wrong, where the command line does not say.
DEMO_FAULTS: Final = {"standing_long_jump": ("weak_arm_swing",)}
#: The whole of a demo takes less; what takes longer has failed [s].
NODES_WITHIN_S: Final = 60.0
TRIAL_WITHIN_S: Final = 90.0
RESULTS_WITHIN_S: Final = 30.0
#: So many of the nodes' last lines are shown when it fails.
LOG_TAIL: Final = 60
OK: Final = 0
FAILED: Final = 1
#: Words of a node that the terminal shows.
SHOWN_LOGS: Final = ("[WARN]", "[ERROR]", "[FATAL]", "Traceback")


def run_demo(*, action: str, seed: int, faults: Sequence[str] | None, language: str, output: Path) -> int:
    """The simulated lab plays one trial through the whole graph; returns the exit status.

    Raises InputError for an unknown action or fault.
    """
    chosen = faults_of(action, faults)
    settings = GraphSettings(
        action=action,
        source=LAB,
        record=True,
        language=language,
        store=str(output.resolve()),
        lab={"seed": seed, "faults": list(chosen)},
    )
    with_faults = f" with {', '.join(chosen)}" if chosen else ""
    return _Run(settings).run(f"simulated {load_action(action).label}{with_faults}, seed {seed}")


def faults_of(action: str, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The athlete's faults in a demo: the wanted ones, where nobody says the action's own.

    Raises InputError for an unknown action or fault.
    """
    from sport_nodes.lab.simulate import fault_names

    known = fault_names(action)
    chosen = tuple(wanted) if wanted is not None else DEMO_FAULTS.get(action, known[:1])
    unknown = [fault for fault in chosen if fault not in known]
    if unknown:
        raise InputError(f"there is no fault '{unknown[0]}' of {action}; known are {', '.join(known)}")
    return chosen


def action_of(bag: Path) -> str:
    """The action that a bag holds. Raises InputError when it cannot be read or does not say."""
    from sport_nodes.io.bag import read_recording

    action = read_recording(bag).action
    if not action:
        raise InputError(f"{bag} does not say which action it holds: it has neither a finished trial nor the truth")
    return action


def run_replay(bag: Path, *, rig: str, output: Path, rate: float) -> int:
    """A recorded trial through the whole graph again, and how far it is from the recorded results; the exit status.

    rate: of time, 0 for as fast as the graph follows. Raises InputError when the bag cannot be read or does not say
    which action it holds.
    """
    action, recorded = action_of(bag), recorded_result(bag)
    settings = GraphSettings(
        action=action,
        rig=rig,
        source=BAG,
        store=str(output.resolve()),
        use_sim_time=True,
        bag={"bag": str(bag.resolve()), "rate": rate},
    )
    return _Run(settings, recorded).run(f"{load_action(action).label} from {bag}")


class _Run:
    """Runs a graph for one trial and says what happens."""

    def __init__(self, settings: GraphSettings, recorded: TrialResult | None = None) -> None:
        self._settings = settings
        self._recorded = recorded
        self._nodes = nodes_of(settings)
        self._began_s = time.monotonic()
        self._logs: list[str] = []
        self._show = TrialShow(self._say, recorded=settings.record, simulated=settings.source == LAB)

    def run(self, title: str) -> int:
        os.environ.update(localhost_only())
        os.environ["ROS_DOMAIN_ID"] = str(free_domain())
        from sport_nodes.nodes.watch import GraphWatch

        self._say(title)
        self._say(f"starting {len(self._nodes)} nodes, ROS domain {os.environ['ROS_DOMAIN_ID']}, this machine only")
        with Supervisor(self._nodes, listener=self._log) as supervisor, GraphWatch(self._show.hear) as watch:
            self._supervisor, self._watch = supervisor, watch
            try:
                self._play()
            except TimeoutError as error:
                self._say(str(error))
                print("\n".join(self._logs[-LOG_TAIL:]), file=sys.stderr)
                return FAILED
            print("\n" + "\n".join(self._show.results(watch)))
            if self._recorded is not None:
                print(f"Recorded    {difference(self._recorded, self._show.result(watch))}")
        self._say("all nodes stopped")
        return OK

    def _play(self) -> None:
        names = {node.name for node in self._nodes}
        self._until(
            lambda: names <= self._watch.active, NODES_WITHIN_S, lambda: f"not active: {names - self._watch.active}"
        )
        self._say(f"all {len(names)} nodes are active")
        self._until(lambda: self._show.ended is not None, TRIAL_WITHIN_S, self._no_end)
        self._until(
            lambda: not self._show.missing(self._watch),
            RESULTS_WITHIN_S,
            lambda: f"missing: {self._show.missing(self._watch)}",
        )

    def _until(self, done: Callable[[], bool], within_s: float, complaint: Callable[[], str]) -> None:
        end_s = time.monotonic() + within_s
        while not done():
            if time.monotonic() > end_s:
                raise TimeoutError(f"gave up after {within_s:.0f} s; {complaint()}")
            self._supervisor.poll()
            self._watch.spin(POLL_S)

    def _no_end(self) -> str:
        state = self._watch.last.get(topics.TRIAL_STATE)
        return f"no trial came to an end{f' ({state.reason})' if state is not None and state.reason else ''}"

    def _say(self, words: str) -> None:
        print(f"[{time.monotonic() - self._began_s:5.1f} s] {words}", flush=True)

    def _log(self, node: str, line: str) -> None:
        self._logs.append(f"[{node}] {line}")
        if any(word in line for word in SHOWN_LOGS):
            self._say(f"[{node}] {line}")
