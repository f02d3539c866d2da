"""Aligns each finished trial with its target model and finds its keyframes; tells them already while it runs."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from sport_coach.msg import Keyframes, Skeleton3D, Trial, TrialMotion

from sport_nodes import topics
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.live import LiveKeyframes
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.target_choice import TargetChoice

#: Live frames kept from before a trial's onset was known: about 1 s at 30 Hz.
BEFORE_ONSET: Final = 30


class KeyframeNode(SportNode):
    """/motion/trial to /keyframes; /motion/skeleton of a running trial to /keyframes/live."""

    def __init__(self) -> None:
        super().__init__("keyframe")
        self._targets = TargetChoice(self)
        self.parameter("live", True, "Tell keyframes on /keyframes/live while the trial runs.")

    def configure(self) -> None:
        self._keyframes = self.publisher(Keyframes, topics.KEYFRAMES, qos.RESULT)
        self._told = self.publisher(Keyframes, topics.KEYFRAMES_LIVE, qos.STREAM)

    def activate(self) -> None:
        target = self._targets.load()
        align(target.motion, target)  # compiles what the first trial would wait for
        self._recent: deque[Any] = deque(maxlen=BEFORE_ONSET)
        self._running: Any = None
        self._live: LiveKeyframes | None = None
        self.subscribe(TrialMotion, topics.MOTION_TRIAL, self._on_trial, qos.RESULT)
        if self.value("live"):
            self.subscribe(Trial, topics.TRIAL_STATE, self._on_state, qos.RESULT)
            self.subscribe(Skeleton3D, topics.MOTION_SKELETON, self._on_skeleton, qos.STREAM)

    def _on_trial(self, message: Any) -> None:
        motion = conversions.trial_from_message(message)
        alignment = align(motion, self._targets.for_motion(message.action, motion))
        self._keyframes.publish(conversions.alignment_to_message(alignment, header=message.header, trial=message.trial))

    def _on_state(self, message: Any) -> None:
        self._running, self._live = message, None
        if message.state == Trial.RUNNING and self._recent:
            target = self._targets.for_motion(message.action, self._recent[-1])
            self._live = LiveKeyframes(target)
            for motion in self._recent:
                self._follow(motion)

    def _on_skeleton(self, message: Any) -> None:
        motion = conversions.skeleton_from_message(message)
        self._recent.append(motion)
        self._follow(motion)

    def _follow(self, motion: Any) -> None:
        if self._live is None:
            return
        found = self._live.push(float(motion.times_s[0]) - self._running.begin_s, motion.positions_m[0])
        if found:
            header = conversions.make_header(self._running.begin_s, topics.WORLD_FRAME)
            message = conversions.alignment_to_message(self._live.so_far(found), header=header, trial=self._running.id)
            self._told.publish(message)


def main() -> None:
    run_node(KeyframeNode)


if __name__ == "__main__":
    main()
