"""Motion: what every room hands to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.skeleton import JOINT_COUNT


class Provenance(IntEnum):
    """Where a joint position comes from. Anything from FILLED on was not measured in its frame."""

    MISSING = 0
    MEASURED = 1  # one sensor
    FUSED = 2  # several sensors agreed on it
    FILLED = 3  # interpolated over a short gap in time
    INFERRED = 4  # only limb length, IMU direction or the motion prior speaks for it


def _not_given() -> NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class Motion:
    """Joint positions over time.

    times_s: (T,) strictly increasing, seconds in the trial.
    positions_m: (T, 17, 3) in `world` (z up); NaN where missing.
    confidence: (T, 17) in 0..1; 0 exactly where missing.
    provenance: (T, 17) uint8 of `Provenance`.
    sigma_m: (T, 17) standard deviation per axis; NaN where unknown.
    What is not given (an empty array) becomes: certain, measured, of unknown deviation.

    Raises InputError when shapes or times do not fit.
    """

    times_s: NDArray[np.float64]
    positions_m: NDArray[np.float64]
    confidence: NDArray[np.float64] = field(default_factory=_not_given)
    provenance: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    sigma_m: NDArray[np.float64] = field(default_factory=_not_given)

    def __post_init__(self) -> None:
        times = np.array(self.times_s, dtype=np.float64)
        positions = np.array(self.positions_m, dtype=np.float64)
        shape = (len(times), JOINT_COUNT)
        if times.ndim != 1 or positions.shape != (*shape, 3):
            raise InputError(
                f"a motion needs times (T,) and positions (T, {JOINT_COUNT}, 3), "
                f"found {times.shape} and {positions.shape}"
            )
        if not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
            raise InputError("the times of a motion must be finite and strictly increasing")
        present = np.isfinite(positions).all(axis=2)
        positions[~present] = np.nan
        confidence = np.ones(shape) if self.confidence.size == 0 else np.array(self.confidence, dtype=np.float64)
        if self.provenance.size == 0:
            provenance = np.full(shape, Provenance.MEASURED, dtype=np.uint8)
        else:
            provenance = np.array(self.provenance, dtype=np.uint8)
        sigma = np.full(shape, np.nan) if self.sigma_m.size == 0 else np.array(self.sigma_m, dtype=np.float64)
        for name, array in (("confidence", confidence), ("provenance", provenance), ("sigma_m", sigma)):
            if array.shape != shape:
                raise InputError(f"{name} of a motion must have shape {shape}, found {array.shape}")
        # A joint is either there with everything said about it, or it is not: no half-missing values.
        confidence = np.where(np.isfinite(confidence), np.clip(confidence, 0.0, 1.0), 0.0)
        present &= confidence > 0
        positions[~present] = np.nan
        confidence[~present] = 0.0
        provenance[~present] = Provenance.MISSING
        sigma[~present] = np.nan
        fields: dict[str, NDArray[Any]] = {
            "times_s": times,
            "positions_m": positions,
            "confidence": confidence,
            "provenance": provenance,
            "sigma_m": sigma,
        }
        for name, value in fields.items():
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def duration_s(self) -> float:
        return float(self.times_s[-1] - self.times_s[0]) if len(self) else 0.0

    @property
    def rate_hz(self) -> float:
        """Median frame rate; 0 with fewer than two frames."""
        return float(1.0 / np.median(np.diff(self.times_s))) if len(self) > 1 else 0.0

    @property
    def present(self) -> NDArray[np.bool_]:
        """(T, 17): the joint has a position."""
        return self.confidence > 0

    @property
    def measured(self) -> NDArray[np.bool_]:
        """(T, 17): the position rests on a measurement in its own frame."""
        return (self.provenance == Provenance.MEASURED) | (self.provenance == Provenance.FUSED)

    def between(self, begin_s: float, end_s: float) -> Motion:
        """The frames with begin_s <= time <= end_s; times are kept."""
        return self.take((self.times_s >= begin_s) & (self.times_s <= end_s))

    def take(self, frames: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Motion:
        """The chosen frames; they must stay in order."""
        return Motion(
            self.times_s[frames],
            self.positions_m[frames],
            self.confidence[frames],
            self.provenance[frames],
            self.sigma_m[frames],
        )

    def moved(self, positions_m: NDArray[np.float64], times_s: NDArray[np.float64] | None = None) -> Motion:
        """The same measurement with other coordinates (or times); what is said about each joint stays."""
        times = self.times_s if times_s is None else times_s
        return Motion(times, positions_m, self.confidence, self.provenance, self.sigma_m)
