"""What is in a data set: dataset.json for programs, README.md for people."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from sport_nodes.training.dataset_rows import COLUMNS, FORMAT, SPLITS

_BAND_M: Final = 0.1


def write_card(
    dataset: Path, rows: Iterable[dict[str, Any]], shards: list[Path], left_out: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    """Write both; returns what dataset.json says."""
    description = _counted(rows)
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in shards}
    description |= {
        "format": FORMAT,
        "sha256": hashlib.sha256("".join(digests.values()).encode()).hexdigest(),
        "shards": digests,
        "left_out": [list(entry) for entry in left_out],
    }
    _replace(dataset / "README.md", _markdown(description))
    _replace(dataset / "dataset.json", json.dumps(description, indent=1, ensure_ascii=False) + "\n")
    return description


def _counted(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    people: dict[str, set[str]] = defaultdict(set)
    trials: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("actions", "heights_m", "raters", "devices")}
    kinds = Counter({"simulated": 0, "labelled": 0})
    for row in rows:
        people[row["split"]].add(row["athlete"])
        trials[row["split"]] += 1
        counts["actions"][row["action"]] += 1
        counts["heights_m"][_band(row["height_m"])] += 1
        counts["raters"].update(row["raters"])
        counts["devices"].update(row["devices"])
        kinds.update({"simulated": int(row["simulated"]), "labelled": int(bool(row["raters"]))})
    return {
        "trials": trials.total(),
        "people": {split: len(people[split]) for split in SPLITS},
        "trials_of": {split: trials[split] for split in SPLITS},
        **dict(kinds),
        **{name: dict(sorted(count.items())) for name, count in counts.items()},
    }


def _band(height_m: float) -> str:
    if not math.isfinite(height_m):
        return "unknown"
    low = math.floor(height_m / _BAND_M + 1e-9) * _BAND_M
    return f"{low:.1f} to {low + _BAND_M:.1f}"


def _markdown(data: dict[str, Any]) -> str:
    lines = [
        "# Data set of recorded trials",
        "",
        f"{data['trials']} trials of {sum(data['people'].values())} people, {data['labelled']} of them marked by "
        f"raters; {data['simulated']} were recorded in the simulated lab. SHA-256 `{data['sha256']}`.",
        "",
        "| | people | trials |",
        "|---|---|---|",
        *(f"| {split} | {data['people'][split]} | {data['trials_of'][split]} |" for split in SPLITS),
        "",
        "People are split by a hash of their pseudonym: they stay where they are in every later build.",
        "",
    ]
    titles = {
        "actions": "Movements",
        "heights_m": "Heights [m] of trials",
        "raters": "Raters: trials marked",
        "devices": "Sensors: trials seen",
    }
    for name, title in titles.items():
        found = ", ".join(f"{key} {count}" for key, count in data[name].items()) or "none"
        lines.append(f"- {title}: {found}")
    lines += ["", "## Columns", "", "| column | type | what |", "|---|---|---|"]
    lines += [f"| `{name}` | {kind} | {about} |" for name, kind, about in COLUMNS]
    lines += ["", f"## Left out: {len(data['left_out'])}", ""]
    lines += [f"- `{bag}`: {reason}" for bag, reason in data["left_out"]]
    return "\n".join([*lines, ""])


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
