"""Scores each finished trial, and the running one as far as it has come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sport_coach.msg import Skeleton3D, StageScores, Trial, TrialMotion
from sport_coach.srv import ReloadScorer

from sport_nodes import topics
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.scoring.live import LiveScorer
from sport_nodes.scoring.scorer import Scorer


class ScorerNode(SportNode):
    """/motion/trial to /score/trial; /motion/skeleton to /score/live while a trial runs."""

    def __init__(self) -> None:
        super().__init__("scorer")
        self.parameter("model", "", "Path of the scorer's ONNX file; empty for the one that ships.")
        self.parameter("live", True, "Score the running trial on /score/live, at most 10 times a second.")

    def configure(self) -> None:
        self._scores = self.publisher(StageScores, topics.SCORE_TRIAL, qos.RESULT)
        self._scores_live = self.publisher(StageScores, topics.SCORE_LIVE, qos.STREAM)

    def activate(self) -> None:
        self._load(self.value("model"))
        self._trial: Any = None
        self._live: LiveScorer | None = None
        self.subscribe(TrialMotion, topics.MOTION_TRIAL, self._on_trial, qos.RESULT)
        self.service(ReloadScorer, topics.SERVICE_SCORER_RELOAD, self._on_reload)
        if self.value("live"):
            self.subscribe(Trial, topics.TRIAL_STATE, self._on_state, qos.RESULT)
            self.subscribe(Skeleton3D, topics.MOTION_SKELETON, self._on_skeleton, qos.STREAM)

    def deactivate(self) -> None:
        del self._scorer

    def _load(self, path: str) -> None:
        self._scorer = Scorer.load(Path(path).expanduser() if path else None)
        self.health.figure("model", self._scorer.identity)

    def _on_trial(self, message: Any) -> None:
        scores = self._scorer.score(conversions.trial_from_message(message), message.action)
        self._scores.publish(conversions.scores_to_message(scores, header=message.header, trial=message.trial))
        self.health.figure("latency_ms", f"{scores.latency_ms:.1f}")

    def _on_state(self, message: Any) -> None:
        running = message.state == Trial.RUNNING
        self._trial = message
        self._live = LiveScorer(self._scorer, message.action) if running else None

    def _on_skeleton(self, message: Any) -> None:
        if self._live is None:
            return
        motion = conversions.skeleton_from_message(message)
        scores = self._live.push(motion.moved(motion.positions_m, motion.times_s - self._trial.begin_s))
        if scores is not None:
            header = conversions.make_header(self._trial.begin_s, topics.WORLD_FRAME)
            self._scores_live.publish(conversions.scores_to_message(scores, header=header, trial=self._trial.id))

    def _on_reload(self, request: Any, response: Any) -> None:
        response.model = self._scorer.identity
        self._load(request.model or self.value("model"))
        response.accepted, response.model = True, self._scorer.identity
        response.message = f"now scoring with {self._scorer.identity}"


def main() -> None:
    run_node(ScorerNode)


if __name__ == "__main__":
    main()
