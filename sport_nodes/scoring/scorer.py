"""Scores one movement: prepares it, runs the network, and says what the result is worth."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.actions import Action, load_action
from sport_nodes.errors import InputError
from sport_nodes.motion import Motion
from sport_nodes.scoring.backends import REFUSALS, Backend, make_backend
from sport_nodes.scoring.familiarity import Familiarity
from sport_nodes.scoring.features import PreparedMotion, TooLittleError, prepare
from sport_nodes.scoring.golden import TOLERANCE, golden_inputs, largest_difference
from sport_nodes.scoring.importance import shares_of_importance
from sport_nodes.scoring.intervals import LARGEST_UNMEASURED_SHARE, IntervalTable, unmeasured_share
from sport_nodes.scoring.repetitions import split_repetitions
from sport_nodes.scoring.scores import GRADES, Importance, StageScore, StageScores, grade_of
from sport_nodes.scoring.sidecar import Sidecar, read_sidecar, shipped_model
from sport_nodes.skeleton import JOINT_COUNT, JOINTS

Array = NDArray[np.float32]

FULL_MARKS: Final = 100.0
#: A joint that was unmeasured for longer than this share of the movement is named in the warnings.
WARNED_SHARE: Final = 0.5
_MS_PER_S: Final = 1000.0


@dataclass(frozen=True, eq=False)
class Examined:
    """repetitions: those that can be scored. unmeasured: (17,) as PreparedMotion. objection: why not, "" where none."""

    repetitions: list[PreparedMotion]
    unmeasured: NDArray[np.float64]
    objection: str


class Scorer:
    """The network with its sidecar. Of a repeated movement every repetition is scored and the mean given."""

    def __init__(self, backend: Backend, sidecar: Sidecar) -> None:
        self._backend = backend
        self._sidecar = sidecar

    @classmethod
    def load(cls, path: Path | None = None, *, backend: str = "onnxruntime") -> Scorer:
        """Load a model file (the shipped one by default) and check that it computes what it did when it was made.

        Raises InputError when model or sidecar is missing or damaged, or the check fails.
        """
        model = shipped_model() if path is None else Path(path)
        sidecar = read_sidecar(model)
        scorer = cls(make_backend(backend, model), sidecar)
        scorer.check()
        return scorer

    @property
    def identity(self) -> str:
        """Name and short hash of the model."""
        return self._sidecar.identity

    @property
    def actions(self) -> tuple[str, ...]:
        """The movements this model was trained on."""
        return self._sidecar.actions

    @property
    def familiarity(self) -> Familiarity:
        """What the movements it was trained on look like."""
        return self._sidecar.familiarity

    @property
    def intervals(self) -> IntervalTable:
        """How far marks may lie from what the model gives."""
        return self._sidecar.intervals

    @property
    def sha256(self) -> str:
        """Of the model file."""
        return self._sidecar.sha256

    def check(self) -> None:
        """Run the stored fixed input. Raises InputError when the outputs are not the stored ones."""
        try:
            outputs = self._backend.run(golden_inputs(len(self._sidecar.actions)))
            difference = largest_difference(outputs, self._sidecar.golden)
        except (*REFUSALS, KeyError, ValueError) as error:
            raise InputError(
                f"model {self.identity} cannot be checked against its reference ({error}); install or train it again"
            ) from error
        if not difference <= TOLERANCE:
            raise InputError(
                f"model {self.identity} on {self._backend.name} is off its reference by {difference:.3g}, "
                f"allowed is {TOLERANCE}; install the model again or choose another backend"
            )

    def score(self, motion: Motion, action: str, *, unfinished: bool = False) -> StageScores:
        """Score one trial that holds roughly the movement (stillness around it is cropped).

        unfinished: the movement is still going on; whether it is the right one is not asked yet.
        The grade is the one its value lies in; the probabilities are the network's own.
        Bounds of stages of a repeated movement are those of its first repetition.
        """
        if action not in self._sidecar.actions:
            load_action(action)
            known = ", ".join(self._sidecar.actions)
            return self.withheld(motion, action, f"the model was not trained on {action} (known: {known})")
        examined = self.examine(motion, action, unfinished=unfinished)
        if examined.objection:
            return self.withheld(motion, action, examined.objection)
        began = time.perf_counter()
        inputs = self.network_inputs(examined.repetitions, action)
        outputs = self.network_outputs(inputs)
        latency_ms = (time.perf_counter() - began) * _MS_PER_S
        scores = self._result(outputs, examined.repetitions, load_action(action), examined.unmeasured, latency_ms)
        return replace(scores, warnings=("the movement is not finished", *scores.warnings)) if unfinished else scores

    def importance(self, motion: Motion, action: str) -> Importance | None:
        """What the score of a finished trial rests on; None where it is withheld. Some twenty runs of the network."""
        if action not in self._sidecar.actions or (examined := self.examine(motion, action)).objection:
            return None
        inputs = self.network_inputs(examined.repetitions, action)
        joints, frames = shares_of_importance(self.network_outputs, inputs, self.network_outputs(inputs)["score"])
        times_s = np.concatenate([p.times_s for p in examined.repetitions])
        return Importance(action, self.identity, joints, times_s, frames.ravel())

    def examine(
        self, motion: Motion, action: str, *, familiarity: Familiarity | None = None, unfinished: bool = False
    ) -> Examined:
        """Prepare a trial, and say why it cannot be scored where that is so. familiarity: in place of the model's."""
        try:
            repetitions = self._prepared(motion, load_action(action))
        except TooLittleError as error:
            return Examined([], np.ones(JOINT_COUNT), str(error))
        unmeasured = np.mean([p.unmeasured for p in repetitions], axis=0)
        share = unmeasured_share(unmeasured)
        reason = ""
        if share > LARGEST_UNMEASURED_SHARE:
            reason = f"{share:.0%} of the joints' positions were not measured (at most {LARGEST_UNMEASURED_SHARE:.0%})"
        elif not unfinished:
            objections = [(familiarity or self._sidecar.familiarity).objection(p, action) for p in repetitions]
            if sum(map(bool, objections)) > len(objections) / 2:
                reason = next(o for o in objections if o)
        return Examined(repetitions, unmeasured, reason)

    def network_outputs(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """What the network makes of a batch; see `backends.Backend`."""
        return self._backend.run(inputs)

    def network_inputs(self, prepared: list[PreparedMotion], action: str) -> dict[str, Array]:
        """The batch for the backend, one row a repetition."""
        kind = np.zeros((len(prepared), len(self._sidecar.actions)))
        kind[:, self._sidecar.actions.index(action)] = 1.0
        tempo = np.array([[p.tempo] for p in prepared])
        return {
            "pose": np.stack([p.pose for p in prepared]),
            "velocity": np.stack([p.velocity for p in prepared]),
            "mask": np.stack([p.mask for p in prepared]),
            "condition": np.hstack([kind, tempo]).astype(np.float32),
        }

    @staticmethod
    def _prepared(motion: Motion, sport: Action) -> list[PreparedMotion]:
        """Every repetition that can be prepared. Raises TooLittleError when none can."""
        if not sport.repeated or len(motion) == 0:
            return [prepare(motion)]
        prepared, first_error = [], None
        for begin_s, end_s in split_repetitions(motion):
            try:
                prepared.append(prepare(motion.between(begin_s, end_s)))
            except TooLittleError as error:
                first_error = first_error or error
        if not prepared and first_error is not None:
            raise first_error
        return prepared

    def _result(
        self,
        outputs: dict[str, Array],
        repetitions: list[PreparedMotion],
        sport: Action,
        unmeasured: NDArray[np.float64],
        latency_ms: float,
    ) -> StageScores:
        value = float(outputs["score"].mean())
        half = self._sidecar.intervals.total_half_width(sport.name, unmeasured=unmeasured)
        marks = outputs["stages"].mean(axis=0)
        halves = self._sidecar.intervals.stage_half_widths(sport.name, unmeasured=unmeasured)
        first = repetitions[0]
        edges_s = [first.begin_s, *(first.begin_s + outputs["bounds"][0] * first.duration_s), first.end_s]
        stages = tuple(
            StageScore(
                name=stage.name,
                score=float(marks[k]),
                low=max(0.0, float(marks[k]) - halves[k]),
                high=min(FULL_MARKS, float(marks[k]) + halves[k]),
                begin_s=float(edges_s[k]),
                end_s=float(edges_s[k + 1]),
            )
            for k, stage in enumerate(sport.stages)
        )
        warnings = tuple(
            f"{JOINTS[j]} was not measured in {unmeasured[j]:.0%} of the movement"
            for j in range(JOINT_COUNT)
            if unmeasured[j] > WARNED_SHARE
        )
        return StageScores(
            action=sport.name,
            value=value,
            low=max(0.0, value - half),
            high=min(FULL_MARKS, value + half),
            grade=grade_of(value),
            grade_probabilities=outputs["grade_probabilities"].mean(axis=0).astype(np.float64),
            stages=stages,
            bias_correction=float(outputs["bias"].mean()),
            model=self.identity,
            latency_ms=latency_ms,
            warnings=warnings,
        )

    def withheld(self, motion: Motion, action: str, reason: str) -> StageScores:
        """No score of this trial, and why."""
        return StageScores(
            action=action,
            value=float("nan"),
            low=float("nan"),
            high=float("nan"),
            grade="",
            grade_probabilities=np.full(len(GRADES), np.nan),
            stages=(),
            bias_correction=float("nan"),
            model=self.identity,
            latency_ms=0.0,
            withheld=reason,
        )
