"""One recorded movement from a file: CSV, TRC, C3D or rosbag2; and back to CSV or TRC."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sport_nodes.errors import InputError
from sport_nodes.io.c3d import read_c3d
from sport_nodes.io.csv_motion import read_csv, write_csv
from sport_nodes.io.plausibility import check_motion
from sport_nodes.io.trc import read_trc, write_trc
from sport_nodes.motion import Motion


def _read_bag(path: Path) -> Motion:
    from sport_nodes.io.bag import read_motion_bag  # loads rosbags, which the other formats do not need

    return read_motion_bag(path)


READERS: Final = {
    ".csv": read_csv,
    ".trc": read_trc,
    ".c3d": read_c3d,
    ".mcap": _read_bag,
    ".db3": _read_bag,
}
WRITERS: Final = {".csv": write_csv, ".trc": write_trc}


def read_motion(path: str | Path) -> Motion:
    """Read one person's movement, in `world` (z up, metres, seconds).

    Raises InputError (one line) when the file is absent, empty, damaged, not a motion, or none a person can have made.
    """
    path = Path(path)
    if path.is_dir():
        reader = _read_bag
    else:
        if not path.is_file():
            raise InputError(f"{path}: there is no such file; check the path")
        if path.suffix.lower() not in READERS:
            raise InputError(
                f"{path}: unknown kind of file '{path.suffix}'; expected {', '.join(READERS)} or a rosbag2 folder"
            )
        if path.stat().st_size == 0:
            raise InputError(f"{path}: the file is empty; export or copy it again")
        reader = READERS[path.suffix.lower()]
    motion = reader(path)
    check_motion(motion, str(path))
    return motion


def write_motion(motion: Motion, path: str | Path) -> None:
    """Write a movement as CSV (keeps confidence) or TRC (for OpenSim), by the path's ending.

    Raises InputError for another ending, or when the folder cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITERS:
        raise InputError(f"{path}: cannot write '{path.suffix}'; expected {' or '.join(WRITERS)}")
    try:
        WRITERS[path.suffix.lower()](motion, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another folder") from error
