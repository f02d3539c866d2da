"""Aligns each finished trial with its target model and finds its keyframes."""

from __future__ import annotations

from typing import Any

from sport_coach.msg import Keyframes, TrialMotion

from sport_nodes import topics
from sport_nodes.keyframes.align import align
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.target_choice import TargetChoice


class KeyframeNode(SportNode):
    """/motion/trial to /keyframes."""

    def __init__(self) -> None:
        super().__init__("keyframe")
        self._targets = TargetChoice(self)

    def configure(self) -> None:
        self._keyframes = self.publisher(Keyframes, topics.KEYFRAMES, qos.RESULT)

    def activate(self) -> None:
        target = self._targets.load()
        align(target.motion, target)  # compiles what the first trial would wait for
        self.subscribe(TrialMotion, topics.MOTION_TRIAL, self._on_trial, qos.RESULT)

    def _on_trial(self, message: Any) -> None:
        motion = conversions.trial_from_message(message)
        alignment = align(motion, self._targets.for_motion(message.action, motion))
        self._keyframes.publish(conversions.alignment_to_message(alignment, header=message.header, trial=message.trial))


def main() -> None:
    run_node(KeyframeNode)


if __name__ == "__main__":
    main()
