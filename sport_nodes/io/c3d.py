"""C3D files: labelled markers or joint centres from motion capture."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final

import numpy as np

from sport_nodes.errors import InputError
from sport_nodes.io.markers import joints_from_markers
from sport_nodes.io.upright import to_z_up, up_axis
from sport_nodes.motion import Motion

#: Metres per unit as POINT:UNITS names them; the format's own default is millimetres.
UNIT_M: Final[dict[str, float]] = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "in": 0.0254}
#: Motion capture's axis that points up, and so the one of a file in which nobody stands.
CONVENTION_UP: Final = 2
#: From the C3D user guide: blocks of 512 bytes; the first begins with a byte that points to the parameters, the key
#: 0x50, then points and analogue values a frame, first and last frame, gap, scale (negative: floats) and the block
#: (from 1) at which the data begin.
HEADER: Final = struct.Struct("<BBHHHHHfH")
C3D_KEY: Final = 0x50
BLOCK_BYTES: Final = 512
VALUES_PER_POINT: Final = 4


def read_c3d(path: Path) -> Motion:
    """Read a C3D, turned to z up; gaps become NaN, times begin with the first frame recorded.

    Raises InputError when it is no C3D, is cut short, names no unit, or has no known marker.
    """
    file = _load(path)
    point = file["parameters"]["POINT"]
    positions = np.moveaxis(np.asarray(file["data"]["points"], dtype=np.float64)[:3], 0, -1)  # (markers, T, 3)
    labels = list(point["LABELS"]["value"])
    rate = float(point["RATE"]["value"][0])
    if positions.size == 0 or not labels:
        raise InputError(f"{path}: holds no markers; export the trial with its labelled markers")
    if not rate > 0:
        raise InputError(f"{path}: POINT:RATE is {rate:g}; expected frames a second. Export the trial again")
    positions = positions * _scale(path, point)
    positions[(positions == 0.0).all(axis=2)] = np.nan
    markers = dict(zip(labels, positions, strict=False))
    joints = joints_from_markers(markers, str(path))
    first = int(file["header"]["points"]["first_frame"])
    times = (first + np.arange(positions.shape[1])) / rate
    return Motion(times, to_z_up(joints, up_axis(joints, convention=CONVENTION_UP)))


def _load(path: Path) -> Any:
    import ezc3d  # takes a second to load, and only this format needs it

    _check_size(path)
    try:
        return ezc3d.c3d(str(path))
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: damaged ({reason}); copy or export it again") from error


def _check_size(path: Path) -> None:
    """ezc3d takes a file that was cut short for a shorter recording, without a word."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEADER.size)
    if len(head) < 2 or head[1] != C3D_KEY:
        raise InputError(f"{path}: not a C3D file (its second byte is not 0x50); was another file renamed?")
    if len(head) < HEADER.size:
        raise InputError(f"{path}: {size} bytes, not even a header: the file is cut short; copy or export it again")
    _, _, points, analogs, first, last, _, scale, start = HEADER.unpack(head)
    values = (last - first + 1) * (points * VALUES_PER_POINT + analogs)
    promised = (start - 1) * BLOCK_BYTES + values * (4 if scale < 0 else 2)
    if size < promised:
        raise InputError(
            f"{path}: {size} bytes, its header promises {promised}: the file is cut short; copy or export it again"
        )


def _scale(path: Path, point: Any) -> float:
    given = point["UNITS"]["value"] if "UNITS" in point else []
    unit = str(given[0]).strip().lower() if len(given) else "mm"
    if unit not in UNIT_M:
        raise InputError(f"{path}: POINT:UNITS is '{unit}'; expected one of {', '.join(UNIT_M)}")
    return UNIT_M[unit]
