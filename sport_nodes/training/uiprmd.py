"""UI-PRMD: ten rehabilitation exercises done correctly and incorrectly before a Kinect v2 (Vakanski et al. 2018).

Only the waist is absolute in its files; every other joint is an offset in its parent's frame. With a joint's three
angles c, R = Rz(c2) Rx(c0) Ry(c1), X_j = X_parent + G_parent offset_j and G_j = G_parent R_j. The order in
circulation (Rz Ry Rx) lets the planted feet of a squat float by half a metre.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError

Array = NDArray[np.float64]
#: Movement, person, episode, kind.
EpisodeKey = tuple[str, str, str, str]

JOINTS: Final = (
    "waist", "spine", "chest", "neck", "head", "head_tip",
    "left_collar", "left_shoulder", "left_elbow", "left_wrist",
    "right_collar", "right_shoulder", "right_elbow", "right_wrist",
    "left_hip", "left_knee", "left_ankle", "left_toes",
    "right_hip", "right_knee", "right_ankle", "right_toes",
)  # fmt: skip
PARENTS: Final = (-1, 0, 1, 2, 3, 4, 2, 6, 7, 8, 2, 10, 11, 12, 0, 14, 15, 16, 0, 18, 19, 20)
INDEX: Final = {name: index for index, name in enumerate(JOINTS)}
RATE_HZ: Final = 30.0
FOLDS_FILE: Final = "reduced_set_binary_labels_egcn_folds.csv"
SCORES_FILE: Final = "labels_m01_quality_score.csv"
KINDS: Final = ("correct", "incorrect")
_COLUMNS: Final = 3 * len(JOINTS)
VICON_COLUMNS: Final = 117
_M_PER_CM: Final = 0.01


@dataclass(frozen=True, eq=False)
class Episode:
    """One repetition.

    movement "m01".."m10", person "s01".., name "e01".., incorrect as the folder says.
    listed: in EGCN's reduced set; the others were left out there (mostly done with the other side).
    fold: EGCN's subject-wise fold, the same for all that a person did. score: 0..1, m01 alone, NaN where there is none.
    positions_m: (T, 22, 3) joint centres in the camera's frame turned to z up (x right), 30 Hz.
    vicon_deg: (T', 117) Vicon's angles of the same repetition at 100 Hz, None where they are not there.
    """

    movement: str
    person: str
    name: str
    incorrect: bool
    listed: bool
    fold: int
    score: float
    positions_m: Array
    vicon_deg: Array | None = None


def load_episodes(folder: Path, *, scored_only: bool = False) -> list[Episode]:
    """Every Kinect episode below `folder`, or those with a score, in the order movement, person, kind, episode.

    Raises InputError where the folder is not UI-PRMD, a file is damaged, or the labels name a missing file.
    """
    root = folder / "kinect"
    if not root.is_dir():
        raise InputError(f"{folder} has no folder kinect; give the folder that holds kinect/ and {FOLDS_FILE}")
    folds: dict[EpisodeKey, int] = {
        _key(row): int(row["egcn_cs_fold"]) for row in _rows(folder / FOLDS_FILE, "egcn_cs_fold")
    }
    if not folds:
        raise InputError(f"{folder / FOLDS_FILE} lists no episode")
    fold_by_person = _fold_by_person(folds, folder / FOLDS_FILE)
    scores: dict[EpisodeKey, float] = {}
    if (folder / SCORES_FILE).is_file():
        scores = {_key(row): float(row["score"]) for row in _rows(folder / SCORES_FILE, "score")}
    episodes = []
    for key, path in _position_files(root):
        if scored_only and key not in scores:
            continue
        movement, person, name, kind = key
        if person not in fold_by_person:
            raise InputError(f"{folder / FOLDS_FILE} lists nothing of {person}, whose recordings are there")
        angles = root / kind / "angles" / path.name.replace("_positions", "_angles")
        vicon = folder / "vicon" / kind / "angles" / angles.name
        episodes.append(
            Episode(
                movement=movement,
                person=person,
                name=name,
                incorrect=kind == "incorrect",
                listed=key in folds,
                fold=fold_by_person[person],
                score=scores.get(key, float("nan")),
                positions_m=_z_up_m(
                    global_positions(_table(path, columns=_COLUMNS), _table(angles, columns=_COLUMNS), where=str(path))
                ),
                vicon_deg=_table(vicon, columns=VICON_COLUMNS) if key in scores and vicon.is_file() else None,
            )
        )
    found = {(e.movement, e.person, e.name, KINDS[e.incorrect]) for e in episodes}
    people = {person for _, person, _, _ in found}
    # Labels of people who are not in this folder do no harm: the recordings may have been divided by person.
    missing = [key for key in (scores if scored_only else folds) if key[1] in people and key not in found]
    if missing:
        raise InputError(
            f"the labels of {folder} name {len(missing)} episodes without a file, the first {'_'.join(missing[0])}"
        )
    return sorted(episodes, key=lambda e: (e.movement, e.person, e.incorrect, e.name))


def _fold_by_person(folds: dict[EpisodeKey, int], where: Path) -> dict[str, int]:
    """A person's fold holds also for the episodes that are not listed too, or they would be trained on."""
    by_person: dict[str, int] = {}
    for (_, person, _, _), fold in folds.items():
        if by_person.setdefault(person, fold) != fold:
            raise InputError(f"{where} puts {person} into two folds; folds must be by person")
    return by_person


def global_positions(offsets: Array, angles_deg: Array, *, where: str = "the episode") -> Array:
    """Joint positions (T, 22, 3) in the files' own axes (y up) and unit from offsets and angles, both (T, 66).

    Raises InputError where the two do not have the same number of frames.
    """
    if offsets.shape != angles_deg.shape:
        raise InputError(f"{where} has {len(offsets)} frames of positions but {len(angles_deg)} of angles")
    frames = len(offsets)
    offsets = offsets.reshape(frames, -1, 3)
    rotations = joint_rotations(angles_deg.reshape(frames, -1, 3))
    positions = np.empty_like(offsets)
    turned = np.empty_like(rotations)
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            positions[:, joint], turned[:, joint] = offsets[:, joint], rotations[:, joint]
        else:
            positions[:, joint] = positions[:, parent] + np.einsum("tij,tj->ti", turned[:, parent], offsets[:, joint])
            turned[:, joint] = turned[:, parent] @ rotations[:, joint]
    return positions


def joint_rotations(angles_deg: Array) -> Array:
    """(..., 3, 3) Rz(c2) Rx(c0) Ry(c1) of angles (..., 3) in degrees, multiplied out."""
    cosine, sine = np.cos(np.radians(angles_deg)), np.sin(np.radians(angles_deg))
    cx, cy, cz = np.moveaxis(cosine, -1, 0)
    sx, sy, sz = np.moveaxis(sine, -1, 0)
    rows = (
        (cz * cy - sz * sx * sy, -sz * cx, cz * sy + sz * sx * cy),
        (sz * cy + cz * sx * sy, cz * cx, sz * sy - cz * sx * cy),
        (-cx * sy, sx, cx * cy),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _z_up_m(positions_cm: Array) -> Array:
    x, y, z = np.moveaxis(positions_cm, -1, 0)
    return np.stack([x, -z, y], axis=-1) * _M_PER_CM


def _position_files(root: Path) -> Iterator[tuple[EpisodeKey, Path]]:
    for kind in KINDS:
        for path in sorted((root / kind / "positions").glob("m*_s*_e*_positions*.txt*")):
            movement, person, name = path.name.split("_")[:3]
            yield (movement, person, name, kind), path


def _rows(path: Path, needed: str) -> list[dict[str, str]]:
    if not path.is_file():
        raise InputError(f"{path} is missing; it says which episodes count and whose they are")
    with path.open(newline="") as lines:
        reader = csv.DictReader(lines)
        columns = {"movement", "subject", "episode", "kind", needed}
        if not columns <= set(reader.fieldnames or ()):
            raise InputError(f"{path} needs the columns {sorted(columns)}, found {reader.fieldnames}")
        return list(reader)


def _key(row: dict[str, str]) -> EpisodeKey:
    return row["movement"], row["subject"], row["episode"], row["kind"]


def _table(path: Path, *, columns: int) -> Array:
    """(T, columns) numbers of a text file, plain or gzip; one row a frame, separated by commas."""
    if not path.is_file():
        raise InputError(f"{path} is missing; every episode needs its positions and its angles")
    try:
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        rows = [line.replace(",", " ").split() for line in text.splitlines() if line.strip()]
        table = np.array(rows, dtype=np.float64)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{path} cannot be read as rows of {columns} numbers: {error}") from error
    if table.ndim != 2 or table.shape[1] != columns or len(table) < 2 or not np.isfinite(table).all():
        raise InputError(f"{path} needs rows of {columns} finite numbers, at least two; found shape {table.shape}")
    return table
