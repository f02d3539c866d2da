"""Prediction intervals: split-conformal half-widths, wider the less of the movement was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.skeleton import INDEX, JOINT_COUNT

Array = NDArray[np.float64]

#: Share of unseen people's trials whose mark lies inside the interval.
COVERAGE: Final = 0.90
#: Eyes and ears carry no technique, and motion capture files have none: their absence does not count as missing.
UNCOUNTED_JOINTS: Final = ("left_eye", "right_eye", "left_ear", "right_ear")
#: Above this share of unmeasured joint-frames a score says too little to be given.
LARGEST_UNMEASURED_SHARE: Final = 0.40
_COUNTED: Final = [i for i in range(JOINT_COUNT) if i not in {INDEX[name] for name in UNCOUNTED_JOINTS}]


def unmeasured_share(unmeasured: Array) -> float:
    """Share of joint-frames that rest on no measurement, from (17,) shares per joint."""
    return float(np.mean(unmeasured[_COUNTED]))


def conformal_half_width(errors: Array, *, coverage: float = COVERAGE) -> float:
    """The ceil((n + 1) coverage)-th smallest |error| (Vovk et al. 2005; Lei et al. 2018, split conformal).

    errors: (n,). Infinite when n is too small for the coverage.
    """
    rank = int(np.ceil((len(errors) + 1) * coverage))
    return float(np.sort(np.abs(errors))[rank - 1]) if rank <= len(errors) else float("inf")


@dataclass(frozen=True, eq=False)
class IntervalTable:
    """Half-widths in points with everything measured, and by how much they widen.

    total: per action. stages: per action, one a stage. shares, factors: knots of the widening over the unmeasured
    share; rising from 1. joints: (17,) factors with that one joint dead all along.
    """

    total: dict[str, float]
    stages: dict[str, tuple[float, ...]]
    shares: tuple[float, ...]
    factors: tuple[float, ...]
    joints: tuple[float, ...]

    def widening(self, unmeasured: Array) -> float:
        """Factor for the unmeasured share 0..1 of each joint (17,): by how much is missing, or by the worst that is."""
        by_share = float(np.interp(unmeasured_share(unmeasured), self.shares, self.factors))
        # A factor that could not be measured is infinite; to a joint that was there it does not matter.
        more = np.multiply(unmeasured, np.array(self.joints) - 1.0, where=unmeasured > 0.0, out=np.zeros(JOINT_COUNT))
        by_joint = 1.0 + float(np.max(more))
        return max(by_share, by_joint)

    def total_half_width(self, action: str, *, unmeasured: Array) -> float:
        """Points either side of the total."""
        return self.total[action] * self.widening(unmeasured)

    def stage_half_widths(self, action: str, *, unmeasured: Array) -> tuple[float, ...]:
        """Points either side of each stage mark."""
        factor = self.widening(unmeasured)
        return tuple(width * factor for width in self.stages[action])

    def as_dict(self) -> dict[str, Any]:
        """For the model's sidecar file."""
        return {
            "total": self.total,
            "stages": self.stages,
            "shares": self.shares,
            "factors": self.factors,
            "joints": self.joints,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> IntervalTable:
        """The inverse of as_dict."""
        return cls(
            total={k: float(v) for k, v in data["total"].items()},
            stages={k: tuple(map(float, v)) for k, v in data["stages"].items()},
            shares=tuple(map(float, data["shares"])),
            factors=tuple(map(float, data["factors"])),
            joints=tuple(map(float, data["joints"])),
        )
