"""What the fusion learns about one athlete while it watches: limb lengths and how the IMUs sit."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sport_nodes.fusion.lengths import UNKNOWN_LENGTHS, BoneLengths, estimate_lengths
from sport_nodes.fusion.mounting import Mounting, fit_mounting, segment_directions
from sport_nodes.fusion.noise import IMU_CALIBRATED_RAD, IMU_UNCALIBRATED_RAD
from sport_nodes.fusion.objective import segment_joints
from sport_nodes.rig import ImuMount, Rig
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]

#: Frames that are remembered and how often they are looked at.
MEMORY_FRAMES: Final = 300
LEARN_EVERY_FRAMES: Final = 15
#: Only joints known better than this speak about a segment's direction [m].
MAX_JOINT_SIGMA_M: Final = 0.03
#: A segment's length before it is known, which scales an angle to a distance [m].
USUAL_SEGMENT_M: Final = 0.3
#: Nothing is divided by less [m].
SHORTEST_M: Final = 1e-6


class AthleteModel:
    """Lengths and mountings, learnt from fused frames; `lengths` may be given and then stay."""

    def __init__(self, rig: Rig, imu_names: tuple[str, ...], lengths: BoneLengths | None) -> None:
        mounts = {m.name: m for m in rig.imus}
        self.imus = tuple(mounts[name] for name in imu_names)
        self.segments = segment_joints(tuple(m.segment for m in self.imus))
        self.lengths = lengths or UNKNOWN_LENGTHS
        self.segment_m = np.full(len(self.imus), USUAL_SEGMENT_M)
        self.nominal = tuple(nominal_mounting(m) for m in self.imus)
        self.mountings = list(self.nominal)
        self._given = lengths is not None
        # The last frames, in a ring.
        self._points_m = np.empty((MEMORY_FRAMES, JOINT_COUNT, 3))
        self._sigma_m = np.empty((MEMORY_FRAMES, JOINT_COUNT))
        self._orientation_xyzw = np.empty((MEMORY_FRAMES, len(self.imus), 4))
        self._watched = 0

    def directions(self, orientation_xyzw: Array) -> tuple[Array, Array]:
        """Orientations (T, S, 4) to the segments' directions (T, S, 3) and weights (T, S) [1/rad^2]."""
        bones = np.array([m.bone for m in self.mountings]).reshape(-1, 3)
        heading_rad = np.array([m.heading_rad for m in self.mountings])
        directions = segment_directions(bones, heading_rad, orientation_xyzw)
        known = np.isfinite(directions[..., 0])
        weight = np.array([1.0 / m.sigma_rad**2 for m in self.mountings])
        return np.where(known[..., None], directions, 0.0), np.where(known, weight, 0.0)

    def watch(self, points_m: Array, sigma_m: Array, orientation_xyzw: Array) -> None:
        """One fused frame: (17, 3), (17,) with infinity where it was not measured, and (S, 4)."""
        place = self._watched % MEMORY_FRAMES
        self._points_m[place], self._sigma_m[place] = points_m, sigma_m
        self._orientation_xyzw[place] = orientation_xyzw
        self._watched += 1
        if self._watched % LEARN_EVERY_FRAMES == 0:
            known = slice(min(self._watched, MEMORY_FRAMES))
            self.learn(self._points_m[known], self._sigma_m[known], self._orientation_xyzw[known])

    def learn(self, points_m: Array, sigma_m: Array, orientation_xyzw: Array) -> None:
        """From (T, 17, 3), (T, 17) and (T, S, 4)."""
        if not self._given:
            self.lengths = estimate_lengths(points_m, sigma_m, held=self.lengths)
        for s, nominal in enumerate(self.nominal):
            directions, length_m = _segment(points_m, sigma_m, self.segments[s])
            if np.isfinite(length_m):
                self.segment_m[s] = length_m
            self.mountings[s] = fit_mounting(
                nominal, orientation_xyzw[:, s], directions, calibrated_rad=IMU_CALIBRATED_RAD
            )


@njit(cache=True, error_model="numpy")
def _segment(points_m: Array, sigma_m: Array, joints: NDArray[np.int64]) -> tuple[Array, float]:
    """(T, 3) unit directions of a segment between four joints, NaN where unsure, and its median length [m]."""
    directions, length, known = np.full((len(points_m), 3), np.nan), np.empty(len(points_m)), 0
    for t in range(len(points_m)):
        unsure = False
        for k in range(4):
            unsure |= sigma_m[t, joints[k]] > MAX_JOINT_SIGMA_M
        if unsure:
            continue
        squared = 0.0
        for a in range(3):
            upper = points_m[t, joints[0], a] + points_m[t, joints[1], a]
            directions[t, a] = 0.5 * (upper - points_m[t, joints[2], a] - points_m[t, joints[3], a])
            squared += directions[t, a] ** 2
        length[known] = np.sqrt(squared)
        directions[t] /= max(length[known], SHORTEST_M)
        known += 1
    return directions, np.median(length[:known]) if known else np.nan


def nominal_mounting(mount: ImuMount) -> Mounting:
    """The mounting as the rig says: the segment's z axis in the sensor's frame."""
    return Mounting(mount.segment_from_sensor.T @ np.array([0.0, 0.0, 1.0]), 0.0, IMU_UNCALIBRATED_RAD)
