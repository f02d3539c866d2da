"""Scores each finished trial, and the running one as far as it has come."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from sport_coach.msg import ScoreImportance, Skeleton3D, StageScores, Trial, TrialMotion
from sport_coach.srv import ReloadScorer

from sport_nodes import topics
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.background import Background
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.nodes.run import run_node
from sport_nodes.scoring.live import LiveScorer
from sport_nodes.scoring.marking import scorer_of
from sport_nodes.scoring.model_in_use import Model, ModelInUse
from sport_nodes.scoring.scores import Importance
from sport_nodes.scoring.teacher import teacher_file

#: How often the scorer looks whether its teacher's standard has learned [s].
STANDARD_CHECK_S: Final = 1.0


class ScorerNode(SportNode):
    """/motion/trial to /score/trial and, a little later, /score/importance; while a trial runs, /motion/skeleton to
    /score/live."""

    def __init__(self) -> None:
        super().__init__("scorer")
        self.parameter("model", "", "Path of the scorer's ONNX file; empty for the one that ships.")
        self.parameter(
            "teacher", "", "Score by this teacher's own standard (a rater's name); empty for the model alone."
        )
        self.parameter(
            "backend",
            "onnxruntime",
            "What runs the network: onnxruntime, or tensorrt on an NVIDIA GPU.",
        )
        self.parameter("live", True, "Score the running trial on /score/live, at most 10 times a second.")

    def configure(self) -> None:
        self._scores = self.publisher(StageScores, topics.SCORE_TRIAL, qos.RESULT)
        self._importance = self.publisher(ScoreImportance, topics.SCORE_IMPORTANCE, qos.RESULT)
        self._scores_live = self.publisher(StageScores, topics.SCORE_LIVE, qos.STREAM)

    def activate(self) -> None:
        self._model, self._teacher = self.value("model"), self.value("teacher")
        self._in_use = ModelInUse(self._loader(self._model, self._teacher)())
        self._seen = self._standard_changed()
        self._work = Background(self, "reload")
        self._explaining = Background(self, "importance")
        self._trial: Any = None
        self._live: LiveScorer | None = None
        self._tell_model()
        self.subscribe(TrialMotion, topics.MOTION_TRIAL, self._on_trial, qos.RESULT)
        self.service(ReloadScorer, topics.SERVICE_SCORER_RELOAD, self._on_reload)
        self.every(STANDARD_CHECK_S, self._take_new_marks)
        if self.value("live"):
            self.subscribe(Trial, topics.TRIAL_STATE, self._on_state, qos.RESULT)
            self.subscribe(Skeleton3D, topics.MOTION_SKELETON, self._on_skeleton, qos.STREAM)

    def deactivate(self) -> None:
        self._work.close()
        self._explaining.close()
        del self._in_use

    @staticmethod
    def _loaded(model: str, teacher: str, backend: str) -> Model:
        return scorer_of(Path(model).expanduser() if model else None, teacher, backend=backend)

    def _loader(self, model: str, teacher: str) -> Callable[[], Model]:
        return partial(self._loaded, model, teacher, self.value("backend"))

    def _standard_changed(self) -> float:
        """When the teacher's standard last changed, 0 where there is none."""
        path = teacher_file(self._teacher) if self._teacher else None
        return path.stat().st_mtime if path is not None and path.is_file() else 0.0

    def _take_new_marks(self) -> None:
        """Use what the teacher's standard has learned since it was read."""
        changed = self._standard_changed()
        if changed != self._seen:
            self._seen = changed
            self._work.submit(self._loader(self._model, self._teacher), self._in_use.swap)

    def _tell_model(self) -> None:
        self.health.figure("model", self._in_use.model.identity)
        self.health.condition("model", WARN if self._in_use.reverted else OK, self._in_use.reverted)

    def _on_trial(self, message: Any) -> None:
        motion = conversions.trial_from_message(message)
        scores = self._in_use.score(motion, message.action)
        self._scores.publish(conversions.scores_to_message(scores, header=message.header, trial=message.trial))
        if not scores.withheld:
            # Nobody waits for it; the score must not.
            explain = partial(self._in_use.model.importance, motion, message.action)
            self._explaining.submit(explain, partial(self._tell_importance, message))
        self.health.figure("latency_ms", f"{scores.latency_ms:.1f}")
        self._tell_model()

    def _tell_importance(self, trial: Any, importance: Importance | None) -> None:
        if importance is not None:
            self._importance.publish(
                conversions.importance_to_message(importance, header=trial.header, trial=trial.trial)
            )

    def _on_state(self, message: Any) -> None:
        running = message.state == Trial.RUNNING
        self._trial = message
        # With one model to its end: a swap meanwhile is for the trials after it.
        self._live = LiveScorer(self._in_use.model, message.action) if running else None

    def _on_skeleton(self, message: Any) -> None:
        if self._live is None:
            return
        motion = conversions.skeleton_from_message(message)
        scores = self._live.push(motion.moved(motion.positions_m, motion.times_s - self._trial.begin_s))
        if scores is not None:
            header = conversions.make_header(self._trial.begin_s, topics.WORLD_FRAME)
            self._scores_live.publish(conversions.scores_to_message(scores, header=header, trial=self._trial.id))

    async def _on_reload(self, request: Any, response: Any) -> None:
        """Load and check aside, then swap at once: no callback ever sees a model that is not whole."""
        response.model = self._in_use.model.identity
        model, teacher = request.model or self.value("model"), self.value("teacher")
        self._in_use.swap(await self._work.result_of(self._loader(model, teacher)))
        self._model, self._teacher = model, teacher
        self._seen = self._standard_changed()
        self._tell_model()
        response.accepted, response.model = True, self._in_use.model.identity
        response.message = f"now scoring with {response.model}"


def main() -> None:
    run_node(ScorerNode)


if __name__ == "__main__":
    main()
