"""Puts each trial's diagnosis into words, without holding up the executor."""

from __future__ import annotations

import logging
from typing import Any

from sport_coach.msg import CoachReport, Diagnosis, Keyframes, StageScores
from std_msgs.msg import String

from sport_nodes import topics
from sport_nodes.coaching.coach import coach
from sport_nodes.coaching.embedding import MiniLM
from sport_nodes.coaching.facts import find_shipped
from sport_nodes.coaching.hybrid import HybridIndex, finder, open_index
from sport_nodes.coaching.language_model import DEFAULT_MODEL, LanguageModel
from sport_nodes.coaching.template import SOURCE as TEMPLATE
from sport_nodes.errors import InputError
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.background import Background
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.trial_parts import TrialParts

#: What a new trial does while the model still words the last one.
SUPERSEDES, QUEUES = "supersedes", "queues"


class CoachNode(SportNode):
    """/score/trial, /keyframes and /diagnosis to /coach/report, and its text as it comes on /coach/stream."""

    def __init__(self) -> None:
        super().__init__("coach")
        logging.getLogger("sport_nodes.coaching").setLevel(
            logging.INFO
        )  # that there is no language model is no warning
        self.parameter("language", "en", "Language of the coach's words: en or zh.")
        self.parameter("language_model", DEFAULT_MODEL, "Ollama model that words the report anew; empty for none.")
        self.parameter("language_model_host", "", "Ollama's address; empty for OLLAMA_HOST, else this machine's.")
        self.parameter(
            "language_model_may_be_remote", False, "Let results of athletes go to a language model on another machine."
        )
        self.parameter("language_model_temperature", 0.2, "Of the language model: 0 always says the same.")
        self.parameter("language_model_within_s", 20.0, "The template's words stay when the model takes longer [s].")
        self.parameter(
            "knowledge",
            "",
            "Folder or Qdrant URL that `sport knowledge add` filled; empty for the shipped entries alone.",
        )
        self.parameter(
            "new_trial", SUPERSEDES, f"Whether a new trial {SUPERSEDES} or {QUEUES} behind what the model still words."
        )

    def configure(self) -> None:
        if self.value("new_trial") not in (SUPERSEDES, QUEUES):
            raise InputError(f"new_trial is '{self.value('new_trial')}', expected '{SUPERSEDES}' or '{QUEUES}'")
        self._report = self.publisher(CoachReport, topics.COACH_REPORT, qos.RESULT)
        self._stream = self.publisher(String, topics.COACH_STREAM, qos.STREAM)

    def activate(self) -> None:
        self._model = self._language_model()
        self._index = self._knowledge()
        self._find = finder(self._index) if self._index else find_shipped
        # Two workers: the next trial's template does not wait for the model's words about the last one.
        self._template_work, self._model_work = Background(self, "coaching"), Background(self, "coaching by model")
        self._newest = ("", 0)  # of the jobs: trial and number
        parts = TrialParts(("scores", "keyframes", "diagnosis"), self._coach)
        self.subscribe(StageScores, topics.SCORE_TRIAL, parts.taker("scores"), qos.RESULT)
        self.subscribe(Keyframes, topics.KEYFRAMES, parts.taker("keyframes"), qos.RESULT)
        self.subscribe(Diagnosis, topics.DIAGNOSIS, parts.taker("diagnosis"), qos.RESULT)

    def deactivate(self) -> None:
        self._newest = ("", self._newest[1] + 1)  # the model's answer is not waited for
        self._template_work.close()
        self._model_work.close()
        if self._index:
            self._index.close()

    def _knowledge(self) -> HybridIndex | None:
        where = self.value("knowledge")
        return open_index(where, MiniLM(), progress=self.get_logger().info) if where else None

    def _language_model(self) -> LanguageModel | None:
        if not self.value("language_model"):
            return None
        model = LanguageModel(
            self.value("language_model"),
            host=self.value("language_model_host") or None,
            temperature=self.value("language_model_temperature"),
            time_limit_s=self.value("language_model_within_s"),
            allow_remote=self.value("language_model_may_be_remote"),
        )
        model.base_url()  # an address that is not allowed shows now, not after the first trial
        return model

    def _coach(self, trial: str, parts: dict[str, Any]) -> None:
        diagnosis = conversions.diagnosis_from_message(parts["diagnosis"])
        scores = conversions.scores_from_message(parts["scores"])
        alignment = conversions.alignment_from_message(parts["keyframes"])
        language, header = self.value("language"), parts["diagnosis"].header
        self._newest = job = (trial, self._newest[1] + 1)
        queues = self.value("new_trial") == QUEUES
        said: list[str] = []

        def cancelled() -> bool:
            newest = self._newest
            # The same trial's results came anew: what the model says about the old ones is of no use in any case.
            return newest != job and not (queues and newest[0] not in ("", trial))

        def stream(text: str) -> None:
            # Where the language model fails, the template's words come a second time.
            if text.strip() not in said:
                said.append(text.strip())
                self._template_work.soon(lambda: self._stream.publish(String(data=text)))

        def work(model: LanguageModel | None) -> Any:
            return coach(
                action=diagnosis.action,
                diagnosis=diagnosis,
                scores=scores,
                alignment=alignment,
                language=language,
                model=model,
                knowledge=self._find,
                on_text=stream,
                cancelled=cancelled,
            )

        def publish(report: Any) -> None:
            self.health.figure("words by", report.source)
            self._report.publish(conversions.coaching_to_message(report, header=header, trial=trial))

        def publish_if_new(report: Any) -> None:
            if report.source != TEMPLATE:
                publish(report)

        # The template's words are there at once; a language model's replace them when they have come and were checked.
        self._template_work.submit(lambda: work(None), publish)
        if self._model is not None:
            self._model_work.submit(lambda: work(self._model), publish_if_new)


def main() -> None:
    run_node(CoachNode)


if __name__ == "__main__":
    main()
