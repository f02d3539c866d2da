"""How each IMU sits on its segment, from the athlete standing still, and which way the athlete faced, from a bow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sport_nodes.capture.imu_protocols import GRAVITY_M_S2, ImuReading
from sport_nodes.errors import InputError

Array = NDArray[np.float64]

#: Standing still, a segment sways by less than this (standard deviation of its orientation) [deg].
STILL_DEG: Final = 2.0
#: The specific force, turned into the world, points up to within this, or the sensor's orientation is off [deg].
GRAVITY_ERROR_DEG: Final = 4.0
#: A standing sensor's specific force is gravity's to within this part, or its unit is wrong.
GRAVITY_SCALE: Final = 0.05
#: Over some seconds, heading and gyroscope stay together within this: a bias of 0.5 deg/s and a share for the filter's
#: own settling [deg].
HEADING_DRIFT_DEG: Final = 5.0
#: Readings of a second at 50 Hz, the slowest IMUs.
MINIMUM_READINGS: Final = 50
#: A bow turns the trunk by at least this [deg] ...
SMALLEST_BOW_DEG: Final = 25.0
#: ... about an axis that is level to within this [deg].
LEVEL_DEG: Final = 25.0


def mounting(readings: Sequence[ImuReading], *, heading_rad: float, name: str) -> Array:
    """(3, 3) segment_from_sensor of an IMU on an athlete who stands upright, arms hanging, facing the world's +x.

    In that pose each segment's frame is the world's (x ahead, y left, z up). heading_rad: the angle about z that turns
    the IMUs' own level frame (its x north, or wherever it was switched on) into the world; `heading_of_bow` finds it.
    Raises InputError when the sensor sends no orientation, moved, or disagrees with gravity.
    """
    if len(readings) < MINIMUM_READINGS:
        raise InputError(f"{name}: {len(readings)} readings are too few; stand still for two seconds")
    turns = _orientations(readings, name)
    mean = turns.mean()
    sway_deg = math.degrees(float(np.sqrt(np.mean((mean.inv() * turns).magnitude() ** 2))))
    if sway_deg > STILL_DEG:
        raise InputError(f"{name}: turned by {sway_deg:.1f} deg while it should be still; stand still and record again")
    force = mean.apply(np.mean([reading.accel for reading in readings], axis=0))
    off_deg = math.degrees(math.acos(float(np.clip(force[2] / np.linalg.norm(force), -1.0, 1.0))))
    if off_deg > GRAVITY_ERROR_DEG or abs(float(np.linalg.norm(force)) / GRAVITY_M_S2 - 1.0) > GRAVITY_SCALE:
        raise InputError(
            f"{name}: its orientation is {off_deg:.1f} deg off gravity ({np.linalg.norm(force):.2f} m/s^2); let it "
            "settle away from iron, and check its units"
        )
    return np.asarray((Rotation.from_euler("z", heading_rad) * mean).as_matrix())


def heading_of_bow(readings: Sequence[ImuReading], *, name: str) -> float:
    """Angle about z [rad] from the IMUs' level frame to the world, from the trunk's IMU while the athlete bows ahead.

    A bow turns the trunk about the athlete's left, the world's +y. Raises InputError when it was no clear bow.
    """
    turns = _orientations(readings, name)
    vectors = (turns * turns[0].inv()).as_rotvec()
    deepest = vectors[int(np.argmax(np.linalg.norm(vectors, axis=1)))]
    angle_deg = math.degrees(float(np.linalg.norm(deepest)))
    if angle_deg < SMALLEST_BOW_DEG:
        raise InputError(
            f"{name}: turned by {angle_deg:.0f} deg only; bow ahead by about 45 degrees, then straighten up"
        )
    axis = deepest / np.linalg.norm(deepest)
    tilt_deg = math.degrees(math.asin(float(np.clip(abs(axis[2]), 0.0, 1.0))))
    if tilt_deg > LEVEL_DEG:
        raise InputError(
            f"{name}: turned about an axis {tilt_deg:.0f} deg off level; bow straight ahead, without twisting"
        )
    return math.remainder(0.5 * math.pi - math.atan2(axis[1], axis[0]), 2.0 * math.pi)


def check_heading(readings: Sequence[ImuReading], *, name: str) -> None:
    """Whether the sensor's heading follows what its gyroscope feels.

    A heading that turns while the gyroscope feels nothing is a compass that follows iron or a motor instead of the
    north. Raises InputError then, and when there is no gyroscope or orientation.
    """
    turns = _orientations(readings, name)
    rates = np.array([reading.gyro for reading in readings])
    times_s = np.array([reading.device_s for reading in readings])
    if not (np.isfinite(rates).all() and np.isfinite(times_s).all()):
        raise InputError(f"{name}: readings without angular rate or time; switch these outputs on")
    steps = Rotation.from_rotvec(0.5 * (rates[1:] + rates[:-1]) * np.diff(times_s)[:, None])
    felt = Rotation.identity()
    worst_deg = 0.0
    for step, shown in zip(steps, turns[1:], strict=True):
        felt = felt * step
        # Turned by the first orientation into the level frame, what is left about z is heading without a cause.
        apart = (shown * (turns[0] * felt).inv()).as_rotvec()
        worst_deg = max(worst_deg, abs(math.degrees(float(apart[2]))))
    if worst_deg > HEADING_DRIFT_DEG:
        raise InputError(
            f"{name}: its heading turned by {worst_deg:.0f} deg that its gyroscope did not feel; record again away "
            "from iron, motors and loudspeakers, or calibrate its magnetometer"
        )


def _orientations(readings: Sequence[ImuReading], name: str) -> Rotation:
    quaternions = np.array([reading.orientation_xyzw for reading in readings])
    if not len(quaternions) or not np.isfinite(quaternions).all():
        raise InputError(f"{name}: sends no orientation; switch its quaternion output on")
    return Rotation.from_quat(quaternions)
