"""What a trial came to when it was recorded, beside what it comes to when it is played again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sport_nodes import topics
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag import open_bag
from sport_nodes.motion import Motion

#: A trial that is played again is the recorded one within these: joints [mm] and total [points].
SAME_SKELETON_MM: Final = 0.1
SAME_SCORE: Final = 1e-3
#: Frames are the same within this [s]: a float in seconds since 1970 holds a quarter of a microsecond.
_SAME_TIME_S: Final = 1e-5


@dataclass(frozen=True, eq=False)
class TrialResult:
    """motion on the host's clock; score: the total of 0..100, NaN where it was withheld; model: that gave it."""

    motion: Motion
    score: float
    model: str


@dataclass(frozen=True)
class Difference:
    """skeleton_mm: the largest distance of any joint in any frame, infinite where frames or joints are not the same
    ones. score: points between the totals, infinite where one is withheld. models: who scored, where they differ."""

    skeleton_mm: float
    score: float
    models: tuple[str, str] | None

    @property
    def none(self) -> bool:
        """Whether it is the recorded trial again."""
        return self.skeleton_mm <= SAME_SKELETON_MM and self.score <= SAME_SCORE

    def __str__(self) -> str:
        if not np.isfinite(self.skeleton_mm):
            words = "other frames or joints than recorded"
        else:
            words = f"skeleton within {self.skeleton_mm:.4f} mm of the recorded one"
        words += f", score within {self.score:.4f} points" if np.isfinite(self.score) else ", another score or none"
        return words + (f"; recorded with {self.models[0]}, now {self.models[1]}" if self.models else "")


def recorded_result(bag: Path) -> TrialResult | None:
    """The motion and score of the bag's last trial; None where it has none, as one of sensors alone.

    Raises InputError when the bag is damaged.
    """
    with open_bag(bag) as reader:
        found = reader.messages((messages.TRIAL_MOTION, messages.STAGE_SCORES))
    if topics.MOTION_TRIAL not in found or topics.SCORE_TRIAL not in found:
        return None
    trial, scores = found[topics.MOTION_TRIAL][-1], found[topics.SCORE_TRIAL][-1]
    motion = messages.motion_of_trial(trial)
    motion = motion.moved(motion.positions_m, motion.times_s + messages.stamp_s(trial))
    return TrialResult(motion, np.nan if scores.withheld else float(scores.value), scores.model)


def difference(recorded: TrialResult, again: TrialResult) -> Difference:
    """How far the two are apart."""
    first, second = recorded.motion, again.motion
    same = len(first) == len(second) and np.allclose(first.times_s, second.times_s, rtol=0.0, atol=_SAME_TIME_S)
    same = same and np.array_equal(first.present, second.present)
    far_mm = np.inf
    if same:
        far_mm = 1e3 * float(np.nan_to_num(np.linalg.norm(first.positions_m - second.positions_m, axis=2)).max())
    withheld = np.isnan([recorded.score, again.score])
    score = 0.0 if withheld.all() else np.inf if withheld.any() else abs(recorded.score - again.score)
    models = (recorded.model, again.model) if recorded.model != again.model else None
    return Difference(far_mm, float(score), models)
