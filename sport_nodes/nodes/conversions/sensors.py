"""Sensor messages and the core's streams of length one."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import Quaternion, Vector3
from sensor_msgs.msg import CameraInfo, Imu
from sport_coach.msg import DeviceClock as ClockMessage
from sport_coach.msg import Keypoints2D, Person2D, SyncReport

from sport_nodes.errors import InputError
from sport_nodes.measurements import DeviceClock, ImuStream, KeypointStream
from sport_nodes.nodes.conversions.arrays import (
    CDR_BEGIN,
    checked_confidence,
    checked_positions,
    doubles,
    fixed,
    from_stamp,
    make_header,
    require,
    rows,
    stamp_from_cdr,
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
    "latency_ms",
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


def imu_from_cdr(data: bytes) -> ImuStream:
    """A serialized Imu as a stream of length one; NaN where it says "not measured". Raises InputError for nonsense.

    The layout is OMG's CDR: each number aligned to its size, counted from behind the four bytes that say the byte
    order. Read by hand, since the middleware's own conversion takes a third of the synchronizer's time.
    """
    try:
        order = "<" if data[1] & 1 else ">"
        (name_length,) = struct.unpack_from(order + "I", data, CDR_BEGIN + 8)
        numbers_begin = CDR_BEGIN + (12 + name_length + 7) // 8 * 8
        numbers = struct.unpack_from(order + "37d", data, numbers_begin)
    except (struct.error, IndexError) as error:
        raise InputError(f"an IMU sample of {len(data)} bytes is cut off: {error}") from error
    unknown = (math.nan,) * 4
    orientation = numbers[:4] if numbers[4] != NOT_MEASURED else unknown
    rate = numbers[13:16] if numbers[16] != NOT_MEASURED else unknown[:3]
    force = numbers[25:28] if numbers[28] != NOT_MEASURED else unknown[:3]
    require(not any(map(math.isinf, rate + force)), "an IMU sample has an infinite rate or force")
    norm = math.hypot(*orientation)
    fits = math.isnan(norm) or abs(norm - 1.0) < UNIT_TOLERANCE
    require(fits, f"an IMU's orientation has the norm {norm:.3g}, expected 1")
    return ImuStream(np.array([stamp_from_cdr(data)]), np.array([orientation]), np.array([rate + force]))


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
