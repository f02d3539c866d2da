"""RGB cameras with a keypoint detector: 2D joints of everyone in view."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.lab.body import Capsules, body_capsules, visibility
from sport_nodes.lab.noise import COCO_SIGMA, SensorNoise
from sport_nodes.lab.processes import correlated_noise, episodes
from sport_nodes.rig import Camera
from sport_nodes.skeleton import INDEX, JOINT_COUNT, MIRROR_INDEX

Array = NDArray[np.float64]

_SIGMA: Final = np.array(COCO_SIGMA)
# Groups of joints that a detector inverts together.
_SWAPPED_TOGETHER: Final = tuple(
    np.array([INDEX[f"{side}_{part}"] for side in ("left", "right") for part in parts])
    for parts in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"), ("elbow", "wrist"), ("knee", "ankle"))
)
_MINIMUM_CONFIDENCE: Final = 0.05  # a detector leaves out what it is less sure of
# Someone whose joints lie inside the image for the smaller part is not detected.
_MINIMUM_JOINTS_IN_VIEW: Final = 5


def detect(
    camera: Camera,
    times_s: Array,
    people_m: list[Array],
    before_after_m: tuple[list[Array], list[Array]],
    *,
    furniture: list[Capsules],
    noise: SensorNoise,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Keypoints (T, P, 17, 2) [px] and confidence (T, P, 17) of P people, in an order that changes by chance.

    people_m: one (T, 17, 3) a person at mid exposure; before_after_m: the same when the shutter opens and closes.
    """
    bodies = [body_capsules(p, own=False) for p in people_m]
    xy, confidence = [], []
    for i, person in enumerate(people_m):
        hidden_by = [*furniture, body_capsules(person, own=True), *(b for j, b in enumerate(bodies) if j != i)]
        seen = visibility(camera.center_m, person, hidden_by)
        streak = camera.project(before_after_m[1][i]) - camera.project(before_after_m[0][i])
        person_xy, person_confidence = _detect_one(
            camera, times_s, camera.project(person), np.linalg.norm(streak, axis=2), seen, noise, rng
        )
        xy.append(person_xy)
        confidence.append(person_confidence)
    return _shuffled(np.stack(xy, axis=1), np.stack(confidence, axis=1), rng)


def _detect_one(
    camera: Camera,
    times_s: Array,
    true_px: Array,
    streak_px: Array,
    seen: Array,
    noise: SensorNoise,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    shape = true_px.shape[:2]
    sharp = noise.keypoint_sigma_share * _SIGMA * _person_size_px(true_px)[:, None]
    sharp = sharp * (1.0 + (noise.occluded_sigma_factor - 1.0) * (1.0 - seen))
    sigma = np.hypot(sharp, noise.blur_sigma_share * streak_px)
    lasting = correlated_noise(rng, times_s, (JOINT_COUNT, 2), correlation_s=noise.keypoint_correlation_s)
    share = noise.keypoint_correlated_share
    error = np.sqrt(share) * lasting + np.sqrt(1.0 - share) * rng.standard_normal((*shape, 2))
    xy = true_px + sigma[..., None] * error

    confidence = noise.occluded_confidence + (noise.visible_confidence - noise.occluded_confidence) * seen
    confidence *= sharp / sigma  # a heat-map's peak loses in height what blur gives it in width
    confidence = np.clip(confidence + noise.confidence_sigma * rng.standard_normal(shape), 0.0, 1.0)

    outlier = rng.random(shape) < noise.outlier_probability
    xy = np.where(outlier[..., None], xy + noise.outlier_sigma_px * rng.standard_normal((*shape, 2)), xy)
    xy, confidence = _swapped(times_s, xy, confidence, noise, rng)

    left_out = (seen < 0.5) & (rng.random(shape) < noise.occluded_missing_probability)
    inside = (xy >= 0.0).all(axis=2) & (xy[..., 0] < camera.width_px) & (xy[..., 1] < camera.height_px)
    gone = left_out | ~inside | (confidence < _MINIMUM_CONFIDENCE) | ~np.isfinite(xy).all(axis=2)
    gone |= (~gone).sum(axis=1, keepdims=True) < _MINIMUM_JOINTS_IN_VIEW
    return np.where(gone[..., None], np.nan, xy), np.where(gone, 0.0, confidence)


def _person_size_px(xy_px: Array) -> Array:
    """(T,) root of the area of the box around a person, the scale of COCO_SIGMA."""
    extent = np.nanmax(xy_px, axis=1, initial=-np.inf, where=np.isfinite(xy_px)) - np.nanmin(
        xy_px, axis=1, initial=np.inf, where=np.isfinite(xy_px)
    )
    return np.sqrt(np.clip(extent[:, 0], 1.0, None) * np.clip(extent[:, 1], 1.0, None))


def _swapped(
    times_s: Array, xy: Array, confidence: Array, noise: SensorNoise, rng: np.random.Generator
) -> tuple[Array, Array]:
    xy, confidence = xy.copy(), confidence.copy()
    mirror = np.array(MIRROR_INDEX)
    for joints in _SWAPPED_TOGETHER:
        rate_hz = noise.swap_rate_hz / len(_SWAPPED_TOGETHER)
        frames = np.flatnonzero(episodes(rng, times_s, rate_hz=rate_hz, duration_s=noise.swap_duration_s))
        at, swapped = np.ix_(frames, joints), np.ix_(frames, mirror[joints])
        xy[at], confidence[at] = xy[swapped], confidence[swapped]
    return xy, confidence


def _shuffled(xy: Array, confidence: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    order = rng.permuted(np.tile(np.arange(xy.shape[1]), (len(xy), 1)), axis=1)
    rows = np.arange(len(xy))[:, None]
    return xy[rows, order], confidence[rows, order]
