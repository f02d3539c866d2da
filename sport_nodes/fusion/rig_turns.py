"""What keypoints say about small turns of a rig's cameras: normal equations with the joints' places eliminated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.rig import Camera

Array = NDArray[np.float64]

#: A joint that fewer cameras see says nothing: two rays can always be made to meet but for one number.
MINIMUM_VIEWS: Final = 3
#: Rounds of reweighting, and the error from which on a view counts less, in what is usual in the batch.
ROUNDS: Final = 3
HUBER: Final = 2.0
#: Median length of a two-dimensional standard normal error; three views and a free point leave about half of it.
USUAL: Final = float(np.sqrt(2.0 * np.log(2.0)))
#: Nothing less is taken for usual: where nearly all errors are zero, the scale would be too [sigma].
LEAST_USUAL: Final = 0.1


@dataclass(frozen=True, eq=False)
class TurnEvidence:
    """About rotation vectors of C cameras, each in its own optical frame [rad].

    information: (3 C, 3 C), the inverse covariance of their estimate, were all errors independent; pull: (3 C,), its
    product with the estimate. The sum of two is the evidence of both.
    """

    information: Array
    pull: Array

    @classmethod
    def none(cls, cameras: int) -> TurnEvidence:
        return cls(np.zeros((3 * cameras, 3 * cameras)), np.zeros(3 * cameras))

    def __add__(self, other: TurnEvidence) -> TurnEvidence:
        return TurnEvidence(self.information + other.information, self.pull + other.pull)

    def faded(self, part: float) -> TurnEvidence:
        """Counting for this part of itself."""
        return TurnEvidence(part * self.information, part * self.pull)


def turn_evidence(cameras: tuple[Camera, ...], pixels: Array, sigma_px: Array) -> TurnEvidence:
    """From joints (N, C, 2) with expected errors (N, C), infinite where a joint was not seen.

    Each joint's place is unknown, so it is eliminated (Schur complement): what remains is how far its views disagree.
    Wrong joints count little (Huber's weights on whitened errors).
    """
    seen = np.isfinite(pixels).all(axis=2) & np.isfinite(sigma_px)
    useful = seen.sum(axis=1) >= MINIMUM_VIEWS
    if not useful.any():
        return TurnEvidence.none(len(cameras))
    pixels, seen = pixels[useful], seen[useful]
    sharp = np.where(seen, 1.0 / sigma_px[useful], 0.0)
    weight = sharp
    for _ in range(ROUNDS):
        error, by_point, by_turn = _linearised(cameras, triangulate(cameras, pixels, weight), pixels, seen)
        white = np.linalg.norm(error, axis=2) * sharp
        usual = max(float(np.median(white[seen])) / USUAL, LEAST_USUAL)
        weight = sharp * np.sqrt(np.minimum(1.0, HUBER * usual / np.maximum(white, LEAST_USUAL)))
    return _eliminated(weight**2, error, by_point, by_turn)


def _linearised(
    cameras: tuple[Camera, ...], points: Array, pixels: Array, seen: NDArray[np.bool_]
) -> tuple[Array, Array, Array]:
    """(N, C, 2) errors without the lens's distortion [px], and their (N, C, 2, 3) slopes by point and by turn."""
    error, slopes = np.zeros((*seen.shape, 2)), np.zeros((2, *seen.shape, 2, 3))
    for c, camera in enumerate(cameras):
        optical = camera.to_optical(points)
        depth = optical[:, 2]
        x, y = optical[:, 0] / depth, optical[:, 1] / depth
        focal, one, none = camera.matrix[0, 0], np.ones_like(x), np.zeros_like(x)
        ideal = camera.undistort(np.where(seen[:, c, None], pixels[:, c], camera.matrix[:2, 2]))
        error[:, c] = focal * (ideal - np.stack([x, y], axis=1))
        by_optical = np.stack([np.stack([one, none, -x], axis=1), np.stack([none, one, -y], axis=1)], axis=1)
        slopes[0, :, c] = focal / depth[:, None, None] * by_optical @ camera.rotation
        slopes[1, :, c] = focal * np.stack(
            [np.stack([-x * y, 1.0 + x * x, -y], axis=1), np.stack([-1.0 - y * y, x * y, x], axis=1)], axis=1
        )
    return error, slopes[0], slopes[1]


def _eliminated(weight: Array, error: Array, by_point: Array, by_turn: Array) -> TurnEvidence:
    """Normal equations of the turns alone; weight: (N, C) inverse variances, zero where a joint was not seen."""
    size = 3 * weight.shape[1]
    of_point = np.einsum("nc,ncij,ncik->njk", weight, by_point, by_point)
    mixed = np.einsum("nc,ncij,ncik->njck", weight, by_point, by_turn).reshape(-1, 3, size)
    point_pull = np.einsum("nc,ncij,nci->nj", weight, by_point, error)
    solved = np.linalg.solve(of_point, np.concatenate([mixed, point_pull[..., None]], axis=2))
    information = -np.einsum("njs,njt->st", mixed, solved[..., :size])
    pull = -np.einsum("njs,nj->s", mixed, solved[..., size])
    own = np.einsum("nc,ncij,ncik->cjk", weight, by_turn, by_turn)
    own_pull = np.einsum("nc,ncij,nci->cj", weight, by_turn, error)
    for c in range(weight.shape[1]):
        at = slice(3 * c, 3 * c + 3)
        information[at, at] += own[c]
        pull[at] += own_pull[c]
    return TurnEvidence(information, pull)
