"""The Azure Kinect's body tracking SDK (1.1) through ctypes: 32 joints, of which 17 are ours. For x86_64 only.

Names, layouts and numbers are those of the SDK's public headers, k4abt.h and k4abttypes.h.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from ctypes import Structure, byref, c_char_p, c_float, c_int, c_int32, c_uint32, c_void_p
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.k4a import SUCCEEDED, Calibration
from sport_nodes.skeleton import INDEX, JOINT_COUNT

Array = NDArray[np.float64]

SDK_JOINTS: Final = 32
#: Where the SDK's enumeration k4abt_joint_id_t has each of our joints, left before right.
SDK_INDEX: Final[dict[str, int]] = {"nose": 27} | {
    f"{side}_{joint}": place
    for joint, places in {
        "eye": (28, 30),
        "ear": (29, 31),
        "shoulder": (5, 12),
        "elbow": (6, 13),
        "wrist": (7, 14),
        "hip": (18, 22),
        "knee": (19, 23),
        "ankle": (20, 24),
    }.items()
    for side, place in zip(("left", "right"), places, strict=True)
}
#: k4abt_joint_confidence_level_t: out of reach, predicted while hidden, seen. A prediction is no measurement.
OUT_OF_REACH, PREDICTED, SEEN = 0, 1, 2
#: Of a joint that was seen: the SDK knows no finer degree.
SEEN_CONFIDENCE: Final = 0.8
#: K4ABT_TRACKER_PROCESSING_MODE_GPU: what runs depends on the installed SDK; without a GPU it falls back by itself.
PROCESSING_ON_GPU: Final = 0
MILLIMETRES: Final = 1e-3
#: Longer than the slowest result on a processor alone [ms].
PATIENCE_MS: Final = 2000


class _TrackerConfiguration(Structure):
    _fields_ = (
        ("sensor_orientation", c_int),
        ("processing_mode", c_int),
        ("gpu_device_id", c_int32),
        ("model_path", c_char_p),
    )


class _Joint(Structure):
    _fields_ = (("position_mm", c_float * 3), ("orientation_wxyz", c_float * 4), ("confidence", c_int))


class _Skeleton(Structure):
    _fields_ = (("joints", _Joint * SDK_JOINTS),)


@dataclass(frozen=True, eq=False)
class Body:
    """positions_m: (17, 3) in the depth camera's frame, NaN where not seen; confidence: (17,), 0 there."""

    positions_m: Array
    confidence: Array


@cache
def library() -> ctypes.CDLL:
    """Raises OSError where it is not installed."""
    name = ctypes.util.find_library("k4abt")
    if not name:
        raise OSError("libk4abt is not installed")
    loaded = ctypes.CDLL(name)
    loaded.k4abt_frame_get_num_bodies.restype = c_uint32
    return loaded


class Tracker:
    """Finds bodies in captures of one camera. Raises OSError when the SDK refuses."""

    def __init__(self, calibration: Calibration) -> None:
        self._sdk = library()
        self._handle = c_void_p()
        settings = _TrackerConfiguration(0, PROCESSING_ON_GPU, 0, None)
        if self._sdk.k4abt_tracker_create(byref(calibration), settings, byref(self._handle)) != SUCCEEDED:
            raise OSError("the body tracking SDK does not start")

    def bodies(self, capture: c_void_p) -> list[Body]:
        """Of one capture, which stays the caller's. Waits until they are found."""
        patience, frame = c_int32(PATIENCE_MS), c_void_p()
        if self._sdk.k4abt_tracker_enqueue_capture(self._handle, capture, patience) != SUCCEEDED:
            raise OSError("the body tracking SDK does not take the images")
        if self._sdk.k4abt_tracker_pop_result(self._handle, byref(frame), patience) != SUCCEEDED:
            raise OSError(f"the body tracking SDK gives no result within {PATIENCE_MS} ms")
        found = [self._body(frame, n) for n in range(self._sdk.k4abt_frame_get_num_bodies(frame))]
        self._sdk.k4abt_frame_release(frame)
        return found

    def _body(self, frame: c_void_p, number: int) -> Body:
        skeleton = _Skeleton()
        if self._sdk.k4abt_frame_get_body_skeleton(frame, c_uint32(number), byref(skeleton)) != SUCCEEDED:
            raise OSError("the body tracking SDK counts a body that it does not give")
        positions, confidence = np.full((JOINT_COUNT, 3), np.nan), np.zeros(JOINT_COUNT)
        for name, place in SDK_INDEX.items():
            joint = skeleton.joints[place]
            if joint.confidence >= SEEN:
                positions[INDEX[name]] = np.array(joint.position_mm, dtype=np.float64) * MILLIMETRES
                confidence[INDEX[name]] = SEEN_CONFIDENCE
        return Body(positions, confidence)

    def close(self) -> None:
        self._sdk.k4abt_tracker_shutdown(self._handle)
        self._sdk.k4abt_tracker_destroy(self._handle)
