"""Scores each finished trial, and the running one as far as it has come."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from sport_coach.msg import Skeleton3D, StageScores, Trial, TrialMotion
from sport_coach.srv import ReloadScorer

from sport_nodes import topics
from sport_nodes.errors import InputError
from sport_nodes.motion import Motion
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.scoring.scorer import Scorer


class ScorerNode(SportNode):
    """/motion/trial to /score/trial; /motion/skeleton to /score/live while a trial runs."""

    def __init__(self) -> None:
        super().__init__("scorer")
        self.parameter("model", "", "Path of the scorer's ONNX file; empty for the one that ships.")
        self.parameter("live_rate_hz", 2.0, "Live scores a second while a trial runs, 0 to 10; 0 for none.")
        self.parameter("live_window_s", 6.0, "A live score looks back this far [s].")
        self.parameter("live_minimum_s", 1.0, "A live score needs this much of the trial [s].")

    def configure(self) -> None:
        rate_hz = self.value("live_rate_hz")
        if not 0.0 <= rate_hz <= 10.0:
            raise InputError(f"live_rate_hz is {rate_hz}, expected 0 to 10")
        self._scores = self.publisher(StageScores, topics.SCORE_TRIAL, qos.RESULT)
        self._live = self.publisher(StageScores, topics.SCORE_LIVE, qos.STREAM)

    def activate(self) -> None:
        self._load(self.value("model"))
        self._trial: Any = None
        self._recent: deque[Motion] = deque()
        self.subscribe(Trial, topics.TRIAL_STATE, self._on_state, qos.RESULT)
        self.subscribe(TrialMotion, topics.MOTION_TRIAL, self._on_trial, qos.RESULT)
        self.service(ReloadScorer, topics.SERVICE_SCORER_RELOAD, self._on_reload)
        if self.value("live_rate_hz") > 0.0:
            self.subscribe(Skeleton3D, topics.MOTION_SKELETON, self._on_skeleton, qos.STREAM)
            self.every(1.0 / self.value("live_rate_hz"), self._score_live)

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
        self._trial = message if message.state == Trial.RUNNING else None
        self._recent.clear()

    def _on_skeleton(self, message: Any) -> None:
        if self._trial is None:
            return
        self._recent.append(conversions.skeleton_from_message(message))
        while self._recent[-1].times_s[0] - self._recent[0].times_s[0] > self.value("live_window_s"):
            self._recent.popleft()

    def _score_live(self) -> None:
        if self._trial is None or not self._recent:
            return
        begin_s = float(self._recent[0].times_s[0])
        if self._recent[-1].times_s[0] - begin_s < self.value("live_minimum_s"):
            return
        frames = [(m.times_s - begin_s, m.positions_m, m.confidence, m.provenance, m.sigma_m) for m in self._recent]
        motion = Motion(*(np.concatenate(column) for column in zip(*frames, strict=True)))
        scores = self._scorer.score(motion, self._trial.action)
        header = conversions.make_header(begin_s, topics.WORLD_FRAME)
        self._live.publish(conversions.scores_to_message(scores, header=header, trial=self._trial.id))

    def _on_reload(self, request: Any, response: Any) -> None:
        response.model = self._scorer.identity
        self._load(request.model or self.value("model"))
        response.accepted, response.model = True, self._scorer.identity
        response.message = f"now scoring with {self._scorer.identity}"


def main() -> None:
    run_node(ScorerNode)


if __name__ == "__main__":
    main()
