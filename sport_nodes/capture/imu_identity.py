"""Which IMU sits on which segment, from a routine that moves one segment after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.imu_protocols import ImuReading
from sport_nodes.errors import InputError

Array = NDArray[np.float64]

#: The routine: stand still, then bow, bend the left elbow, the right one, lift the left knee, the right one; with a
#: second of standing still in between.
ROUTINE: Final = ("trunk", "left_forearm", "right_forearm", "left_shank", "right_shank")
#: Turning is summed over windows of this length [s].
WINDOW_S: Final = 0.5
#: A segment's turn in the routine reaches this [rad/s, mean of a window].
MOVED_RAD_S: Final = 0.5
#: In its own turn an IMU moves so many times as fast as any other; less, and two of them moved together.
ALONE: Final = 1.5
#: Two turns lie at least so far apart [s].
APART_S: Final = 1.0


def segments_of(recordings: Mapping[str, Sequence[ImuReading]]) -> dict[str, str]:
    """The segment of each recording, all of which began at the same time.

    Raises InputError that says which of them did not move, or not alone, or at the same time as another.
    """
    if len(recordings) != len(ROUTINE):
        raise InputError(f"{len(recordings)} IMUs were recorded; the routine is for {len(ROUTINE)}")
    names = list(recordings)
    speeds = _window_speeds([recordings[name] for name in names])
    when: dict[str, float] = {}
    for i, name in enumerate(names):
        # Where it moves most beside the others, not where it moves most: bowing swings the arms too.
        others = np.delete(speeds, i, axis=0).max(axis=0)
        lead = np.where(speeds[i] > MOVED_RAD_S, speeds[i] / np.maximum(others, 1e-6), 0.0)
        best = int(np.argmax(lead))
        if lead[best] < ALONE:
            raise InputError(
                f"{name}: never moved alone; record the routine again, one segment after the other, still in between"
            )
        when[name] = best * WINDOW_S
    order = sorted(names, key=lambda name: when[name])
    for first, second in pairwise(order):
        if when[second] - when[first] < APART_S:
            raise InputError(f"{first} and {second} moved at the same time; stand still for a second in between")
    return dict(zip(order, ROUTINE, strict=True))


def _window_speeds(recordings: Sequence[Sequence[ImuReading]]) -> Array:
    """(IMUs, windows) mean angular speed [rad/s]."""
    length_s = min(readings[-1].device_s - readings[0].device_s for readings in recordings)
    windows = int(length_s / WINDOW_S)
    if windows < 2 * len(ROUTINE):
        raise InputError(f"the routine was recorded for {length_s:.1f} s; it takes about fifteen")
    speeds = np.zeros((len(recordings), windows))
    for i, readings in enumerate(recordings):
        since_s = np.array([reading.device_s for reading in readings]) - readings[0].device_s
        speed = np.linalg.norm([reading.gyro for reading in readings], axis=1)
        place = (since_s / WINDOW_S).astype(int)
        for w in range(windows):
            speeds[i, w] = speed[place == w].mean() if (place == w).any() else 0.0
    return speeds
