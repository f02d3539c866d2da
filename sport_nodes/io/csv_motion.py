"""Motions as CSV: `time` [s], `<joint>_x`, `_y`, `_z` [m, z up], optionally `<joint>_confidence`."""

from __future__ import annotations

import csv
import difflib
import re
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.io.upright import trunk_shares, upright_shares
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX, JOINT_COUNT, JOINTS

Array = NDArray[np.float64]

AXES: Final = ("x", "y", "z")
#: A position column may name its unit (`nose_x_mm`); without one it is metres.
UNIT_M: Final[dict[str, float]] = {"mm": 1e-3, "cm": 1e-2, "m": 1.0}
#: Names as alike as this are taken for a misspelling (difflib ratio); `left_heel_x` and `left_knee_x` reach 0.82.
MISSPELT: Final = 0.9
#: Decimals that keep a tenth of a micrometre and a microsecond.
POSITION_FORMAT: Final = "{:.7f}"
TIME_FORMAT: Final = "{:.6f}"
#: Share of frames upright along x or y above which a CSV is refused, unless the trunk rises to z.
WRONG_AXIS_SHARE: Final = 0.5
#: Share of frames with the trunk near z from which on the person rises from the floor rather than stands askew.
RISING_SHARE: Final = 0.05

_COLUMN = re.compile(r"(?P<joint>[a-z_]+?)_(?P<axis>x|y|z)(?:_(?P<unit>mm|cm|m))?")


def read_csv(path: Path) -> Motion:
    """Read a motion CSV. Empty and NaN cells are gaps; joints without columns are missing; other columns are ignored.

    Raises InputError when it is no such table, is cut short, has misspelt columns, or is not z up.
    """
    header, rows = _table(path)
    columns = _columns(path, header)
    values = _numbers(path, header, rows)
    times = values[:, header.index("time")]
    _check_times(path, times)
    positions = np.full((len(times), JOINT_COUNT, 3), np.nan)
    for (joint, axis), (column, scale) in columns.items():
        positions[:, joint, axis] = values[:, column] * scale
    confidence = np.ones((len(times), JOINT_COUNT))
    for joint, name in enumerate(JOINTS):
        if f"{name}_confidence" in header:
            confidence[:, joint] = values[:, header.index(f"{name}_confidence")]
    _check_z_up(path, positions)
    return Motion(times, positions, confidence)


def write_csv(motion: Motion, path: Path) -> None:
    """Write a motion so that `read_csv` gives it back, to 0.1 um and 1 us; provenance and deviation are not kept."""
    header = ["time", *(f"{j}_{a}" for j in JOINTS for a in AXES), *(f"{j}_confidence" for j in JOINTS)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for time, position, confidence in zip(motion.times_s, motion.positions_m, motion.confidence, strict=True):
            cells = ["" if np.isnan(v) else POSITION_FORMAT.format(v) for v in position.ravel()]
            writer.writerow([TIME_FORMAT.format(time), *cells, *(f"{c:.6g}" for c in confidence)])


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: this is not a text file (byte {error.start}); expected a motion CSV. Was another file renamed?"
        ) from error
    try:
        lines = [line for line in csv.reader(text.splitlines()) if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise InputError(f"{path}: not a CSV table ({error}); export the motion again") from error
    if not lines:
        raise InputError(f"{path}: the file is empty; export the motion again")
    header = [cell.strip() for cell in lines[0]]
    if len(header) == 1 and ";" in header[0]:
        raise InputError(f"{path}: columns are separated by ';'; export with ',' between columns and '.' in numbers")
    return header, lines[1:]


def _columns(path: Path, header: list[str]) -> dict[tuple[int, int], tuple[int, float]]:
    """(joint, axis) to (column, metres per unit)."""
    found: dict[tuple[int, int], tuple[int, float]] = {}
    for column, name in enumerate(header):
        match = _COLUMN.fullmatch(name)
        if match and match["joint"] in INDEX:
            key = INDEX[match["joint"]], AXES.index(match["axis"])
            if key in found:
                raise InputError(f"{path}: the column {name} is there twice; keep one")
            found[key] = column, UNIT_M[match["unit"] or "m"]
    if "time" not in header or not found:
        shown = ", ".join(header[:4])[:80]
        missing = "'time'" if "time" not in header else "<joint>_x, _y, _z"
        raise InputError(
            f"{path}: not a motion, no column {missing} (it begins with: {shown}); "
            "expected time [s] and nose_x, nose_y, nose_z, ... [m]"
        )
    known = {"time", *(f"{j}_confidence" for j in JOINTS), *(header[column] for column, _ in found.values())}
    absent = [f"{j}_{a}" for i, j in enumerate(JOINTS) for k, a in enumerate(AXES) if (i, k) not in found]
    for name in header:
        alike = [] if name in known else difflib.get_close_matches(name, absent, n=1, cutoff=MISSPELT)
        if alike:
            raise InputError(f"{path}: unknown column '{name}'; did you mean '{alike[0]}'? Rename it")
    for joint, name in enumerate(JOINTS):
        axes = [AXES[a] for a in range(3) if (joint, a) in found]
        if 0 < len(axes) < len(AXES):
            raise InputError(f"{path}: {name} has only {', '.join(axes)}; a joint needs x, y and z. Add the column")
    return found


def _numbers(path: Path, header: list[str], rows: list[list[str]]) -> Array:
    if not rows:
        raise InputError(f"{path}: a header but no frames; export the motion again")
    values = np.full((len(rows), len(header)), np.nan)
    for number, row in enumerate(rows):
        if len(row) != len(header):
            end = "the file is cut short" if number == len(rows) - 1 else "the table is damaged"
            raise InputError(
                f"{path}: row {number + 2} has {len(row)} values of {len(header)}: {end}; copy or export it again"
            )
        try:
            values[number] = [float(cell) if cell.strip() else np.nan for cell in row]
        except ValueError as error:
            raise InputError(f"{path}: row {number + 2} is not all numbers ({error}); correct it") from error
    return values


def _check_times(path: Path, times: Array) -> None:
    if not np.isfinite(times).all():
        raise InputError(f"{path}: row {int(np.argmin(np.isfinite(times))) + 2} has no time; fill the column (seconds)")
    if (np.diff(times) <= 0).any():
        row = int(np.argmax(np.diff(times) <= 0)) + 1
        raise InputError(
            f"{path}: time does not increase at row {row + 2} ({times[row - 1]:g} s, then {times[row]:g} s); "
            "sort the rows or remove the repeated one"
        )


def _check_z_up(path: Path, positions: Array) -> None:
    shares = upright_shares(positions)
    axis = int(np.argmax(shares[:2]))
    # Who lies with straight legs along x or y looks the same until the trunk rises towards z, as in a sit-up.
    if shares[axis] >= WRONG_AXIS_SHARE and trunk_shares(positions)[2] < RISING_SHARE:
        columns = {0: "y, z, x", 1: "z, x, y"}[axis]
        raise InputError(
            f"{path}: the person stands along {AXES[axis]}, expected z up; write the columns {columns} as x, y, z"
        )
