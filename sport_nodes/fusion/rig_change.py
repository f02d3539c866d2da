"""Which camera turned, and when: a test of change on what blocks of images say about the cameras' turns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from sport_nodes.fusion.rig_turns import TurnEvidence

Array = NDArray[np.float64]

#: A change is looked for so many blocks ago ...
WINDOWS: Final = (2, 3, 4, 6, 8, 10)
#: ... where at least so many blocks before it taught how the cameras stood.
LEAST_BEFORE: Final = 6
#: What was learned is forgotten with this time constant [s]: one athlete goes, another comes.
FORGET_S: Final = 60.0
#: What is not known at all of a camera is within this [rad]; it only keeps matrices regular.
PRIOR_RAD: Final = math.radians(5.0)
#: How far blocks scatter is told from the block on that has so many before it; of the errors' scale, so many numbers a
#: camera are taken to have been as expected before any told.
LEAST_KNOWN: Final = 2
SCALE_NUMBERS: Final = 3.0
#: What no averaging takes away: a detector puts a whole person elsewhere when she turns or another comes. About x and y
#: (pan, tilt) 0.05 degrees are 4 mm at 5 m; about the optical axis such errors cancel between the joints [rad].
LASTING_RAD: Final = np.radians([0.05, 0.05, 0.0])
#: An untouched camera seems to be turned significantly once in so many looks.
FALSE_ALARMS: Final = 1e-5
#: A camera that seems turned by less may stand still [deg] ...
ALARM_DEG: Final = 0.6
#: ... and one that is found so far from its calibration was moved before [deg].
MISFIT_DEG: Final = 2.5

#: An alarm ends where the significance falls to this part of what began it; otherwise it would flicker.
STAYS: Final = 0.5
#: With more numbers than this an estimate is as good as known.
MANY: Final = 1e6


@dataclass(frozen=True)
class Change:
    """turned_deg: since the likeliest moment of change. moved: that is significant, or it was so from the beginning."""

    turned_deg: float
    moved: bool


@dataclass(frozen=True, eq=False)
class Known:
    """How C cameras were seen to stand.

    surprise: (C,) squared whitened errors that blocks had on the way; numbers: of how many numbers each. Their quotient
    is by how much the errors' variances exceed what was expected.
    """

    evidence: TurnEvidence
    surprise: Array
    numbers: float


@dataclass(frozen=True, eq=False)
class _Block:
    """surprise: (C,) squared whitened error of what it says of each camera, against what was known before it."""

    evidence: TurnEvidence
    surprise: Array | None


@dataclass(frozen=True, eq=False)
class _Test:
    """Of C cameras, each as if it alone had turned. turns: (C, 3); likelihood: (C,) chi-square of three degrees of
    freedom, were errors as expected; significance: (C,) over what an untouched camera may reach, with errors as they
    are."""

    turns: Array
    likelihood: Array
    significance: Array

    @property
    def turned_deg(self) -> Array:
        return np.asarray(np.degrees(np.linalg.norm(self.turns, axis=1)))


class RigChange:
    """A generalised likelihood ratio test over the moment of change and the camera (Basseville and Nikiforov, Detection
    of Abrupt Changes, 1993, section 2.4.3). Errors that last from image to image make the evidence of a block larger
    than it is; by how much is learned from how far blocks scatter."""

    def __init__(self, cameras: int, *, block_s: float, known: Known | None = None) -> None:
        """known: how the cameras were seen to stand before; without it, that is learned first."""
        self._cameras = cameras
        self._keep = math.exp(-block_s / FORGET_S)
        self._recent: list[_Block] = []
        known = known or Known(TurnEvidence.none(cameras), np.full(cameras, SCALE_NUMBERS), SCALE_NUMBERS)
        self._learned, self._learned_blocks = known.evidence, LEAST_BEFORE if known.evidence.information.any() else 0
        self._surprise, self._numbers = known.surprise, known.numbers
        self._blocks = 0
        self._tests: dict[int, _Test] = {}
        self._suspect: tuple[int, int] | None = None
        self._since_change = 0

    def add(self, evidence: TurnEvidence) -> None:
        """What one block of images said; nothing when nobody was seen."""
        if not evidence.information.any():
            return
        surprise = None
        if self._learned_blocks + len(self._recent) >= LEAST_KNOWN:
            surprise = self._test(self._before(0), evidence).likelihood
        self._recent.append(_Block(evidence, surprise))
        self._blocks += 1
        self._tests = self._tested()
        self._suspect = self._suspected()
        self._since_change = max(self._since_change + 1, self._suspect[0]) if self._suspect else 0
        if len(self._recent) > max(WINDOWS):
            # Nothing is learned of a camera since it seems turned: that would end the alarm.
            oldest = self._recent.pop(0)
            if len(self._recent) >= self._since_change:
                self._learn(oldest)

    @property
    def blocks(self) -> int:
        """In how many somebody was seen."""
        return self._blocks

    def known(self) -> Known:
        """All that was seen so far."""
        told = [b.surprise for b in self._recent if b.surprise is not None]
        return Known(self._before(0), np.asarray(sum(told, self._surprise)), self._numbers + 3.0 * len(told))

    def report(self) -> tuple[Change, ...] | None:
        """Of every camera; None before enough was seen."""
        if not self._tests:
            return None
        window, camera = self._suspect or (max(self._tests), -1)
        moved = {camera, self._misfit()}
        return tuple(Change(float(deg), c in moved) for c, deg in enumerate(self._tests[window].turned_deg))

    def _suspected(self) -> tuple[int, int] | None:
        """How many blocks ago the likeliest significant change was, and whose; None where there is none."""
        clear = {
            window: float(np.where(test.turned_deg >= ALARM_DEG, test.significance, 0.0).max())
            for window, test in self._tests.items()
        }
        window = max(clear, key=lambda w: clear[w], default=0)
        if not clear or clear[window] < (STAYS if self._suspect else 1.0):
            return None
        # With errors as expected the true camera explains most; with errors as they are, a less noisy one may.
        return window, int(np.argmax(self._tests[window].likelihood))

    def _misfit(self) -> int:
        """The camera that stands far from its calibration, as far as one was; -1 where none does."""
        test = self._test(TurnEvidence.none(self._cameras), self._before(0), known=True)
        camera = int(np.argmax(test.likelihood))
        return camera if test.turned_deg[camera] > MISFIT_DEG else -1

    def _tested(self) -> dict[int, _Test]:
        """By window [blocks]."""
        enough = len(self._recent) + self._learned_blocks - LEAST_BEFORE
        return {
            window: self._test(self._before(window), self._since(window), *self._scale(window))
            for window in WINDOWS
            if window <= min(enough, len(self._recent))
        }

    def _test(
        self,
        before: TurnEvidence,
        since: TurnEvidence,
        scale: Array | float = 1.0,
        numbers: float = math.inf,
        *,
        known: bool = False,
    ) -> _Test:
        """Of a difference between two estimates, whose inverse covariance is (since^-1 + before^-1)^-1.

        scale, numbers: of the errors' variances (C,), and how many numbers told it. known: how the cameras stood before
        is taken to be as calibrated.
        """
        size = 3 * self._cameras
        stood = np.linalg.inv(before.information + np.eye(size) / PRIOR_RAD**2) * (not known)
        shrunk = np.linalg.inv(np.eye(size) + stood @ since.information)
        information = since.information @ shrunk
        pull = shrunk.T @ (since.pull - since.information @ (stood @ before.pull))
        turns, likelihood, significance = np.zeros((self._cameras, 3)), *np.zeros((2, self._cameras))
        scale = np.broadcast_to(scale, self._cameras)
        # Fisher's distribution in place of chi-square's: the scale is an estimate.
        reached = 3.0 * float(fdtri(3.0, min(numbers, MANY), 1.0 - FALSE_ALARMS))
        for c in range(self._cameras):
            at = slice(3 * c, 3 * c + 3)
            covariance = np.linalg.inv(information[at, at] + np.eye(3) / PRIOR_RAD**2)
            turns[c] = covariance @ pull[at]
            likelihood[c] = pull[at] @ turns[c]
            lasting = scale[c] * covariance + np.diag(LASTING_RAD**2)
            significance[c] = turns[c] @ np.linalg.solve(lasting, turns[c]) / reached
        return _Test(turns, likelihood, significance)

    def _before(self, window: int) -> TurnEvidence:
        """Everything before the last blocks."""
        return sum((b.evidence for b in self._recent[: len(self._recent) - window]), self._learned)

    def _since(self, window: int) -> TurnEvidence:
        return sum((b.evidence for b in self._recent[-window:]), TurnEvidence.none(self._cameras))

    def _scale(self, window: int) -> tuple[Array, float]:
        """(C,) by how much the variances before the last blocks were larger than expected, never less than one; and how
        many numbers told it. A camera that seems better than all together may only have been lucky."""
        told = [b.surprise for b in self._recent[: len(self._recent) - window] if b.surprise is not None]
        numbers = self._numbers + 3.0 * len(told)
        scale = np.asarray(sum(told, self._surprise)) / numbers
        return np.maximum(scale, max(float(scale.mean()), 1.0)), numbers * self._cameras

    def _learn(self, block: _Block) -> None:
        self._learned = self._learned.faded(self._keep) + block.evidence
        self._learned_blocks += 1
        if block.surprise is not None:
            # Three numbers each; the expected errors that stand at the beginning are forgotten too.
            self._surprise = self._keep * self._surprise + block.surprise
            self._numbers = self._keep * self._numbers + 3.0
