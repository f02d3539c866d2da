"""`sport demo` and `sport replay`: one trial through the whole graph, told on the terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from sport_nodes import topics
from sport_nodes.actions import load_action
from sport_nodes.errors import InputError
from sport_nodes.graph import BAG, LAB, GraphSettings, nodes_of
from sport_nodes.motion import Motion
from sport_nodes.report.labels import why_nothing_to_improve
from sport_nodes.up import POLL_S, Supervisor, free_domain, localhost_only

#: What the demo's athlete does wrong, where the command line does not say.
DEMO_FAULTS: Final = {"standing_long_jump": ("weak_arm_swing",)}
#: The whole of a demo takes less; what takes longer has failed [s].
NODES_WITHIN_S: Final = 60.0
TRIAL_WITHIN_S: Final = 90.0
RESULTS_WITHIN_S: Final = 30.0
#: The body stands still when no joint moves faster [m/s].
STILL_M_S: Final = 0.15
#: So many of the nodes' last lines are shown when it fails.
LOG_TAIL: Final = 60
OK: Final = 0
FAILED: Final = 1
#: The running score is told this often [s].
LIVE_EVERY_S: Final = 0.5
#: Words of a node that the terminal shows.
SHOWN_LOGS: Final = ("[WARN]", "[ERROR]", "[FATAL]", "Traceback")

#: What makes a trial's results complete.
RESULTS: Final = (topics.SCORE_TRIAL, topics.KEYFRAMES, topics.DIAGNOSIS, topics.COACH_REPORT, topics.REPORT_PATH)


def run_demo(*, action: str, seed: int, faults: Sequence[str] | None, language: str, output: Path) -> int:
    """The simulated lab plays one trial through the whole graph; returns the exit status.

    Raises InputError for an unknown action or fault.
    """
    from sport_nodes.lab.simulate import fault_names

    known = fault_names(action)
    chosen = tuple(faults) if faults is not None else DEMO_FAULTS.get(action, known[:1])
    unknown = [fault for fault in chosen if fault not in known]
    if unknown:
        raise InputError(f"there is no fault '{unknown[0]}' of {action}; known are {', '.join(known)}")
    settings = GraphSettings(
        action=action,
        source=LAB,
        record=True,
        language=language,
        store=str(output.resolve()),
        lab={"seed": seed, "faults": list(chosen)},
    )
    with_faults = f" with {', '.join(chosen)}" if chosen else ""
    return _Show(settings).run(f"simulated {load_action(action).label}{with_faults}, seed {seed}")


def run_replay(bag: Path, *, rig: str, output: Path) -> int:
    """A recorded trial through the whole graph again; returns the exit status.

    Raises InputError when the bag cannot be read or does not say which action it holds.
    """
    from sport_nodes.io.bag import read_recording

    action = read_recording(bag).action
    if not action:
        raise InputError(f"{bag} does not say which action it holds: it has neither a finished trial nor the truth")
    settings = GraphSettings(
        action=action,
        rig=rig,
        source=BAG,
        store=str(output.resolve()),
        use_sim_time=True,
        bag={"bag": str(bag.resolve())},
    )
    return _Show(settings).run(f"{load_action(action).label} from {bag}")


class _Show:
    """Runs a graph for one trial and says what happens."""

    def __init__(self, settings: GraphSettings) -> None:
        self._settings = settings
        self._nodes = nodes_of(settings)
        self._began_s = time.monotonic()
        self._live_told_s = self._began_s
        self._logs: list[str] = []

    def run(self, title: str) -> int:
        os.environ.update(localhost_only())
        os.environ["ROS_DOMAIN_ID"] = str(free_domain())
        from sport_nodes.nodes.watch import GraphWatch

        self._say(title)
        self._say(f"starting {len(self._nodes)} nodes, ROS domain {os.environ['ROS_DOMAIN_ID']}, this machine only")
        with Supervisor(self._nodes, listener=self._log) as supervisor, GraphWatch(self._hear) as watch:
            self._supervisor, self._watch = supervisor, watch
            try:
                self._play()
            except TimeoutError as error:
                self._say(str(error))
                print("\n".join(self._logs[-LOG_TAIL:]), file=sys.stderr)
                return FAILED
            self._print_results()
        self._say("all nodes stopped")
        return OK

    def _play(self) -> None:
        names = {node.name for node in self._nodes}
        self._until(
            lambda: names <= self._watch.active, NODES_WITHIN_S, lambda: f"not active: {names - self._watch.active}"
        )
        self._say(f"all {len(names)} nodes are active")
        self._until(self._trial_ended, TRIAL_WITHIN_S, self._no_end)
        wanted = set(RESULTS) | ({topics.RECORD_PATH} if self._settings.record else set())
        self._until(
            lambda: wanted <= self._watch.last.keys(),
            RESULTS_WITHIN_S,
            lambda: f"missing: {wanted - self._watch.last.keys()}",
        )
        if self._settings.source == LAB:
            self._until(lambda: topics.GROUND_TRUTH_TRIAL in self._watch.last, RESULTS_WITHIN_S, lambda: "no truth")

    def _until(self, done: Any, within_s: float, complaint: Any) -> None:
        end_s = time.monotonic() + within_s
        while not done():
            if time.monotonic() > end_s:
                raise TimeoutError(f"gave up after {within_s:.0f} s; {complaint()}")
            self._supervisor.poll()
            self._watch.spin(POLL_S)

    def _trial_ended(self) -> bool:
        from sport_coach.msg import Trial

        # A rejected one (a twitch before the movement) is told, and the next awaited.
        state = self._watch.last.get(topics.TRIAL_STATE)
        return state is not None and state.state == Trial.FINISHED

    def _no_end(self) -> str:
        state = self._watch.last.get(topics.TRIAL_STATE)
        return f"no trial came to an end{f' ({state.reason})' if state is not None and state.reason else ''}"

    def _hear(self, topic: str, message: Any) -> None:
        from sport_coach.msg import Trial

        if topic == topics.TRIAL_STATE:
            words = {Trial.RUNNING: "began", Trial.FINISHED: "finished", Trial.REJECTED: "rejected"}.get(message.state)
            if words:
                self._say(f"trial {message.id} {words}")
        elif topic == topics.SCORE_LIVE and not message.withheld:
            if time.monotonic() - self._live_told_s >= LIVE_EVERY_S:
                self._live_told_s = time.monotonic()
                self._say(f"live score {message.value:.0f}")
        elif topic in RESULTS:
            self._say(f"{topic} is in")

    def _say(self, words: str) -> None:
        print(f"[{time.monotonic() - self._began_s:5.1f} s] {words}", flush=True)

    def _log(self, node: str, line: str) -> None:
        self._logs.append(f"[{node}] {line}")
        if any(word in line for word in SHOWN_LOGS):
            self._say(f"[{node}] {line}")

    def _print_results(self) -> None:
        from sport_nodes.nodes import conversions

        last, action = self._watch.last, load_action(self._settings.action)
        scores, coaching = last[topics.SCORE_TRIAL], last[topics.COACH_REPORT]
        print()
        if scores.withheld:
            print(f"Score       withheld: {scores.withheld}")
        else:
            print(f"Score       {scores.value:.0f} of 100 ({scores.low:.0f} to {scores.high:.0f}), {scores.grade}")
            labels = {stage.name: stage.label for stage in action.stages}
            stages = [
                f"{labels.get(s.name, s.name)} {s.score:.0f} ({s.low:.0f} to {s.high:.0f})" for s in scores.stages
            ]
            print(f"Stages      {', '.join(stages)}")
        labels = {keyframe.name: keyframe.label for keyframe in action.keyframes}
        keyframes = [f"{labels.get(k.name, k.name)} {k.time_s:.2f} s" for k in last[topics.KEYFRAMES].keyframes]
        print(f"Keyframes   {', '.join(keyframes) or last[topics.KEYFRAMES].reason}")
        for number, improvement in enumerate(coaching.improvements, 1):
            print(f"{'To improve' if number == 1 else '':<11} {number}. {improvement.title}: {improvement.cue}")
        if not coaching.improvements:
            diagnosis = conversions.diagnosis_from_message(last[topics.DIAGNOSIS])
            print(f"To improve  {why_nothing_to_improve(diagnosis, 'en')}")
        print(f"Report      {last[topics.REPORT_PATH].data}")
        if topics.RECORD_PATH in last:
            print(f"Bag         {last[topics.RECORD_PATH].data}")
        print(f"Timing      {self._timing()}")

    def _timing(self) -> str:
        """How long the results took, from the truth's stillness on."""
        heard = self._watch.heard_s
        end_s = heard[topics.TRIAL_STATE]
        words = [
            f"score {1e3 * (heard[topics.SCORE_TRIAL] - end_s):.0f} ms and report "
            f"{heard[topics.REPORT_PATH] - end_s:.2f} s after the declared end"
        ]
        if self._settings.source == LAB:
            from sport_nodes.nodes import conversions

            truth = self._watch.last[topics.GROUND_TRUTH_TRIAL]
            still_s = conversions.from_stamp(truth.header.stamp) + still_from_s(conversions.trial_from_message(truth))
            words.insert(0, f"end declared {end_s - still_s:.2f} s after the athlete stood still")
        return "; ".join(words)


def still_from_s(motion: Motion) -> float:
    """When the last joint came to rest, in the motion's own seconds."""
    speed = np.linalg.norm(np.diff(motion.positions_m, axis=0), axis=2) / np.diff(motion.times_s)[:, None]
    moving = np.flatnonzero(np.nanmax(speed, axis=1) > STILL_M_S)
    return float(motion.times_s[moving[-1] + 1]) if len(moving) else float(motion.times_s[0])
