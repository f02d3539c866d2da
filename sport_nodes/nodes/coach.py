"""Puts each trial's diagnosis into words, without holding up the executor."""

from __future__ import annotations

from typing import Any

from sport_coach.msg import CoachReport, Diagnosis, Keyframes, StageScores
from std_msgs.msg import String

from sport_nodes import topics
from sport_nodes.coaching.coach import coach
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.background import Background
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.trial_parts import TrialParts


class CoachNode(SportNode):
    """/score/trial, /keyframes and /diagnosis to /coach/report, and its text as it comes on /coach/stream."""

    def __init__(self) -> None:
        super().__init__("coach")
        self.parameter("language", "en", "Language of the coach's words: en or zh.")

    def configure(self) -> None:
        self._report = self.publisher(CoachReport, topics.COACH_REPORT, qos.RESULT)
        self._stream = self.publisher(String, topics.COACH_STREAM, qos.STREAM)

    def activate(self) -> None:
        self._work = Background(self, "coaching")
        parts = TrialParts(("scores", "keyframes", "diagnosis"), self._coach)
        self.subscribe(StageScores, topics.SCORE_TRIAL, parts.taker("scores"), qos.RESULT)
        self.subscribe(Keyframes, topics.KEYFRAMES, parts.taker("keyframes"), qos.RESULT)
        self.subscribe(Diagnosis, topics.DIAGNOSIS, parts.taker("diagnosis"), qos.RESULT)

    def deactivate(self) -> None:
        self._work.close()

    def _coach(self, trial: str, parts: dict[str, Any]) -> None:
        diagnosis = conversions.diagnosis_from_message(parts["diagnosis"])
        scores = conversions.scores_from_message(parts["scores"])
        alignment = conversions.alignment_from_message(parts["keyframes"])
        language, header = self.value("language"), parts["diagnosis"].header

        def stream(text: str) -> None:
            self._work.soon(lambda: self._stream.publish(String(data=text)))

        self._work.submit(
            lambda: coach(
                action=diagnosis.action,
                diagnosis=diagnosis,
                scores=scores,
                alignment=alignment,
                language=language,
                on_text=stream,
            ),
            lambda report: self._report.publish(conversions.coaching_to_message(report, header=header, trial=trial)),
        )


def main() -> None:
    run_node(CoachNode)


if __name__ == "__main__":
    main()
