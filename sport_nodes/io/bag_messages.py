"""The package's messages without ROS: their types for rosbags, and core objects to and from them."""

from __future__ import annotations

import math
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from sport_nodes.errors import InputError
from sport_nodes.measurements import DeviceClock
from sport_nodes.motion import Motion, Provenance
from sport_nodes.paths import PACKAGE, share_directory
from sport_nodes.rig import Camera
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.topics import WORLD_FRAME

Array = NDArray[np.float64]

KEYPOINTS = f"{PACKAGE}/msg/Keypoints2D"
SKELETON = f"{PACKAGE}/msg/Skeleton3D"
TRIAL_MOTION = f"{PACKAGE}/msg/TrialMotion"
STAGE_SCORES = f"{PACKAGE}/msg/StageScores"
DEVICE_CLOCK = f"{PACKAGE}/msg/DeviceClock"
IMU = "sensor_msgs/msg/Imu"
CAMERA_INFO = "sensor_msgs/msg/CameraInfo"

_NS_PER_S = 1_000_000_000
# REP 145: a covariance of zeros is unknown.
_UNKNOWN_COVARIANCE = np.zeros(9)


@cache
def typestore() -> Typestore:
    """ROS 2 Jazzy's messages and this package's own, from its .msg files.

    Raises InputError when the .msg files are not installed.
    """
    folder = share_directory() / "msg"
    definitions = sorted(folder.glob("*.msg"))
    if not definitions:
        raise InputError(f"there are no message definitions in {folder}; install {PACKAGE} again")
    store = get_typestore(Stores.ROS2_JAZZY)
    types: dict[str, Any] = {}
    for path in definitions:
        types.update(get_types_from_msg(path.read_text(encoding="utf-8"), f"{PACKAGE}/msg/{path.stem}"))
    store.register(types)
    return store


def nanoseconds(time_s: float) -> int:
    """Host time to ROS nanoseconds, as exact as the float: the product alone would round to 256 ns."""
    seconds = math.floor(time_s)
    return seconds * _NS_PER_S + round((time_s - seconds) * _NS_PER_S)


def stamp_s(message: Any) -> float:
    """Host time of a message's header."""
    stamp = message.header.stamp
    return float(stamp.sec) + float(stamp.nanosec) / _NS_PER_S


def keypoints_message(
    camera: Camera, xy_px: Array, confidence: Array, *, time_s: float, sequence: int, track_id: int = -1
) -> Any:
    """People (P, 17, 2), (P, 17) of one image as Keypoints2D; people of whom nothing was seen are left out."""
    people = [
        _make(f"{PACKAGE}/msg/Person2D", track_id=track_id, xy_px=np.ascontiguousarray(xy).reshape(-1), confidence=c)
        for xy, c in zip(xy_px, confidence, strict=True)
        if (c > 0).any()
    ]
    return _make(
        KEYPOINTS,
        header=_header(time_s, camera.frame_id),
        sequence=sequence,
        width_px=camera.width_px,
        height_px=camera.height_px,
        people=people,
    )


def keypoints_of(message: Any) -> tuple[Array, Array]:
    """(P, 17, 2) and (P, 17) of a Keypoints2D."""
    xy = np.array([p.xy_px for p in message.people], dtype=np.float64).reshape(-1, JOINT_COUNT, 2)
    return xy, np.array([p.confidence for p in message.people], dtype=np.float64).reshape(-1, JOINT_COUNT)


def skeleton_message(
    positions_m: Array,
    confidence: Array,
    *,
    time_s: float,
    frame_id: str,
    provenance: NDArray[np.uint8] | None = None,
    sigma_m: Array | None = None,
) -> Any:
    """Joints (17, 3), (17,) as Skeleton3D; measured by one sensor and of unknown deviation unless given."""
    if provenance is None:
        provenance = np.where(confidence > 0, Provenance.MEASURED, Provenance.MISSING).astype(np.uint8)
    point = typestore().types["geometry_msgs/msg/Point"]
    return _make(
        SKELETON,
        header=_header(time_s, frame_id),
        positions=[point(*p) for p in positions_m.tolist()],
        confidence=np.ascontiguousarray(confidence),
        provenance=np.ascontiguousarray(provenance),
        sigma_m=np.full(JOINT_COUNT, np.nan) if sigma_m is None else np.ascontiguousarray(sigma_m),
    )


