"""What the graph does with a trial, told on a terminal while it happens, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sport_nodes import topics
from sport_nodes.actions import load_action
from sport_nodes.motion import Motion
from sport_nodes.replayed import TrialResult
from sport_nodes.report.labels import why_nothing_to_improve

if TYPE_CHECKING:
    from sport_nodes.nodes.watch import GraphWatch

#: The body stands still when no joint moves faster [m/s].
STILL_M_S: Final = 0.15
#: The running score is told this often [s].
LIVE_EVERY_S: Final = 0.5
#: What makes a trial's results complete.
RESULTS: Final = (topics.SCORE_TRIAL, topics.KEYFRAMES, topics.DIAGNOSIS, topics.COACH_REPORT, topics.REPORT_PATH)


class TrialShow:
    """Hears a graph through a `GraphWatch` (whose listener is `hear`) and says what happens.

    say: takes a line. recorded: the trial's bag belongs to its results; simulated: so does the truth.
    """

    def __init__(self, say: Callable[[str], None], *, recorded: bool, simulated: bool) -> None:
        self._say = say
        self._wanted = {*RESULTS}
        self._wanted |= {topics.RECORD_PATH} if recorded else set()
        self._wanted |= {topics.GROUND_TRUTH_TRIAL} if simulated else set()
        self._simulated = simulated
        self._live_told_s = time.monotonic()
        self.ended: Any = None  # the state of the last trial that finished; a rejected one (a twitch) was none
        self._ended_s = float("nan")

    def hear(self, topic: str, message: Any) -> None:
        """One message of the graph."""
        from sport_coach.msg import Trial

        if topic == topics.TRIAL_STATE:
            words = {Trial.RUNNING: "began", Trial.FINISHED: "finished", Trial.REJECTED: "rejected"}.get(message.state)
            if words:
                reason = f": {message.reason}" if message.state == Trial.REJECTED else ""
                self._say(f"trial {message.id} {words}{reason}")
            if message.state == Trial.FINISHED:
                self.ended, self._ended_s = message, time.time()
        elif topic == topics.SCORE_LIVE and not message.withheld:
            if time.monotonic() - self._live_told_s >= LIVE_EVERY_S:
                self._live_told_s = time.monotonic()
                self._say(f"live score {message.value:.0f}")
        elif topic in RESULTS:
            self._say(f"{topic} is in")

    def missing(self, watch: GraphWatch) -> set[str]:
        """Topics of the ended trial's results that have not come yet; of all while no trial has ended."""
        return {topic for topic in self._wanted if not self._is_of_trial(topic, watch.last.get(topic))}

    def _is_of_trial(self, topic: str, message: Any) -> bool:
        from sport_nodes.nodes import conversions

        if self.ended is None or message is None:
            return False
        if topic in (topics.REPORT_PATH, topics.RECORD_PATH):
            return self.ended.id in Path(message.data).parts
        if topic == topics.GROUND_TRUTH_TRIAL:
            # The lab's own name for it is another; it is of this trial when it ends after this one began.
            return conversions.from_stamp(message.header.stamp) + message.times_s[-1] > self.ended.begin_s
        return bool(message.trial == self.ended.id)

    def results(self, watch: GraphWatch) -> list[str]:
        """The results of the ended trial, in lines for a person; once none is missing."""
        from sport_nodes.nodes import conversions

        last = watch.last
        action = load_action(self.ended.action)
        scores, coaching = last[topics.SCORE_TRIAL], last[topics.COACH_REPORT]
        lines = []
        if scores.withheld:
            lines.append(f"Score       withheld: {scores.withheld}")
        else:
            lines.append(
                f"Score       {scores.value:.0f} of 100 ({scores.low:.0f} to {scores.high:.0f}), {scores.grade}"
            )
            labels = {stage.name: stage.label for stage in action.stages}
            stages = [
                f"{labels.get(s.name, s.name)} {s.score:.0f} ({s.low:.0f} to {s.high:.0f})" for s in scores.stages
            ]
            lines.append(f"Stages      {', '.join(stages)}")
        labels = {keyframe.name: keyframe.label for keyframe in action.keyframes}
        keyframes = [f"{labels.get(k.name, k.name)} {k.time_s:.2f} s" for k in last[topics.KEYFRAMES].keyframes]
        lines.append(f"Keyframes   {', '.join(keyframes) or last[topics.KEYFRAMES].reason}")
        for number, improvement in enumerate(coaching.improvements, 1):
            lines.append(f"{'To improve' if number == 1 else '':<11} {number}. {improvement.title}: {improvement.cue}")
        if not coaching.improvements:
            diagnosis = conversions.diagnosis_from_message(last[topics.DIAGNOSIS])
            lines.append(f"To improve  {why_nothing_to_improve(diagnosis, 'en')}")
        lines.append(f"Report      {last[topics.REPORT_PATH].data}")
        if topics.RECORD_PATH in self._wanted:
            lines.append(f"Bag         {last[topics.RECORD_PATH].data}")
        lines.append(f"Timing      {self._timing(watch)}")
        return lines

    def result(self, watch: GraphWatch) -> TrialResult:
        """The ended trial's motion and score; once none is missing."""
        from sport_nodes.nodes import conversions

        trial, scores = watch.last[topics.MOTION_TRIAL], watch.last[topics.SCORE_TRIAL]
        motion = conversions.trial_from_message(trial)
        motion = motion.moved(motion.positions_m, motion.times_s + conversions.from_stamp(trial.header.stamp))
        return TrialResult(motion, float("nan") if scores.withheld else scores.value, scores.model)

    def _timing(self, watch: GraphWatch) -> str:
        """How long the results took, from the truth's stillness on."""
        heard, end_s = watch.heard_s, self._ended_s
        words = [
            f"score {1e3 * (heard[topics.SCORE_TRIAL] - end_s):.0f} ms and report "
            f"{heard[topics.REPORT_PATH] - end_s:.2f} s after the declared end"
        ]
        if self._simulated:
            from sport_nodes.nodes import conversions

            truth = watch.last[topics.GROUND_TRUTH_TRIAL]
            still_s = conversions.from_stamp(truth.header.stamp) + still_from_s(conversions.trial_from_message(truth))
            words.insert(0, f"end declared {end_s - still_s:.2f} s after the athlete stood still")
        return "; ".join(words)


def still_from_s(motion: Motion) -> float:
    """When the last joint came to rest, in the motion's own seconds."""
    speed = np.linalg.norm(np.diff(motion.positions_m, axis=0), axis=2) / np.diff(motion.times_s)[:, None]
    moving = np.flatnonzero(np.nanmax(speed, axis=1) > STILL_M_S)
    return float(motion.times_s[moving[-1] + 1]) if len(moving) else float(motion.times_s[0])
