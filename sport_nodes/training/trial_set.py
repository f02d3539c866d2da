"""Prepared training movements as arrays, one row a repetition, and their split by person."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError

Array = NDArray[np.float64]

#: Training, validation and test people (the founding paper's 6:2:2).
SPLIT: Final = (0.6, 0.2, 0.2)


@dataclass(frozen=True, eq=False)
class TrialSet:
    """N rows, one repetition each; the rows of one trial share `trial` and its marks.

    pose, velocity (N, 17, L, 3), mask (N, 17, L), tempo (N,), unmeasured (N, 17): as PreparedMotion.
    action (N,) index into action_names; person, trial (N,); height_m (N,); condition (N,) of sensor_like.CONDITIONS.
    fused (N,): through the simulated sensors and the fusion.
    total (N,), stages (N, 4): mean of the raters' marks. true_total (N,): the rubric's. bounds (N, 3) as shares.
    summary (N, F): what familiarity looks at; handmade (N, K), naive (N, 2): the baselines' features.
    """

    action_names: NDArray[np.str_]
    pose: NDArray[np.float32]
    velocity: NDArray[np.float32]
    mask: NDArray[np.float32]
    tempo: Array
    unmeasured: Array
    action: NDArray[np.intp]
    person: NDArray[np.intp]
    trial: NDArray[np.intp]
    height_m: Array
    condition: NDArray[np.str_]
    fused: NDArray[np.bool_]
    total: Array
    stages: Array
    true_total: Array
    bounds: Array
    summary: Array
    handmade: Array
    naive: Array

    def __len__(self) -> int:
        return len(self.total)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> TrialSet:
        """The chosen rows."""
        chosen = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "action_names"}
        return TrialSet(action_names=self.action_names, **chosen)

    def joined(self, other: TrialSet) -> TrialSet:
        """These rows, then the other's; people and trials that share a number become one."""
        columns = {f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)[1:]}
        return TrialSet(action_names=self.action_names, **columns)

    def save(self, path: Path) -> None:
        """As one .npz."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part.npz")
        arrays: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        np.savez(partial, **arrays)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> TrialSet:
        """The inverse of save. Raises InputError when the file is not a trial set."""
        try:
            with np.load(path, allow_pickle=False) as data:
                return cls(**{f.name: data[f.name] for f in fields(cls)})
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{path} is not a training set ({error}); delete it to have it made again") from error

    @property
    def sha256(self) -> str:
        """Hex digest over inputs and marks."""
        digest = hashlib.sha256()
        for array in (
            self.pose,
            self.velocity,
            self.mask,
            self.tempo,
            self.total,
            self.stages,
            self.bounds,
            self.person,
        ):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def split_by_person(trials: TrialSet, *, seed: int) -> tuple[TrialSet, TrialSet, TrialSet]:
    """Training, validation and test rows; nobody is in two of them."""
    people = np.random.default_rng(seed).permutation(np.unique(trials.person))
    ends = np.round(np.cumsum(SPLIT) * len(people)).astype(int)
    groups = np.split(people, ends[:-1])
    return tuple(trials.take(np.isin(trials.person, group)) for group in groups)  # type: ignore[return-value]


def mean_per_trial(values: Array, trials: TrialSet) -> tuple[Array, NDArray[np.intp]]:
    """Mean of (N,) or (N, K) row values over each trial's repetitions, and the first row of each trial."""
    _, first, index = np.unique(trials.trial, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), *values.shape[1:]))
    np.add.at(sums, index, values)
    counts = np.bincount(index).reshape(-1, *([1] * (values.ndim - 1)))
    return sums / counts, first
