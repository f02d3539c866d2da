"""The body as capsules around its bones: what hides what from a camera."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.skeleton import INDEX, JOINT_COUNT, JOINTS

Array = NDArray[np.float64]

# Radii over stature: girths of ANSUR II (Gordon et al. 2014, men) over 2 pi over the mean stature of 1.756 m, limbs
# with a taper of 0.8 because the girth is taken at the thickest place; trunk from half the chest's depth, head from
# half its breadth.
_TAPER: Final = 0.8
_UPPER_ARM: Final = 0.032 * _TAPER
_FOREARM: Final = 0.028 * _TAPER
_THIGH: Final = 0.057 * _TAPER
_SHANK: Final = 0.036 * _TAPER
_TRUNK: Final = 0.073
_HEAD: Final = 0.044
# The trunk's round end lies this share of its radius below the shoulder line, where a chest is thinner.
_TRUNK_INSET: Final = 0.7

# Capsules as (ends a, ends b, radius over stature); several joints mean their midpoint.
_CAPSULES: Final[tuple[tuple[tuple[str, ...], tuple[str, ...], float], ...]] = (
    (("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"), _TRUNK),
    (("left_ear", "right_ear"), ("left_ear", "right_ear"), _HEAD),
    *(
        capsule
        for side in ("left", "right")
        for capsule in (
            ((f"{side}_shoulder",), (f"{side}_elbow",), _UPPER_ARM),
            ((f"{side}_elbow",), (f"{side}_wrist",), _FOREARM),
            ((f"{side}_hip",), (f"{side}_knee",), _THIGH),
            ((f"{side}_knee",), (f"{side}_ankle",), _SHANK),
        )
    ),
)

# Half widths of what shows where a joint is, over stature: the limb's, as above; for the face the feature's own. An
# occluder that is thinner hides it in part: a hip is told well enough behind a forearm.
_HALF_WIDTH: Final = {
    "nose": 0.02,
    "eye": 0.01,
    "ear": 0.02,
    "shoulder": 0.035,
    "elbow": 0.026,
    "wrist": 0.020,
    "hip": 0.057,
    "knee": 0.036,
    "ankle": 0.025,
}
_HALF_WIDTHS: Final = np.array([_HALF_WIDTH[name.rpartition("_")[2]] for name in JOINTS])
# Thigh plus shank over stature: 0.245 + 0.246 (Drillis & Contini 1966, as in Winter, Biomechanics, fig. 4.1).
_LEG_OVER_STATURE: Final = 0.491
# A joint's centre lies this deep under the skin that a camera sees [m].
_SKIN_M: Final = 0.035
# A joint is half hidden when the line of sight grazes a capsule, wholly or not at all this far in or out [m].
_PENUMBRA_M: Final = 0.02


def stature_m(positions_m: Array) -> float:
    """Standing height that the legs of (T, 17, 3) imply; 1.70 where no leg was seen."""
    lengths = [
        np.linalg.norm(positions_m[:, INDEX[f"{side}_{a}"]] - positions_m[:, INDEX[f"{side}_{b}"]], axis=1)
        for side in ("left", "right")
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    ]
    legs = np.concatenate([lengths[0] + lengths[1], lengths[2] + lengths[3]])
    legs = legs[np.isfinite(legs)]
    return float(np.median(legs) / _LEG_OVER_STATURE) if len(legs) else 1.70


class Capsules:
    """Moving capsules. a, b: (T, K, 3) ends; radius_m: (K,); own: (K, 17) joints that lie in or on the capsule."""

    def __init__(self, a: Array, b: Array, radius_m: Array, own: NDArray[np.bool_]) -> None:
        self.a, self.b, self.radius_m, self.own = a, b, radius_m, own


def body_capsules(positions_m: Array, *, own: bool) -> Capsules:
    """Capsules of one person, (T, 17, 3). own: the joints to be seen are this person's."""
    height = stature_m(positions_m)
    ends = [[positions_m[:, [INDEX[n] for n in names]].mean(axis=1) for names in (a, b)] for a, b, _ in _CAPSULES]
    own_joints = np.zeros((len(_CAPSULES), JOINT_COUNT), dtype=bool)
    if own:
        for k, (a, b, _) in enumerate(_CAPSULES):
            own_joints[k, [INDEX[n] for n in (*a, *b)]] = True
        own_joints[0, [INDEX["left_shoulder"], INDEX["right_shoulder"]]] = False  # they lie beside the trunk's capsule
        own_joints[1, [INDEX[n] for n in ("left_ear", "right_ear")]] = False  # they lie on the head, at either side
    radius = np.array([r * height for *_, r in _CAPSULES])
    begins, finishes = np.stack([e[0] for e in ends], 1), np.stack([e[1] for e in ends], 1)
    down = finishes[:, 0] - begins[:, 0]
    begins[:, 0] += _TRUNK_INSET * radius[0] * down / np.linalg.norm(down, axis=1, keepdims=True)
    return Capsules(begins, finishes, radius, own_joints)


def visibility(center_m: Array, joints_m: Array, obstacles: list[Capsules]) -> Array:
    """How freely a camera at center_m (3,) sees each joint (T, 17, 3): (T, 17), 0 hidden to 1 free.

    The line of sight ends at the skin: a joint's own flesh does not hide it.
    """
    free = np.ones(joints_m.shape[:2])
    half_width_m = _HALF_WIDTHS * stature_m(joints_m)
    sight = joints_m - center_m
    length = np.linalg.norm(sight, axis=2, keepdims=True)
    near_end = center_m + sight * np.maximum(length - _SKIN_M, 0.0) / length
    for group in obstacles:
        for k, radius_m in enumerate(group.radius_m):
            gap_m = _segment_distance(center_m, near_end, group.a[:, k, None], group.b[:, k, None]) - radius_m
            hidden = np.clip(0.5 - 0.5 * gap_m / _PENUMBRA_M, 0.0, 1.0) * np.minimum(radius_m / half_width_m, 1.0)
            hidden[:, group.own[k]] = 0.0
            free = np.fmin(free, 1.0 - hidden)  # a capsule that was not tracked hides nothing
    return free


def _segment_distance(p0: Array, p1: Array, q0: Array, q1: Array) -> Array:
    """Shortest distance between segments p0-p1 and q0-q1 (Ericson, Real-Time Collision Detection, 5.1.9)."""
    u, v, w = p1 - p0, q1 - q0, p0 - q0
    a, b, c = (u * u).sum(-1), (u * v).sum(-1), (v * v).sum(-1)
    d, e = (u * w).sum(-1), (v * w).sum(-1)
    tiny = 1e-12  # squared metres: a segment of no length, or two that are parallel
    denominator = a * c - b * b
    s = np.where(denominator > tiny, (b * e - c * d) / np.maximum(denominator, tiny), 0.0)
    s = np.clip(s, 0.0, 1.0)
    t = np.clip(np.where(c > tiny, (b * s + e) / np.maximum(c, tiny), 0.0), 0.0, 1.0)
    s = np.clip((b * t - d) / np.maximum(a, tiny), 0.0, 1.0)
    apart = w + s[..., None] * u - t[..., None] * v
    return np.asarray(np.linalg.norm(apart, axis=-1))
