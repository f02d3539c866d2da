"""Teachers' marks of recorded trials: kept beside the recording, which they never change, with who and when."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from sport_nodes.errors import InputError
from sport_nodes.scoring.scores import GRADES, grade_of

#: In a trial's folder of the store; beside a bag that lies elsewhere, with the bag's name before it.
LABELS_FILE: Final = "labels.jsonl"
#: The bag in a trial's folder.
BAG_FOLDER: Final = "bag"
STAGE_COUNT: Final = 4
HIGHEST_MARK: Final = 100.0
CSV_COLUMNS: Final = ("trial", "rater", "total", "stage_1", "stage_2", "stage_3", "stage_4")
CSV_OPTIONAL: Final = ("grade", "note")


@dataclass(frozen=True)
class Label:
    """One teacher's marks of one trial.

    total and stages (four, in the action's order; none where only the whole was marked): 0..100. grade: one of
    scores.GRADES. when: UTC, ISO 8601.
    """

    rater: str
    total: float
    stages: tuple[float, ...]
    grade: str
    note: str
    when: str


def make_label(
    *, rater: str, total: float, stages: Iterable[float] = (), grade: str = "", note: str = "", when: str = ""
) -> Label:
    """A checked label; without a grade the total's, without a time now. Raises InputError for marks out of range."""
    marks = tuple(float(mark) for mark in stages)
    if not rater.strip():
        raise InputError("a label needs a rater; give --rater NAME")
    if len(marks) not in (0, STAGE_COUNT):
        raise InputError(f"a label has {STAGE_COUNT} stage marks or none, found {len(marks)}; give them as a,b,c,d")
    for mark in (total, *marks):
        if not 0.0 <= mark <= HIGHEST_MARK:
            raise InputError(f"marks go from 0 to {HIGHEST_MARK:.0f}, found {mark:g}")
    if grade and grade not in GRADES:
        raise InputError(f"unknown grade '{grade}'; expected one of {', '.join(GRADES)}")
    when = when or datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Label(rater.strip(), float(total), marks, grade or grade_of(total), note, when)


def labels_file(recording: Path) -> Path:
    """Where the labels of a trial's folder or of a bag lie. Raises InputError when there is no such recording."""
    recording = recording.parent if recording.name == "metadata.yaml" else recording
    if not recording.exists():
        raise InputError(f"there is no trial or bag at {recording}; give a trial's folder or a bag")
    if (recording / BAG_FOLDER).is_dir():
        return recording / LABELS_FILE
    if recording.is_file() and recording.parent.name == BAG_FOLDER:
        recording = recording.parent
    if recording.name == BAG_FOLDER:
        return recording.parent / LABELS_FILE
    return recording.parent / f"{recording.name}.{LABELS_FILE}"


def add_label(recording: Path, label: Label) -> Path:
    """Append to the recording's labels; the file they are in. Earlier marks of the same rater stay readable."""
    path = labels_file(recording)
    line = json.dumps(asdict(label), ensure_ascii=False) + "\n"
    # One write of a whole line at the end: two raters at once do not tear each other's.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path


def read_labels(recording: Path) -> tuple[Label, ...]:
    """All labels of a recording, the oldest first; none where nobody labelled it.

    Raises InputError for a damaged file.
    """
    path = labels_file(recording)
    return _read(path) if path.is_file() else ()


def latest_of_each_rater(labels: Iterable[Label]) -> tuple[Label, ...]:
    """What each rater said last, by name."""
    latest = {label.rater: label for label in labels}
    return tuple(latest[rater] for rater in sorted(latest))


def find_labels(root: Path) -> dict[str, tuple[Label, ...]]:
    """The labels of every recording under a folder, by the recording's path in it."""
    if not root.is_dir():
        raise InputError(f"{root} is not a folder; give one with labelled trials")
    found = {}
    for path in sorted(root.rglob(f"*{LABELS_FILE}")):
        stem = path.name.removesuffix(LABELS_FILE).rstrip(".")
        found[str((path.parent / stem).relative_to(root))] = _read(path)
    return found


def read_label_csv(path: Path) -> list[tuple[str, Label]]:
    """Trial and label of each row. Raises InputError with the row's number: a table is taken whole or not at all."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            missing = set(CSV_COLUMNS) - set(table.fieldnames or ())
            if missing:
                raise InputError(
                    f"{path} lacks the columns {', '.join(sorted(missing))}; expected {', '.join(CSV_COLUMNS)} "
                    f"and optionally {', '.join(CSV_OPTIONAL)}"
                )
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table of labels: {error}") from error
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            given = [row[column] for column in CSV_COLUMNS[2:]]
            # Four empty fields: only the whole was marked.
            marks = [float(mark) for mark in (given if any(given[1:]) else given[:1])]
            note = {name: row.get(name) or "" for name in CSV_OPTIONAL}
            label = make_label(rater=row["rater"], total=marks[0], stages=marks[1:], **note)
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}, row {number}: {error}; nothing was stored") from error
        found.append((row["trial"], label))
    return found


def _read(path: Path) -> tuple[Label, ...]:
    labels = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            data = json.loads(line)
            labels.append(Label(**{**data, "stages": tuple(data["stages"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path}, line {number} is not a label ({error}); remove or mend that line") from error
        if not math.isfinite(labels[-1].total):
            raise InputError(f"{path}, line {number} has no total; remove or mend that line")
    return tuple(labels)
