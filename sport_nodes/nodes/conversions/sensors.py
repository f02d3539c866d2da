"""Sensor messages and the core's streams of length one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import Quaternion, Vector3
from sensor_msgs.msg import CameraInfo, Imu
from sport_coach.msg import DeviceClock as ClockMessage
from sport_coach.msg import Keypoints2D, Person2D, SyncReport

from sport_nodes.measurements import DeviceClock, ImuStream, KeypointStream
from sport_nodes.nodes.conversions.arrays import (
    Array,
    checked_confidence,
    checked_positions,
    doubles,
    fixed,
    from_stamp,
    make_header,
    require,
    rows,
)
from sport_nodes.rig import Camera
from sport_nodes.skeleton import JOINT_COUNT

#: REP-145: a covariance that begins with -1 says that the quantity is not measured.
NOT_MEASURED = -1.0
#: How far an orientation's norm may be from one.
UNIT_TOLERANCE = 0.05

_CLOCK_FIELDS = (
    "name",
    "offset_us",
    "drift_ppm",
    "jitter_us",
    "delay_ms",
    "received",
    "dropped",
    "restarts",
    "trusted",
    "reason",
)


def keypoints_to_message(
    keypoints: KeypointStream,
    *,
    frame_id: str,
    sequence: int,
    size_px: tuple[int, int],
    track_ids: Sequence[int] | None = None,
) -> Keypoints2D:
    """One image's keypoints (a stream of length one). track_ids: one a person, -1 (the default) where not tracked."""
    people = []
    for p in range(keypoints.xy_px.shape[1]):
        person = Person2D(xy_px=fixed(keypoints.xy_px[0, p]), confidence=fixed(keypoints.confidence[0, p]))
        person.track_id = -1 if track_ids is None else int(track_ids[p])
        people.append(person)
    return Keypoints2D(
        header=make_header(float(keypoints.times_s[0]), frame_id),
        sequence=sequence,
        width_px=size_px[0],
        height_px=size_px[1],
        people=people,
    )


def keypoints_from_message(message: Any) -> KeypointStream:
    """A stream of length one, with the people in the message's order. Raises InputError for nonsense."""
    xy = rows([v for p in message.people for v in p.xy_px], (1, -1, JOINT_COUNT, 2), "keypoints")
    confidence = rows([v for p in message.people for v in p.confidence], (1, -1, JOINT_COUNT), "keypoints")
    require(confidence.shape == xy.shape[:-1], "keypoints have not one confidence a joint")
    return KeypointStream(
        np.array([from_stamp(message.header.stamp)]),
        checked_positions(xy, "keypoints"),
        checked_confidence(confidence, "keypoints"),
    )


def imu_to_message(imu: ImuStream, *, frame_id: str) -> Imu:
    """One sample (a stream of length one); what is NaN is also declared as not measured (REP-145)."""
    message = Imu(header=make_header(float(imu.times_s[0]), frame_id))
    orientation, rate, force = imu.orientation_xyzw[0], imu.vectors[0, :3], imu.vectors[0, 3:]
    message.orientation = Quaternion(**dict(zip("xyzw", map(float, orientation), strict=True)))
    message.angular_velocity = Vector3(**dict(zip("xyz", map(float, rate), strict=True)))
    message.linear_acceleration = Vector3(**dict(zip("xyz", map(float, force), strict=True)))
    for values, covariance in (
        (orientation, message.orientation_covariance),
        (rate, message.angular_velocity_covariance),
        (force, message.linear_acceleration_covariance),
    ):
        if not np.all(np.isfinite(values)):
            covariance[0] = NOT_MEASURED
    return message


def imu_from_message(message: Any) -> ImuStream:
    """A stream of length one; NaN where the message says "not measured". Raises InputError for nonsense."""
    q, w, a = message.orientation, message.angular_velocity, message.linear_acceleration
    orientation = _measured([q.x, q.y, q.z, q.w], message.orientation_covariance)
    rate = _measured([w.x, w.y, w.z], message.angular_velocity_covariance)
    force = _measured([a.x, a.y, a.z], message.linear_acceleration_covariance)
    vector = np.concatenate([rate, force])
    require(not np.any(np.isinf(vector)), "an IMU sample has an infinite rate or force")
    norm = float(np.linalg.norm(orientation))
    require(
        np.isnan(norm) or abs(norm - 1.0) < UNIT_TOLERANCE, f"an IMU's orientation has the norm {norm:.3g}, expected 1"
    )
    return ImuStream(np.array([from_stamp(message.header.stamp)]), orientation[None], vector[None])


def camera_info(camera: Camera, *, stamp_s: float) -> CameraInfo:
    """Calibration of a camera whose images are not rectified."""
    return CameraInfo(
        header=make_header(stamp_s, camera.frame_id),
        height=camera.height_px,
        width=camera.width_px,
        distortion_model="plumb_bob",
        d=doubles(camera.distortion),
        k=fixed(camera.matrix),
        r=fixed(np.eye(3)),
        p=fixed(np.column_stack([camera.matrix, np.zeros(3)])),
    )


def clock_to_message(clock: DeviceClock) -> ClockMessage:
    return ClockMessage(**{name: getattr(clock, name) for name in _CLOCK_FIELDS})


def clock_from_message(message: Any) -> DeviceClock:
    return DeviceClock(**{name: getattr(message, name) for name in _CLOCK_FIELDS})


def sync_to_message(clocks: Sequence[DeviceClock], *, stamp_s: float, trial: str) -> SyncReport:
    """The state of all clocks at a time; trial is empty outside a trial."""
    header = make_header(stamp_s, "")
    return SyncReport(header=header, trial=trial, devices=[clock_to_message(c) for c in clocks])


def clocks_from_sync(message: Any) -> tuple[DeviceClock, ...]:
    return tuple(clock_from_message(d) for d in message.devices)


def _measured(values: list[float], covariance: Any) -> Array:
    if covariance[0] == NOT_MEASURED:
        return np.full(len(values), np.nan)
    return np.array(values)
