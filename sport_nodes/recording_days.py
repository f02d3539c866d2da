"""The index of each recording day, and which recordings a store keeps."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from sport_nodes.io.bag_about import METADATA_FILE
from sport_nodes.io.live_bag import UNFINISHED_FILE
from sport_nodes.labels import BAG_FOLDER, LABELS_FILE

#: In the store; no pseudonym begins like this. One file a day (UTC), one line a bag.
DAYS_FOLDER: Final = "_days"
_DAY_S: Final = 86400.0


def add_to_day(root: Path, bag: Path, about: dict[str, str], *, ended_s: float) -> Path:
    """Append a finished bag to its day's index. about: what the bag says about itself; ended_s: seconds since 1970."""
    ended = datetime.fromtimestamp(ended_s, timezone.utc)
    path = root / DAYS_FOLDER / f"{ended.date().isoformat()}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    line = {
        "ended": ended.isoformat(timespec="seconds"),
        "bag": str(bag.relative_to(root)),
        "bytes": sum(file.stat().st_size for file in bag.iterdir()),
        **about,
    }
    # One write of a whole line at the end: a reader never sees half of one.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(descriptor)
    return path


def read_day(path: Path) -> list[dict[str, Any]]:
    """The bags of one day, in order; a last line that a crash cut off is left out."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def erase_from_days(root: Path, athlete: str) -> None:
    """Take a person's lines out of every day."""
    for path in sorted((root / DAYS_FOLDER).glob("*.jsonl")):
        lines = read_day(path)
        kept = [line for line in lines if Path(line["bag"]).parts[0] != athlete]
        if len(kept) < len(lines):
            unfinished = path.with_suffix(".unfinished")
            unfinished.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept), "utf-8")
            unfinished.replace(path)


def remove_old_bags(root: Path, *, keep_days: float, keep_bytes: float, now_s: float) -> list[Path]:
    """Remove finished bags older than keep_days, and then the oldest until keep_bytes are left; 0 keeps all.

    Labelled trials stay, whatever their age: they are what models are trained on. Reports stay too.
    """
    bags = []
    for metadata in root.glob(f"*/*/{BAG_FOLDER}/{METADATA_FILE}"):
        bag = metadata.parent
        if not (bag / UNFINISHED_FILE).exists() and not (bag.parent / LABELS_FILE).exists():
            bags.append((metadata.stat().st_mtime, bag, sum(file.stat().st_size for file in bag.iterdir())))
    bags.sort()
    total = sum(size for _, _, size in bags)
    removed = []
    for recorded_s, bag, size in bags:
        too_old = keep_days > 0 and now_s - recorded_s > keep_days * _DAY_S
        too_much = keep_bytes > 0 and total > keep_bytes
        if not (too_old or too_much):
            continue
        shutil.rmtree(bag)
        total -= size
        removed.append(bag)
    return removed
