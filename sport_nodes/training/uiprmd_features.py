"""What a repetition of a UI-PRMD exercise is told by: angles and directions of segments in the athlete's own frame.

Every figure comes from the repetition alone. Nothing in it knows where in the room the athlete stood, when the
repetition was recorded or how long it lasted.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.training.uiprmd import INDEX, JOINTS, RATE_HZ, Episode

Array = NDArray[np.float64]

#: Frames at the beginning that heading, place and starting posture are read from.
STARTING_FRAMES: Final = 5
#: Frames that the floor's resampled positions have.
RESAMPLED_FRAMES: Final = 20
_SPEED_QUANTILE: Final = 0.95

#: Angle at the middle joint.
HINGES: Final = tuple(
    tuple(name if name == "chest" else f"{side}_{name}" for name in names)
    for side in ("left", "right")
    for names in (
        ("hip", "knee", "ankle"),
        ("chest", "hip", "knee"),
        ("shoulder", "elbow", "wrist"),
        ("hip", "shoulder", "elbow"),
        ("knee", "ankle", "toes"),
    )
)
#: Segments whose direction is read, from joint to joint.
SEGMENTS: Final = (
    ("waist", "neck"),
    ("neck", "head_tip"),
    ("right_shoulder", "left_shoulder"),
    ("right_hip", "left_hip"),
    *(
        (f"{side}_{upper}", f"{side}_{lower}")
        for side in ("left", "right")
        for upper, lower in (
            ("hip", "knee"),
            ("knee", "ankle"),
            ("ankle", "toes"),
            ("shoulder", "elbow"),
            ("elbow", "wrist"),
        )
    ),
)


def _mirrored(name: str) -> str:
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    return "left_" + name.removeprefix("right_") if name.startswith("right_") else name


_MIRROR: Final = [INDEX[_mirrored(name)] for name in JOINTS]


def athlete_frame(positions_m: Array) -> Array:
    """(T, 22, 3) with x ahead, y left, z up from the starting place, in lengths of the athlete's leg."""
    corners = positions_m[:STARTING_FRAMES].mean(axis=0)
    left = (
        corners[INDEX["left_shoulder"]]
        - corners[INDEX["right_shoulder"]]
        + corners[INDEX["left_hip"]]
        - corners[INDEX["right_hip"]]
    )
    across = max(float(np.hypot(left[0], left[1])), np.finfo(float).tiny)
    ahead = np.array([left[1], -left[0]]) / across
    turn = np.array([[ahead[0], ahead[1], 0.0], [-ahead[1], ahead[0], 0.0], [0.0, 0.0, 1.0]])
    turned = positions_m @ turn.T
    return np.asarray((turned - turned[:STARTING_FRAMES, INDEX["waist"]].mean(axis=0)) / leg_length_m(positions_m))


def leg_length_m(positions_m: Array) -> float:
    """Thigh and shank, mean of both sides, median over the frames."""
    chains = [(f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (("hip", "knee"), ("knee", "ankle"))]
    lengths = [
        np.median(np.linalg.norm(positions_m[:, INDEX[a]] - positions_m[:, INDEX[b]], axis=1)) for a, b in chains
    ]
    return max(float(np.sum(lengths)) / 2.0, np.finfo(float).tiny)


def with_active_side_left(positions: Array) -> Array:
    """Mirrored where the right limbs move more, so that an exercise done with either side looks the same."""
    moved = dict.fromkeys(("left", "right"), 0.0)
    for side in moved:
        for joint in ("wrist", "elbow", "knee", "ankle"):
            path = positions[:, INDEX[f"{side}_{joint}"]] - positions[:, INDEX["waist"]]
            moved[side] += float(np.ptp(path, axis=0).sum())
    return mirrored(positions) if moved["right"] > moved["left"] else positions


def mirrored(positions: Array) -> Array:
    """(T, 22, 3) in the athlete's frame, left and right exchanged."""
    return np.asarray(positions[:, _MIRROR] * np.array([1.0, -1.0, 1.0]))


def posture_series(positions: Array) -> Array:
    """(T, 52) of positions (T, 22, 3) in the athlete's frame: angles of HINGES [rad], unit directions of SEGMENTS."""
    hinges = [
        _angle(positions[:, INDEX[a]] - positions[:, INDEX[b]], positions[:, INDEX[c]] - positions[:, INDEX[b]])
        for a, b, c in HINGES
    ]
    directions = [_unit(positions[:, INDEX[lower]] - positions[:, INDEX[upper]]) for upper, lower in SEGMENTS]
    return np.column_stack([*hinges, *directions])


def posture_features(episode: Episode) -> Array:
    """(416,) extremes, range, mean, spread, start, and extremes from the start, of every posture series."""
    series = posture_series(with_active_side_left(athlete_frame(episode.positions_m)))
    return series_features(series)


def series_features(series: Array) -> Array:
    """(8 D,) statistics of a series (T, D); the last three blocks of D rest on how it starts."""
    start = series[:STARTING_FRAMES].mean(axis=0)
    highest, lowest = series.max(axis=0), series.min(axis=0)
    rows = (
        highest,
        lowest,
        highest - lowest,
        series.mean(axis=0),
        series.std(axis=0),
        start,
        highest - start,
        lowest - start,
    )
    return np.concatenate(rows)


def position_features(episode: Episode) -> Array:
    """The floor's input: resampled positions in the athlete's frame, their ranges and speeds (leg lengths, s)."""
    positions = athlete_frame(episode.positions_m)
    resampled = resample(positions, RESAMPLED_FRAMES)
    waist = resampled[:, [INDEX["waist"]]]
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=2) * RATE_HZ
    return np.concatenate(
        [
            (resampled - waist).ravel(),
            waist.ravel(),
            np.ptp(positions, axis=0).ravel(),
            speed.mean(axis=0),
            np.quantile(speed, _SPEED_QUANTILE, axis=0),
        ]
    )


def path_and_speed(episode: Episode) -> Array:
    """(2,): path of the mean joint in leg lengths and its mean speed: the naive baseline's whole input."""
    positions = athlete_frame(episode.positions_m)
    path = float(np.linalg.norm(np.diff(positions, axis=0), axis=2).sum(axis=0).mean())
    return np.array([path, path * RATE_HZ / (len(positions) - 1)])


def resample(series: Array, frames: int) -> Array:
    """(frames, ...) of (T, ...) by linear interpolation over the whole length."""
    place = np.linspace(0.0, len(series) - 1.0, frames)
    before = np.minimum(place.astype(int), len(series) - 2)
    share = (place - before).reshape(-1, *([1] * (series.ndim - 1)))
    return np.asarray(series[before] * (1.0 - share) + series[before + 1] * share)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.finfo(float).tiny))


def _angle(first: Array, second: Array) -> Array:
    return np.arccos(np.clip((_unit(first) * _unit(second)).sum(axis=-1), -1.0, 1.0))
