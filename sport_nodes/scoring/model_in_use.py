"""The model that scores and, until the new one has proven itself, the one before it."""

from __future__ import annotations

import math
from typing import Protocol

from sport_nodes.errors import InputError
from sport_nodes.motion import Motion
from sport_nodes.scoring.backends import REFUSALS
from sport_nodes.scoring.scores import Importance, StageScores


class Model(Protocol):
    """What scores: `scorer.Scorer`, or one with a teacher's standard on top."""

    @property
    def identity(self) -> str: ...

    @property
    def actions(self) -> tuple[str, ...]: ...

    def score(self, motion: Motion, action: str, *, unfinished: bool = False) -> StageScores: ...

    def importance(self, motion: Motion, action: str) -> Importance | None: ...


class ModelInUse:
    """Scores with the newest model that was found sound. Only whole, checked models are ever handed to it.

    reverted: why the model before the last swap is in use again, "" where it is not.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._before: Model | None = None
        self.reverted = ""

    @property
    def model(self) -> Model:
        return self._model

    def swap(self, model: Model) -> None:
        """Score with this from the next trial on. Raises InputError when it knows fewer movements than the present."""
        lost = set(self._model.actions) - set(model.actions)
        if lost:
            raise InputError(
                f"model {model.identity} does not know {', '.join(sorted(lost))}; {self._model.identity} stays in use"
            )
        self._before, self._model, self.reverted = self._model, model, ""

    def score(self, motion: Motion, action: str) -> StageScores:
        """One trial's score; the first trial that the new model cannot score goes back, for good, to the one before."""
        before = self._before
        if before is None:
            return self._model.score(motion, action)
        try:
            scores = self._model.score(motion, action)
            objection = _objection(scores)
        except REFUSALS as error:
            objection = repr(error)
        if objection:
            self.reverted = f"{self._model.identity} failed in its first trial ({objection}): back to {before.identity}"
            self._model, self._before = before, None
            return before.score(motion, action)
        if not scores.withheld:
            self._before = None
        return scores


def _objection(scores: StageScores) -> str:
    """Why these cannot be scores; withheld ones are none, for a reason that is the trial's."""
    if scores.withheld:
        return ""
    marks = [scores.value, scores.low, scores.high, *(stage.score for stage in scores.stages)]
    return "" if all(math.isfinite(mark) for mark in marks) else "it gives no finite marks"
