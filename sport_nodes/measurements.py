"""What the sensors deliver, before and after it is brought onto one time grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.motion import Motion

Array = NDArray[np.float64]

#: Order of the six numbers of an IMU vector: angular rate [rad/s], then specific force [m/s^2], in the sensor's frame.
IMU_VECTOR: Final = ("gyro_x", "gyro_y", "gyro_z", "accel_x", "accel_y", "accel_z")


@dataclass(frozen=True, eq=False)
class KeypointStream:
    """2D keypoints of one camera.

    times_s: (T,) host time of the exposure's centre.
    xy_px: (T, P, 17, 2), people in no fixed order; NaN where a person or joint is absent.
    confidence: (T, P, 17), 0 where absent.
    """

    times_s: Array
    xy_px: Array
    confidence: Array


@dataclass(frozen=True, eq=False)
class SkeletonStream:
    """3D joints of the depth camera in its own optical frame.

    times_s: (T,); positions_m: (T, 17, 3), NaN where absent; confidence: (T, 17).
    """

    times_s: Array
    positions_m: Array
    confidence: Array


@dataclass(frozen=True, eq=False)
class ImuStream:
    """One body-worn IMU.

    times_s: (T,); orientation_xyzw: (T, 4) sensor in world; vectors: (T, 6) as IMU_VECTOR.
    """

    times_s: Array
    orientation_xyzw: Array
    vectors: Array


@dataclass(frozen=True)
class DeviceClock:
    """How one device's clock stood against the host's, and what was lost on the way.

    latency_ms: what no clock shows, by how much its stamps trail the motion; NaN where not certain.
    """

    name: str
    offset_us: float
    drift_ppm: float
    jitter_us: float
    delay_ms: float
    received: int
    dropped: int
    restarts: int
    trusted: bool
    reason: str = ""
    latency_ms: float = math.nan


@dataclass(frozen=True, eq=False)
class Recording:
    """All sensor streams of one trial, as recorded.

    cameras and imus by name (`camera_0`, `imu_trunk`); truth, in seconds on the same clock, only from the lab.
    """

    depth: SkeletonStream | None
    cameras: dict[str, KeypointStream]
    imus: dict[str, ImuStream]
    clocks: tuple[DeviceClock, ...] = ()
    truth: Motion | None = None
    action: str = ""
    athlete: str = ""
    trial: str = ""


@dataclass(frozen=True, eq=False)
class AlignedTrial:
    """Every sensor on one time grid; the first axis is always the frame, NaN is "not measured".

    times_s: (T,)
    camera_names (C): keypoints_px (T, C, P, 17, 2), keypoint_confidence (T, C, P, 17)
    depth_m: (T, 17, 3) in world, depth_confidence: (T, 17)
    imu_names (S): imu_orientation_xyzw (T, S, 4), imu_vectors (T, S, 6)
    depth_filled (T, 17), keypoint_filled (T, C, P, 17), imu_filled (T, S): interpolated over a gap.
    """

    times_s: Array
    camera_names: tuple[str, ...]
    keypoints_px: Array
    keypoint_confidence: Array
    depth_m: Array
    depth_confidence: Array
    imu_names: tuple[str, ...]
    imu_orientation_xyzw: Array
    imu_vectors: Array
    depth_filled: NDArray[np.bool_]
    keypoint_filled: NDArray[np.bool_]
    imu_filled: NDArray[np.bool_]
    clocks: tuple[DeviceClock, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.times_s)

    def frame(self, index: int) -> AlignedTrial:
        """One frame as a trial of length one."""
        i = slice(index, index + 1)
        return AlignedTrial(
            self.times_s[i],
            self.camera_names,
            self.keypoints_px[i],
            self.keypoint_confidence[i],
            self.depth_m[i],
            self.depth_confidence[i],
            self.imu_names,
            self.imu_orientation_xyzw[i],
            self.imu_vectors[i],
            self.depth_filled[i],
            self.keypoint_filled[i],
            self.imu_filled[i],
            self.clocks,
        )