def skeleton_of(message: Any) -> tuple[Array, Array, NDArray[np.uint8], Array]:
    """positions_m (17, 3), confidence, provenance and sigma_m (17,) each of a Skeleton3D."""
    positions = np.array([(p.x, p.y, p.z) for p in message.positions], dtype=np.float64)
    return (
        positions.reshape(JOINT_COUNT, 3),
        np.array(message.confidence, dtype=np.float64),
        np.array(message.provenance, dtype=np.uint8),
        np.array(message.sigma_m, dtype=np.float64),
    )


def imu_message(orientation_xyzw: Array, vector: Array, *, time_s: float, frame_id: str) -> Any:
    """orientation (4,) of the sensor in world and vector (6,) as sensor_msgs/Imu."""
    vector3 = typestore().types["geometry_msgs/msg/Vector3"]
    return _make(
        IMU,
        header=_header(time_s, frame_id),
        orientation=_make("geometry_msgs/msg/Quaternion", **dict(zip("xyzw", orientation_xyzw.tolist(), strict=True))),
        orientation_covariance=_UNKNOWN_COVARIANCE,
        angular_velocity=vector3(*vector[:3].tolist()),
        angular_velocity_covariance=_UNKNOWN_COVARIANCE,
        linear_acceleration=vector3(*vector[3:].tolist()),
        linear_acceleration_covariance=_UNKNOWN_COVARIANCE,
    )


def imu_of(message: Any) -> tuple[Array, Array]:
    """orientation_xyzw (4,) and vector (6,) of a sensor_msgs/Imu."""
    q, w, f = message.orientation, message.angular_velocity, message.linear_acceleration
    return np.array([q.x, q.y, q.z, q.w]), np.array([w.x, w.y, w.z, f.x, f.y, f.z])


def camera_info_message(camera: Camera, *, time_s: float) -> Any:
    """sensor_msgs/CameraInfo of a camera that is not rectified."""
    projection = np.column_stack([camera.matrix, np.zeros(3)])
    return _make(
        CAMERA_INFO,
        header=_header(time_s, camera.frame_id),
        height=camera.height_px,
        width=camera.width_px,
        distortion_model="plumb_bob",
        d=camera.distortion.copy(),
        k=camera.matrix.reshape(-1).copy(),
        r=np.eye(3).reshape(-1),
        p=projection.reshape(-1),
        binning_x=0,
        binning_y=0,
        roi=_make("sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    )


def device_clock_message(clock: DeviceClock) -> Any:
    """A DeviceClock; its fields are the message's."""
    return _make(DEVICE_CLOCK, **{f.name: getattr(clock, f.name) for f in fields(DeviceClock)})


def device_clock_of(message: Any) -> DeviceClock:
    """The core's DeviceClock from its message; bags of earlier versions lack the fields that have a default."""
    return DeviceClock(**{f.name: getattr(message, f.name) for f in fields(DeviceClock) if hasattr(message, f.name)})


def trial_motion_message(
    motion: Motion,
    *,
    begin_s: float,
    trial: str,
    action: str,
    athlete: str,
    clocks: tuple[DeviceClock, ...] = (),
) -> Any:
    """A motion as TrialMotion; begin_s: host time of its second 0."""
    header = _header(begin_s, WORLD_FRAME)
    return _make(
        TRIAL_MOTION,
        header=header,
        trial=trial,
        action=action,
        athlete=athlete,
        times_s=motion.times_s.copy(),
        positions_m=motion.positions_m.reshape(-1).copy(),
        confidence=motion.confidence.reshape(-1).copy(),
        provenance=motion.provenance.reshape(-1).copy(),
        sigma_m=motion.sigma_m.reshape(-1).copy(),
        sync=_make(
            f"{PACKAGE}/msg/SyncReport", header=header, trial=trial, devices=[device_clock_message(c) for c in clocks]
        ),
    )


def motion_of_trial(message: Any) -> Motion:
    """The motion of a TrialMotion, in seconds since its header's stamp. Raises InputError when it is not one."""
    shape = (len(message.times_s), JOINT_COUNT)
    return Motion(
        np.asarray(message.times_s),
        np.asarray(message.positions_m).reshape(*shape, 3),
        np.asarray(message.confidence).reshape(shape),
        np.asarray(message.provenance, dtype=np.uint8).reshape(shape),
        np.asarray(message.sigma_m).reshape(shape),
    )


def _make(message_type: str, /, **values: Any) -> Any:
    return typestore().types[message_type](**values)


def _header(time_s: float, frame_id: str) -> Any:
    sec, nanosec = divmod(nanoseconds(time_s), _NS_PER_S)
    return _make(
        "std_msgs/msg/Header", stamp=_make("builtin_interfaces/msg/Time", sec=sec, nanosec=nanosec), frame_id=frame_id
    )
