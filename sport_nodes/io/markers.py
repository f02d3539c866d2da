"""Names of keypoints and markers in other programs' files, and how the 17 joints follow from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.skeleton import INDEX, JOINT_COUNT

Array = NDArray[np.float64]

#: Each joint from the best its file offers: recipes in order of preference, a recipe being the markers whose mean is
#: the joint. Names are without side, capitals and punctuation. Keypoints (COCO, BODY_25(B), HALPE_26, OpenCap) and
#: joint centres come first, then a joint's medial and lateral markers, then the single one of Plug-in Gait.
SIDED_RECIPES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "eye": (("eye",),),
    "ear": (("ear",), ("fhd", "bhd")),
    "shoulder": (("shoulder",), ("sjc",), ("sho",), ("acromium",), ("acromion",), ("acr",), ("shoulderstudy",)),
    "elbow": (
        ("elbow",),
        ("ejc",),
        ("elb", "elbm"),
        ("elblat", "elbmed"),
        ("elbowlat", "elbowmed"),
        ("lelbowstudy", "melbowstudy"),
        ("elb",),
        ("elbowlat",),
    ),
    "wrist": (("wrist",), ("wjc",), ("wra", "wrb"), ("wristlat", "wristmed"), ("lwriststudy", "mwriststudy"), ("wra",)),
    "hip": (("hip",), ("hjc",), ("hjcstudy",)),
    "knee": (
        ("knee",),
        ("kjc",),
        ("kne", "knm"),
        ("kne", "knem"),
        ("kneelat", "kneemed"),
        ("kneestudy", "mkneestudy"),
        ("kne",),
        ("kneelat",),
    ),
    "ankle": (
        ("ankle",),
        ("ajc",),
        ("ank", "anm"),
        ("ank", "med"),
        ("ank", "mma"),
        ("anklelat", "anklemed"),
        ("anklestudy", "manklestudy"),
        ("ank",),
        ("anklelat",),
    ),
}
NOSE_NAMES: Final = ("nose",)

#: Pelvis markers, from which hip joint centres are regressed where the file has none.
FRONT_PELVIS: Final = ("asi", "asis")
BACK_PELVIS: Final = ("psi", "psis")
MIDDLE_PELVIS: Final = ("sacr", "sacral", "vsacral", "sacrum")

#: Harrington et al. 2007 (J Biomech 40:595, table 3, adults and children together): hip joint centre from the middle of
#: the front pelvis markers, as (factor, of pelvic depth or width, constant [m]) for forward, up and outward.
HARRINGTON_FORWARD: Final = (-0.24, -0.0099)
HARRINGTON_UP: Final = (-0.30, -0.0109)
HARRINGTON_OUTWARD: Final = (0.33, 0.0073)

_SIDE = re.compile(r"(left|right|l|r)(.+)")


def joints_from_markers(markers: Mapping[str, Array], source: str) -> Array:
    """(T, 17, 3) joint positions from labelled markers, each (T, 3) in metres with NaN gaps; NaN for what is not there.

    Raises InputError when no marker has a known name, or when several subjects share the file.
    """
    known = _by_side_and_part(markers, source)
    frames = len(next(iter(markers.values())))
    joints = np.full((frames, JOINT_COUNT, 3), np.nan)
    for side in ("left", "right"):
        for part, recipes in SIDED_RECIPES.items():
            for recipe in recipes:
                names = [(side, name) for name in recipe]
                if all(name in known for name in names):
                    joints[:, INDEX[f"{side}_{part}"]] = np.mean([known[name] for name in names], axis=0)
                    break
    for name in NOSE_NAMES:
        if ("", name) in known:
            joints[:, INDEX["nose"]] = known["", name]
    if not np.isfinite(joints[:, [INDEX["left_hip"], INDEX["right_hip"]]]).any():
        _add_hips(joints, known)
    if not np.isfinite(joints).any():
        found = ", ".join(list(markers)[:12]) + (", ..." if len(markers) > 12 else "")
        raise InputError(
            f"{source}: none of its {len(markers)} labels is a known joint that was seen (found: {found}); expected "
            "names such as LShoulder, RKnee (OpenPose, HALPE, COCO) or LSHO, RKNE, LASI (Plug-in Gait). Rename them"
        )
    return joints


def hip_centers(*, left_front: Array, right_front: Array, back: Array) -> tuple[Array, Array]:
    """Left and right hip joint centres, (T, 3) [m], from the pelvis markers (Harrington et al. 2007)."""
    front = 0.5 * (left_front + right_front)
    width = np.linalg.norm(left_front - right_front, axis=1, keepdims=True)
    depth = np.linalg.norm(front - back, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = (left_front - right_front) / width
        forward = front - back
        forward = forward - (forward * left).sum(axis=1, keepdims=True) * left
        forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    up = np.cross(forward, left)
    middle = (
        front
        + (HARRINGTON_FORWARD[0] * depth + HARRINGTON_FORWARD[1]) * forward
        + (HARRINGTON_UP[0] * width + HARRINGTON_UP[1]) * up
    )
    outward = (HARRINGTON_OUTWARD[0] * width + HARRINGTON_OUTWARD[1]) * left
    return middle + outward, middle - outward


def _add_hips(joints: Array, known: dict[tuple[str, str], Array]) -> None:
    left = _first(known, "left", FRONT_PELVIS)
    right = _first(known, "right", FRONT_PELVIS)
    back = _first(known, "", MIDDLE_PELVIS)
    if back is None:
        sides = [_first(known, side, BACK_PELVIS) for side in ("left", "right")]
        back = np.mean([s for s in sides if s is not None], axis=0) if all(s is not None for s in sides) else None
    if left is not None and right is not None and back is not None:
        centers = hip_centers(left_front=left, right_front=right, back=back)
        joints[:, INDEX["left_hip"]], joints[:, INDEX["right_hip"]] = centers


def _first(known: dict[tuple[str, str], Array], side: str, names: tuple[str, ...]) -> Array | None:
    return next((known[side, name] for name in names if (side, name) in known), None)


def _by_side_and_part(markers: Mapping[str, Array], source: str) -> dict[tuple[str, str], Array]:
    """Markers by (side, part): 'Derrick:LSHO', 'L_shoulder' and 'left_shoulder' are ('left', ...)."""
    parts = {name for recipes in SIDED_RECIPES.values() for recipe in recipes for name in recipe}
    parts.update(FRONT_PELVIS, BACK_PELVIS)
    middle = {*NOSE_NAMES, *MIDDLE_PELVIS}
    known: dict[tuple[str, str], Array] = {}
    labels: dict[tuple[str, str], str] = {}
    for label, positions in markers.items():
        plain = re.sub(r"[^a-z0-9]", "", label.rpartition(":")[2].lower())
        match = _SIDE.fullmatch(plain)
        if plain in middle:
            key = "", plain
        elif match and match[2] in parts:
            key = ("left" if match[1].startswith("l") else "right"), match[2]
        else:
            continue
        if key in known:
            raise InputError(
                f"{source}: both '{labels[key]}' and '{label}' are the same joint; export one subject to a file"
            )
        known[key], labels[key] = positions, label
    return known
