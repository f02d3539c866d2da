"""Diagnoses each trial once its keyframes are known."""

from __future__ import annotations

from typing import Any

from sport_coach.msg import Diagnosis, Keyframes, TrialMotion

from sport_nodes import topics
from sport_nodes.diagnosis.calibration import load_calibration
from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.target_choice import TargetChoice
from sport_nodes.nodes.trial_parts import TrialParts


class DiagnosisNode(SportNode):
    """/motion/trial and /keyframes to /diagnosis."""

    def __init__(self) -> None:
        super().__init__("diagnosis")
        self._targets = TargetChoice(self)

    def configure(self) -> None:
        self._diagnosis = self.publisher(Diagnosis, topics.DIAGNOSIS, qos.RESULT)

    def activate(self) -> None:
        self._targets.load()
        parts = TrialParts(("motion", "keyframes"), self._diagnose)
        self.subscribe(TrialMotion, topics.MOTION_TRIAL, parts.taker("motion"), qos.RESULT)
        self.subscribe(Keyframes, topics.KEYFRAMES, parts.taker("keyframes"), qos.RESULT)

    def _diagnose(self, trial: str, parts: dict[str, Any]) -> None:
        message = parts["motion"]
        motion = conversions.trial_from_message(message)
        alignment = conversions.alignment_from_message(parts["keyframes"])
        target = self._targets.for_motion(message.action, motion)
        calibration = load_calibration(message.action)
        found = diagnose(motion, alignment, message.action, target, calibration)
        self._diagnosis.publish(conversions.diagnosis_to_message(found, header=message.header, trial=trial))


def main() -> None:
    run_node(DiagnosisNode)


if __name__ == "__main__":
    main()
