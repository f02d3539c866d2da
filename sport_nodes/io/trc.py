"""TRC marker files of OpenSim, Pose2Sim, OpenCap: tab-separated text, units in the header, usually y up."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.io.markers import joints_from_markers
from sport_nodes.io.upright import to_z_up, up_axis
from sport_nodes.motion import Motion
from sport_nodes.skeleton import JOINTS

Array = NDArray[np.float64]

#: Metres per unit as TRC headers name them.
UNIT_M: Final[dict[str, float]] = {"m": 1.0, "meters": 1.0, "cm": 1e-2, "mm": 1e-3, "millimeters": 1e-3, "in": 0.0254}
#: OpenSim's axis that points up, and so the one of a file in which nobody stands.
CONVENTION_UP: Final = 1
HEADER_LINES: Final = 5
FRAME_COLUMNS: Final = 2  # frame number, time
HEADER_NAMES: Final = (
    "DataRate",
    "CameraRate",
    "NumFrames",
    "NumMarkers",
    "Units",
    "OrigDataRate",
    "OrigDataStartFrame",
    "OrigNumFrames",
)


def read_trc(path: Path) -> Motion:
    """Read a TRC, turned to z up: blank cells and exact (0, 0, 0) are gaps, extra markers are ignored.

    Raises InputError when it is no TRC, is cut short, names no unit, or has no known marker.
    """
    lines = _lines(path)
    header = dict(zip(lines[1], lines[2], strict=False))
    scale = _scale(path, header)
    labels = [label for label in lines[3][FRAME_COLUMNS:] if label.strip()]
    if not labels:
        raise InputError(f"{path}: line 4 names no markers; export the TRC again")
    values = _numbers(path, lines[HEADER_LINES:], width=FRAME_COLUMNS + 3 * len(labels))
    promised = header.get("NumFrames", "").strip()
    if promised.isdigit() and len(values) < int(promised):
        raise InputError(
            f"{path}: {len(values)} frames of {promised} that its header promises: the file is cut short; copy it again"
        )
    times = values[:, 1]
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise InputError(f"{path}: its Time column does not increase from row to row; export the TRC again")
    positions = values[:, FRAME_COLUMNS:].reshape(len(values), len(labels), 3) * scale
    positions[(positions == 0.0).all(axis=2)] = np.nan
    joints = joints_from_markers({name: positions[:, i] for i, name in enumerate(labels)}, str(path))
    return Motion(times, to_z_up(joints, up_axis(joints, convention=CONVENTION_UP)))


def write_trc(motion: Motion, path: Path) -> None:
    """Write a TRC in metres, y up as OpenSim expects, with COCO's names (LShoulder); confidence is not kept."""
    names = [_opensim_name(joint) for joint in JOINTS]
    frames, rate = len(motion), f"{motion.rate_hz:.6g}"
    values = (rate, rate, frames, len(names), "m", rate, 1, frames)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"PathFileType\t4\t(X/Y/Z)\t{path.name}\n")
        file.write("\t".join(HEADER_NAMES) + "\n" + "\t".join(map(str, values)) + "\n")
        file.write("Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t\n")
        file.write("\t\t" + "\t".join(f"{a}{i + 1}" for i in range(len(names)) for a in "XYZ") + "\n")
        y_up = motion.positions_m[..., [1, 2, 0]]
        for number, (time, position) in enumerate(zip(motion.times_s, y_up, strict=True), start=1):
            cells = ("" if np.isnan(v) else f"{v:.7f}" for v in position.ravel())
            file.write(f"{number}\t{time:.6f}\t" + "\t".join(cells) + "\n")


def _opensim_name(joint: str) -> str:
    side, _, part = joint.rpartition("_")
    return side[:1].upper() + part.capitalize()


def _lines(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: this is not a text file; expected a TRC. Was another file renamed?") from error
    lines = [line.split("\t") for line in text.splitlines() if line.strip() or "\t" in line]
    if not lines:
        raise InputError(f"{path}: the file is empty; export the motion again")
    if not lines[0][0].startswith("PathFileType"):
        raise InputError(f"{path}: not a TRC, it begins with '{lines[0][0][:40]}'; expected 'PathFileType'")
    if len(lines) <= HEADER_LINES:
        raise InputError(f"{path}: a TRC header without frames; export the motion again")
    return lines


def _scale(path: Path, header: dict[str, str]) -> float:
    unit = header.get("Units", "").strip().lower()
    if unit not in UNIT_M:
        raise InputError(f"{path}: unit '{unit}' in the header; expected one of {', '.join(UNIT_M)}. Correct line 3")
    return UNIT_M[unit]


def _numbers(path: Path, rows: list[list[str]], *, width: int) -> Array:
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    values = np.full((len(rows), width), np.nan)
    for number, row in enumerate(rows):
        cells = row[:width]
        if len(cells) < width or any(cell.strip() for cell in row[width:]):
            end = "the file is cut short" if number == len(rows) - 1 else "the table is damaged"
            raise InputError(
                f"{path}: frame {number + 1} has {len(row)} values of {width}: {end}; copy or export it again"
            )
        try:
            values[number] = [float(cell) if cell.strip() else np.nan for cell in cells]
        except ValueError as error:
            raise InputError(f"{path}: frame {number + 1} is not all numbers ({error}); correct it") from error
    return values
