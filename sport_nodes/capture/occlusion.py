"""Which joints of a lifted pose are not where their depth says, because something is in front of them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.io.plausibility import BONE_FRACTIONS
from sport_nodes.skeleton import INDEX, JOINT_COUNT, JOINTS, MIRROR_INDEX, TRUNK_JOINTS, mirrored

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Depth is read at so many places along each limb; a step between two of them by more than this is an edge,
#: and what is farther behind the limb's ends than this is not the limb [m].
PLACES_ON_LIMB: Final = 20
EDGE_M: Final = 0.10
BACKGROUND_M: Final = 0.4
#: A bone is this much shorter or longer than the others imply when one end reads another surface.
BONE_RATIO_RANGE: Final = (0.6, 1.6)
#: Mirrored joints closer than this in the image and in depth read the same surface [m].
SAME_SURFACE_M: Final = 0.06
#: Breadth across shoulder and hip joints as fractions of stature (Drillis and Contini 1966, as in Winter, figure 4.1).
BREADTHS: Final[dict[str, float]] = {"shoulder": 0.259, "hip": 0.191}
#: From this sine of the body's turn out of the image plane on, its breadth says where the far shoulder and hip are ...
TURNED: Final = 0.5
#: ... and a depth this much nearer is another surface's [m].
TRUNK_MARGIN_M: Final = 0.12
#: Eyes stand 0.118 of stature above the shoulders (Drillis and Contini 1966), the nose some 0.06 before them; a part of
#: the head that is farther than this part of stature from between the shoulders is the arm before it.
HEAD_REACH: Final = 0.21
#: About the third percentile of six-year-olds (WHO growth reference 2007): bones that imply less are wrong.
SMALLEST_STATURE_M: Final = 1.05
#: From this sine on, arm and leg of the far side lie behind the body's middle plane, give or take the margin [m].
PROFILE: Final = 0.7
MIDDLE_PLANE_MARGIN_M: Final = 0.03
#: Ears and shoulders stand so many trunk lengths apart, left of each other, when a person is seen from the back.
EARS_APART: Final = 0.15
SHOULDERS_APART: Final = 0.25
#: Adult stature where no bone tells [m].
TYPICAL_STATURE_M: Final = 1.7

#: Limbs from the trunk outwards.
LIMB_BONES: Final = tuple(
    (INDEX[f"{side}_{upper}"], INDEX[f"{side}_{lower}"], fraction)
    for side in ("left", "right")
    for (upper, lower), fraction in BONE_FRACTIONS.items()
    if (upper, lower) != ("shoulder", "hip")
)
_HEAD: Final = [INDEX[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
_OFF_TRUNK: Final = tuple(
    joint for joint, name in enumerate(JOINTS) if mirrored(name) != name and name not in TRUNK_JOINTS
)


def hidden_joints(xy_px: Array, positions_m: Array, depth_m: NDArray[np.float32], *, focal_px: float) -> Flags:
    """(17,) joints whose depth is that of something in front.

    xy_px: (17, 2); positions_m: (17, 3) in the optical frame as lifted, NaN where there was no depth.
    """
    hidden = _cut_off_by_edges(xy_px, positions_m, depth_m)
    stature = _stature_m(positions_m, hidden)
    hidden |= _behind_the_body(xy_px, positions_m, focal_px=focal_px, stature=stature)
    hidden |= _off_the_head(positions_m, stature)
    hidden |= _face_from_behind(xy_px)
    hidden |= _of_impossible_length(positions_m, hidden, stature)
    return hidden


def _cut_off_by_edges(xy_px: Array, positions_m: Array, depth_m: NDArray[np.float32]) -> Flags:
    """A limb is smooth: a step towards the camera on the way out hides the outer joint, a step away the inner one."""
    hidden = np.zeros(JOINT_COUNT, dtype=np.bool_)
    height, width = depth_m.shape
    for inner, outer, _ in LIMB_BONES:
        ends = positions_m[[inner, outer], 2]
        if not np.isfinite(ends).all():
            continue
        part = np.linspace(0.0, 1.0, PLACES_ON_LIMB)[:, None]
        places = np.rint(xy_px[inner] + part * (xy_px[outer] - xy_px[inner])).astype(int)
        inside = (places >= 0).all(axis=1) & (places < [width, height]).all(axis=1)
        depths = depth_m[places[inside, 1], places[inside, 0]].astype(np.float64)
        # What lies far behind both ends is the background, seen past the limb.
        steps = np.diff(depths[depths < ends.max() + BACKGROUND_M])
        if not steps.size:
            continue
        steps = steps - np.median(steps)
        nearer, farther = int((steps < -EDGE_M).sum()), int((steps > EDGE_M).sum())
        hidden[outer] |= nearer > farther
        hidden[inner] |= farther > nearer
    return hidden


def _behind_the_body(xy_px: Array, positions_m: Array, *, focal_px: float, stature: float) -> Flags:
    """Joints of the side turned away that read the side turned to the camera: too near for where the body stands."""
    hidden = np.zeros(JOINT_COUNT, dtype=np.bool_)
    far = _far_side(xy_px)
    expected = {part: _turned_depths(xy_px, positions_m, part, focal_px, stature) for part in BREADTHS}
    if not far or any(np.isnan(near) for near, _ in expected.values()):
        return hidden
    for part, (near, turned) in expected.items():
        joint = INDEX[f"{far}_{part}"]
        if turned > TURNED * BREADTHS[part] * stature:
            hidden[joint] = positions_m[joint, 2] < near + turned - TRUNK_MARGIN_M
    middle = np.mean([near + 0.5 * turned for near, turned in expected.values()])
    if expected["shoulder"][1] < PROFILE * BREADTHS["shoulder"] * stature:
        return hidden
    for joint in _OFF_TRUNK:
        if JOINTS[joint].startswith(far):
            apart = np.linalg.norm(positions_m[joint] - positions_m[MIRROR_INDEX[joint]])
            hidden[joint] = apart < SAME_SURFACE_M or positions_m[joint, 2] < middle - MIDDLE_PLANE_MARGIN_M
    return hidden


def _face_from_behind(xy_px: Array) -> Flags:
    """Nose and eyes, where the ears (else the shoulders) stand in the image as they do seen from the back."""
    hidden = np.zeros(JOINT_COUNT, dtype=np.bool_)
    up = xy_px[_pair("shoulder")].mean(axis=0) - xy_px[_pair("hip")].mean(axis=0)
    for part, smallest in (("ear", EARS_APART), ("shoulder", SHOULDERS_APART)):
        left, right = xy_px[_pair(part)]
        # Along the image's direction that is to the right of "up" for the camera, in trunk lengths.
        apart = float((left - right) @ np.array([-up[1], up[0]])) / float(up @ up)
        if np.isfinite(apart):
            hidden[[INDEX["nose"], INDEX["left_eye"], INDEX["right_eye"]]] = apart < -smallest
            return hidden
    return hidden


def _off_the_head(positions_m: Array, stature: float) -> Flags:
    """Nose, eyes and ears that are too far from the shoulders."""
    hidden = np.zeros(JOINT_COUNT, dtype=np.bool_)
    apart = np.linalg.norm(positions_m[_HEAD] - positions_m[_pair("shoulder")].mean(axis=0), axis=1)
    hidden[_HEAD] = apart > HEAD_REACH * max(stature, SMALLEST_STATURE_M)
    return hidden


def _turned_depths(xy_px: Array, positions_m: Array, part: str, focal_px: float, stature: float) -> tuple[float, float]:
    """Depth of the nearer joint of a pair, and how much deeper the other must lie for its apparent breadth [m]."""
    pair = _pair(part)
    depths = positions_m[pair, 2]
    if not np.isfinite(depths).any():
        return float("nan"), float("nan")
    near = float(np.nanmin(depths))
    across = float(np.linalg.norm(xy_px[pair[0]] - xy_px[pair[1]])) * near / focal_px
    return near, float(np.sqrt(max((BREADTHS[part] * stature) ** 2 - across**2, 0.0)))


def _of_impossible_length(positions_m: Array, hidden: Flags, stature: float) -> Flags:
    """The outer joint of a bone that is far too short or long reads another surface."""
    wrong = np.zeros(JOINT_COUNT, dtype=np.bool_)
    low, high = BONE_RATIO_RANGE
    for inner, outer, fraction in LIMB_BONES:
        if wrong[inner] or hidden[inner]:
            # What covers the inner joint covers the outer one too, where it goes on at the same depth.
            wrong[outer] = abs(positions_m[outer, 2] - positions_m[inner, 2]) < EDGE_M
            continue
        ratio = float(np.linalg.norm(positions_m[inner] - positions_m[outer])) / (fraction * stature)
        wrong[outer] = np.isfinite(ratio) and not low <= ratio <= high
    return wrong


def _stature_m(positions_m: Array, hidden: Flags) -> float:
    implied = [
        float(np.linalg.norm(positions_m[a] - positions_m[b])) / fraction
        for a, b, fraction in LIMB_BONES
        if not (hidden[a] or hidden[b])
    ]
    finite = [value for value in implied if np.isfinite(value)]
    return float(np.median(finite)) if finite else TYPICAL_STATURE_M


def _far_side(xy_px: Array) -> str:
    """The side turned away from the camera: who faces the image's right shows the right side. "" where unknown."""
    face = xy_px[INDEX["nose"]] - xy_px[_pair("ear")].mean(axis=0)
    if not np.isfinite(face).all():
        face = xy_px[INDEX["nose"]] - xy_px[_pair("shoulder")].mean(axis=0)
    up = xy_px[_pair("shoulder")].mean(axis=0) - xy_px[_pair("hip")].mean(axis=0)
    turn = float(up[0] * face[1] - up[1] * face[0])
    if not np.isfinite(turn) or turn == 0.0:
        return ""
    return "left" if turn > 0 else "right"


def _pair(part: str) -> list[int]:
    return [INDEX[f"left_{part}"], INDEX[f"right_{part}"]]
