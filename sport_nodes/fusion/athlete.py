"""What the fusion learns about one athlete while it watches: limb lengths and how the IMUs sit."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.fusion.lengths import UNKNOWN_LENGTHS, BoneLengths, estimate_lengths
from sport_nodes.fusion.mounting import Mounting, fit_mounting, segment_directions
from sport_nodes.fusion.noise import IMU_CALIBRATED_RAD, IMU_UNCALIBRATED_RAD
from sport_nodes.fusion.objective import segment_joints
from sport_nodes.rig import ImuMount, Rig

Array = NDArray[np.float64]

#: Frames that are remembered and how often they are looked at.
MEMORY_FRAMES: Final = 300
LEARN_EVERY_FRAMES: Final = 15
#: Only joints known better than this speak about a segment's direction [m].
MAX_JOINT_SIGMA_M: Final = 0.03
#: A segment's length before it is known, which scales an angle to a distance [m].
USUAL_SEGMENT_M: Final = 0.3


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
        self._frames: deque[tuple[Array, Array, Array]] = deque(maxlen=MEMORY_FRAMES)
        self._since = 0

    def directions(self, orientation_xyzw: Array) -> tuple[Array, Array]:
        """Orientations (..., S, 4) to the segments' directions (..., S, 3) and weights (..., S) [1/rad^2]."""
        directions = segment_directions(self.mountings, orientation_xyzw)
        known = np.isfinite(directions[..., 0])
        weight = np.array([1.0 / m.sigma_rad**2 for m in self.mountings])
        return np.where(known[..., None], directions, 0.0), np.where(known, weight, 0.0)

    def watch(self, points_m: Array, sigma_m: Array, orientation_xyzw: Array) -> None:
        """One fused frame: (17, 3), (17,) with infinity where it was not measured, and (S, 4)."""
        self._frames.append((points_m, sigma_m, orientation_xyzw))
        self._since += 1
        if self._since >= LEARN_EVERY_FRAMES:
            self._since = 0
            self.learn(*(np.stack(part) for part in zip(*self._frames, strict=True)))

    def learn(self, points_m: Array, sigma_m: Array, orientation_xyzw: Array) -> None:
        """From (T, 17, 3), (T, 17) and (T, S, 4)."""
        if not self._given:
            self.lengths = estimate_lengths(points_m, sigma_m, held=self.lengths)
        upper, lower = self.segments[:, :2], self.segments[:, 2:]
        bone = points_m[:, upper].mean(axis=2) - points_m[:, lower].mean(axis=2)
        unsure: NDArray[np.bool_] = np.any(sigma_m[:, self.segments] > MAX_JOINT_SIGMA_M, axis=2)
        length = np.linalg.norm(bone, axis=2)
        directions = np.where(unsure[..., None], np.nan, bone / np.maximum(length, 1e-6)[..., None])
        for s, nominal in enumerate(self.nominal):
            if not unsure[:, s].all():
                self.segment_m[s] = np.median(length[~unsure[:, s], s])
            self.mountings[s] = fit_mounting(
                nominal, orientation_xyzw[:, s], directions[:, s], calibrated_rad=IMU_CALIBRATED_RAD
            )


def nominal_mounting(mount: ImuMount) -> Mounting:
    """The mounting as the rig says: the segment's z axis in the sensor's frame."""
    return Mounting(mount.segment_from_sensor.T @ np.array([0.0, 0.0, 1.0]), 0.0, IMU_UNCALIBRATED_RAD)
