"""Stamps and number fields of messages. Sequences go through array.array: element by element costs 50 times as much."""

from __future__ import annotations

import array
import math
import struct
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import ArrayLike, NDArray
from std_msgs.msg import Header

from sport_nodes.errors import InputError

Array = NDArray[np.float64]

#: A serialized message (OMG's CDR) begins behind four bytes, of which the second says the byte order.
CDR_BEGIN = 4


def to_stamp(seconds: float) -> Time:
    """Seconds since the epoch (finite, not negative) as a stamp, to the nearest nanosecond."""
    if not 0.0 <= seconds < 2**31:
        raise InputError(f"a time of {seconds} s does not fit a stamp; times are seconds since the epoch")
    whole = math.floor(seconds)
    nanoseconds = round((seconds - whole) * 1e9)
    return Time(sec=whole + nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def from_stamp(stamp: Any) -> float:
    """A stamp as seconds since the epoch. A double holds today's times to 0.24 us."""
    return float(stamp.sec + stamp.nanosec * 1e-9)


def stamp_from_cdr(data: bytes) -> float:
    """The stamp of a serialized message that begins with a header [s]; 0 where it is cut off before that."""
    if len(data) < CDR_BEGIN + 8:
        return 0.0
    seconds, nanoseconds = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, CDR_BEGIN)
    return float(seconds + nanoseconds * 1e-9)


def stamp_reader(message_type: Any, *, raw: bool) -> Callable[[Any], float]:
    """What tells the stamp [s] of a message of this type, serialized where raw; 0 where it carries none."""
    if next(iter(message_type.get_fields_and_field_types())) != "header":
        return lambda _: 0.0
    return stamp_from_cdr if raw else lambda message: from_stamp(message.header.stamp)


def make_header(seconds: float, frame_id: str) -> Header:
    return Header(stamp=to_stamp(seconds), frame_id=frame_id)


def doubles(values: ArrayLike) -> array.array[float]:
    """Any array, row by row, as a float64[] field."""
    field = array.array("d")
    field.frombytes(np.ascontiguousarray(values, dtype=np.float64).tobytes())
    return field


def octets(values: ArrayLike) -> array.array[int]:
    """Any array, row by row, as a uint8[] field."""
    return array.array("B", np.ascontiguousarray(values, dtype=np.uint8).tobytes())


def fixed(values: ArrayLike) -> Array:
    """Any array, row by row, as a float64[N] field."""
    return np.array(values, dtype=np.float64).reshape(-1)


def rows(field: Iterable[float], shape: tuple[int, ...], what: str) -> Array:
    """A number field as an array of this shape; one -1 stands for "as many as there are".

    Raises InputError when the numbers do not fill the shape.
    """
    values = np.array(field, dtype=np.float64)
    known = math.prod(n for n in shape if n >= 0)
    fits = values.size == known if -1 not in shape else (values.size % known == 0 if known else values.size == 0)
    if not fits:
        raise InputError(f"{what} has {values.size} numbers, which do not fill {_words(shape)}")
    if -1 in shape and known:
        shape = tuple(values.size // known if n < 0 else n for n in shape)
    return values.reshape(shape)


def require(condition: bool | np.bool_, complaint: str) -> None:
    """Raise InputError with the complaint unless the condition holds."""
    if not condition:
        raise InputError(complaint)


def checked_confidence(values: Array, what: str) -> Array:
    """Confidences are within 0..1; raises InputError otherwise."""
    require(np.all((values >= 0.0) & (values <= 1.0)), f"{what} has a confidence outside 0..1")
    return values


def checked_positions(values: Array, what: str) -> Array:
    """Coordinates are numbers or NaN; raises InputError for infinite ones."""
    require(not np.any(np.isinf(values)), f"{what} has an infinite coordinate")
    return values


def _words(shape: tuple[int, ...]) -> str:
    return " x ".join("N" if n < 0 else str(n) for n in shape)
