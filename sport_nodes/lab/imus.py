"""Body-worn IMUs: orientation, angular rate and specific force, from a moving skeleton."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, make_lsq_spline
from scipy.spatial.transform import Rotation, RotationSpline

from sport_nodes.lab.noise import SensorNoise
from sport_nodes.lab.processes import correlated_noise
from sport_nodes.lab.segments import lower_joint_m, segment_frames, upper_joint_m
from sport_nodes.lab.trajectory import Trajectory
from sport_nodes.rig import ImuMount

Array = NDArray[np.float64]

GRAVITY_M_S2: Final = np.array([0.0, 0.0, -9.81])

# Where each sensor sits: share of the way from the lower to the upper joint, and metres ahead of the bone. Breastbone,
# back of the wrist, front of the shin: where straps hold best and skin moves least.
SENSOR_PLACES: Final[dict[str, tuple[float, float]]] = {
    "trunk": (0.75, 0.11),
    "left_forearm": (0.15, 0.03),
    "right_forearm": (0.15, 0.03),
    "left_shank": (0.45, 0.05),
    "right_shank": (0.45, 0.05),
}

# Skin and straps follow the bone up to about this frequency, which is also all that voluntary movement holds.
_BANDWIDTH_HZ: Final = 20.0
_DEGREE: Final = 5  # of the smoothing spline: accelerations are its cubic second derivative
# Knots of the curves that are differentiated.
_KNOT_RATE_HZ: Final = 120.0
_MINIMUM_KNOTS: Final = 8


class ImuMotion:
    """How one sensor truly moves: its orientation and place as splines through knots_s (K,).

    world_from_sensor: (K, 3, 3); origin_m: (K, 3) in world. Outside the knots it rests.
    """

    def __init__(self, knots_s: Array, world_from_sensor: Array, origin_m: Array) -> None:
        self._knots_s = knots_s
        self._origin_m = CubicSpline(knots_s, origin_m)
        self._rotation = RotationSpline(knots_s, Rotation.from_matrix(world_from_sensor))

    def orientation(self, times_s: Array) -> Rotation:
        """World from sensor at N times."""
        return self._rotation(np.clip(times_s, self._knots_s[0], self._knots_s[-1]))

    def vectors(self, times_s: Array) -> Array:
        """(N, 6) angular rate [rad/s], then specific force [m/s^2], in the sensor's frame."""
        at = np.clip(times_s, self._knots_s[0], self._knots_s[-1])
        moving = (times_s == at)[:, None]
        rate = np.where(moving, self._rotation(at, 1), 0.0)  # scipy gives it in the turning frame
        acceleration = np.where(moving, self._origin_m(at, 2), 0.0)
        force = self._rotation(at).inv().apply(acceleration - GRAVITY_M_S2)
        return np.concatenate([rate, force], axis=1)


def imu_motions(trajectory: Trajectory, mounts: tuple[ImuMount, ...]) -> dict[str, ImuMotion]:
    """The true motion of each IMU whose segment the trajectory shows throughout.

    mounts: segment_from_sensor as it really is.
    """
    count = max(int(np.ceil((trajectory.end_s - trajectory.begin_s) * _KNOT_RATE_HZ)) + 1, _MINIMUM_KNOTS)
    knots_s = np.linspace(trajectory.begin_s, trajectory.end_s, count)
    positions = _followed(knots_s, trajectory.positions_m(knots_s))
    frames = segment_frames(positions)
    motions = {}
    for mount in mounts:
        if mount.segment not in frames:
            continue
        share, ahead_m = SENSOR_PLACES[mount.segment]
        lower, upper = lower_joint_m(mount.segment, positions), upper_joint_m(mount.segment, positions)
        frame = frames[mount.segment]
        origin = lower + share * (upper - lower) + ahead_m * frame[:, :, 0]
        motions[mount.name] = ImuMotion(knots_s, frame @ mount.segment_from_sensor, origin)
    return motions


def _followed(times_s: Array, positions_m: Array) -> Array:
    """(K, 17, 3) as skin and straps follow them: least-squares splines, two knots a period of _BANDWIDTH_HZ.

    Unlike a filter they have no edge effects, and leave polynomial motion such as free flight as it is.
    """
    pieces = max(int((times_s[-1] - times_s[0]) * 2.0 * _BANDWIDTH_HZ), 1)
    breaks = np.linspace(times_s[0], times_s[-1], pieces + 1)
    knots = np.concatenate([np.repeat(breaks[0], _DEGREE), breaks, np.repeat(breaks[-1], _DEGREE)])
    flat = positions_m.reshape(len(times_s), -1)
    followed = np.full_like(flat, np.nan)
    known = np.isfinite(flat).all(axis=0)
    followed[:, known] = make_lsq_spline(times_s, flat[:, known], knots, _DEGREE)(times_s)
    return followed.reshape(positions_m.shape)


def mounted(mounts: tuple[ImuMount, ...], noise: SensorNoise, rng: np.random.Generator) -> tuple[ImuMount, ...]:
    """The mounts as the straps really sit: each turned by a small random rotation."""
    return tuple(
        ImuMount(
            m.name,
            m.segment,
            m.segment_from_sensor @ Rotation.from_rotvec(noise.mounting_error_rad * rng.standard_normal(3)).as_matrix(),
        )
        for m in mounts
    )


def measure_imu(
    motion: ImuMotion, times_s: Array, *, noise: SensorNoise, rng: np.random.Generator
) -> tuple[Array, Array]:
    """What the sensor reports at times_s (N,): orientation_xyzw (N, 4) of sensor in world, vectors (N, 6)."""
    steps = np.diff(times_s, prepend=times_s[0])
    walk = np.cumsum(noise.heading_walk_rad_rts * np.sqrt(steps) * rng.standard_normal(len(times_s)))
    heading = noise.heading_error_rad * rng.standard_normal() + walk
    tilt = noise.tilt_error_rad * correlated_noise(rng, times_s, (2,), correlation_s=noise.tilt_correlation_s)
    error = Rotation.from_rotvec(np.column_stack([np.zeros((len(times_s), 2)), heading])) * Rotation.from_rotvec(
        np.column_stack([tilt, np.zeros(len(times_s))])
    )
    orientation = (error * motion.orientation(times_s)).as_quat()
    vectors = motion.vectors(times_s)
    # White noise of density d sampled at rate f has sd d * sqrt(f / 2).
    bandwidth = np.sqrt(noise.imu_rate_hz / 2.0)
    for part, density, bias, limit in (
        (slice(0, 3), noise.gyro_noise_rad_s_rthz, noise.gyro_bias_rad_s, noise.gyro_range_rad_s),
        (slice(3, 6), noise.accel_noise_m_s2_rthz, noise.accel_bias_m_s2, noise.accel_range_m_s2),
    ):
        vectors[:, part] += bias * rng.standard_normal(3)
        vectors[:, part] += density * bandwidth * rng.standard_normal((len(times_s), 3))
        vectors[:, part] = np.clip(vectors[:, part], -limit, limit)
    return np.asarray(orientation), vectors
