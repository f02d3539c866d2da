"""Puts each trial's diagnosis into words, without holding up the executor."""

from __future__ import annotations

from typing import Any

from sport_coach.msg import CoachReport, Diagnosis, Keyframes, StageScores
from std_msgs.msg import String

from sport_nodes import topics
from sport_nodes.coaching.coach import coach
from sport_nodes.coaching.language_model import DEFAULT_MODEL, LanguageModel
from sport_nodes.coaching.template import SOURCE as TEMPLATE
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
        self.parameter("language_model", DEFAULT_MODEL, "Ollama model that words the report anew; empty for none.")
        self.parameter("language_model_within_s", 20.0, "The template's words stay when the model takes longer [s].")

    def configure(self) -> None:
        self._report = self.publisher(CoachReport, topics.COACH_REPORT, qos.RESULT)
        self._stream = self.publisher(String, topics.COACH_STREAM, qos.STREAM)

    def activate(self) -> None:
        name = self.value("language_model")
        self._model = LanguageModel(name, time_limit_s=self.value("language_model_within_s")) if name else None
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

        said: list[str] = []

        def stream(text: str) -> None:
            # Where the language model fails, the template's words come a second time.
            if text.strip() not in said:
                said.append(text.strip())
                self._work.soon(lambda: self._stream.publish(String(data=text)))

        def work(model: LanguageModel | None) -> Any:
            return coach(
                action=diagnosis.action,
                diagnosis=diagnosis,
                scores=scores,
                alignment=alignment,
                language=language,
                model=model,
                on_text=stream,
            )

        def publish(report: Any) -> None:
            self.health.figure("words by", report.source)
            self._report.publish(conversions.coaching_to_message(report, header=header, trial=trial))

        def publish_if_new(report: Any) -> None:
            if report.source != TEMPLATE:
                publish(report)

        # The template's words are there at once; a language model's replace them when they have come and were checked.
        self._work.submit(lambda: work(None), publish)
        if self._model is not None:
            self._work.submit(lambda: work(self._model), publish_if_new)


def main() -> None:
    run_node(CoachNode)


if __name__ == "__main__":
    main()
