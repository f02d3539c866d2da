"""The 17 COCO joints: names, edges, limbs, segments, mirrored pairs. The one place that knows them."""

from typing import Final

JOINTS: Final[tuple[str, ...]] = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
JOINT_COUNT: Final = len(JOINTS)
INDEX: Final[dict[str, int]] = {name: i for i, name in enumerate(JOINTS)}

TRUNK_JOINTS: Final = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")

_EDGE_NAMES: Final = (
    ("nose", "left_eye"),
    ("nose", "right_eye"),
    ("left_eye", "left_ear"),
    ("right_eye", "right_ear"),
    ("left_ear", "left_shoulder"),
    ("right_ear", "right_shoulder"),
    ("left_shoulder", "right_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_hip", "right_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
)
EDGES: Final[tuple[tuple[int, int], ...]] = tuple((INDEX[a], INDEX[b]) for a, b in _EDGE_NAMES)

# Bones whose length a grown skeleton keeps whatever the posture; the ear-shoulder edges stretch with the neck.
RIGID_BONES: Final[tuple[tuple[int, int], ...]] = tuple(
    (INDEX[a], INDEX[b])
    for a, b in (
        ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"),
        ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"),
        ("left_hip", "left_knee"),
        ("left_knee", "left_ankle"),
        ("right_hip", "right_knee"),
        ("right_knee", "right_ankle"),
        ("left_shoulder", "right_shoulder"),
        ("left_hip", "right_hip"),
    )
)

LIMBS: Final[dict[str, tuple[str, ...]]] = {
    "head": JOINTS[:5],
    "left_arm": ("left_shoulder", "left_elbow", "left_wrist"),
    "right_arm": ("right_shoulder", "right_elbow", "right_wrist"),
    "left_leg": ("left_hip", "left_knee", "left_ankle"),
    "right_leg": ("right_hip", "right_knee", "right_ankle"),
}

# Segments that carry an IMU, as (upper, lower) joints of a person who stands with hanging arms; several joints mean
# their midpoint. The z axis of a segment's frame points from lower to upper.
SEGMENTS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "trunk": (("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")),
    "left_forearm": (("left_elbow",), ("left_wrist",)),
    "right_forearm": (("right_elbow",), ("right_wrist",)),
    "left_shank": (("left_knee",), ("left_ankle",)),
    "right_shank": (("right_knee",), ("right_ankle",)),
}


def mirrored(name: str) -> str:
    """The same joint, segment or limb of the other side; midline names are their own mirror image."""
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    if name.startswith("right_"):
        return "left_" + name.removeprefix("right_")
    return name


MIRROR_INDEX: Final[tuple[int, ...]] = tuple(INDEX[mirrored(name)] for name in JOINTS)
