"""What is in a data set: dataset.json for programs, README.md for people."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import numpy as np

from sport_nodes.agreement import icc_2_1
from sport_nodes.labels import STAGE_COUNT
from sport_nodes.training.dataset_rows import COLUMNS, FORMAT, SPLITS

_BAND_M: Final = 0.1
#: Edges of the bands of what the sensors did not see of a trial, as shares of joints and frames.
_MISSING_EDGES: Final = (0.0, 0.01, 0.05, 0.2, 1.0)
#: Trials that raters must share for an agreement to be stated: it has no meaning for fewer than two.
_FEWEST_SHARED: Final = 2
_SHORT_HASH: Final = 10
_UNKNOWN: Final = "unknown"
#: What is counted over the trials, and how the card calls it.
_TITLES: Final = {
    "actions": "Movements",
    "heights_m": "Heights [m] of trials",
    "raters": "Raters: trials marked",
    "devices": "Sensors: trials seen",
    "sensors_at_once": "Conditions, sensors at once: trials",
    "missing_share": "Conditions, share of joints and frames not seen: trials",
    "rigs": "Conditions, rig (SHA-256): trials",
    "software": "Conditions, software: trials",
    "months": "Conditions, month (UTC): trials",
}


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
    counts: dict[str, Counter[str]] = {name: Counter() for name in _TITLES}
    kinds = Counter({"simulated": 0, "labelled": 0})
    marked: list[dict[str, list[float]]] = []
    for row in rows:
        people[row["split"]].add(row["athlete"])
        trials[row["split"]] += 1
        counts["actions"][row["action"]] += 1
        counts["heights_m"][_band(row["height_m"])] += 1
        counts["raters"].update(row["raters"])
        counts["devices"].update(row["devices"])
        counts["sensors_at_once"][str(len(row["devices"]))] += 1
        counts["missing_share"][_missing_band(row["missing_share"])] += 1
        counts["rigs"][row["rig_sha256"][:_SHORT_HASH] or _UNKNOWN] += 1
        counts["software"][row["software"] or _UNKNOWN] += 1
        counts["months"][datetime.fromtimestamp(row["begin_s"], timezone.utc).strftime("%Y-%m")] += 1
        if len(row["raters"]) > 1:
            marks = zip(row["totals"], row["stages"], strict=True)
            marked.append(dict(zip(row["raters"], ([total, *stages] for total, stages in marks), strict=True)))
        kinds.update({"simulated": int(row["simulated"]), "labelled": int(bool(row["raters"]))})
    return {
        "trials": trials.total(),
        "people": {split: len(people[split]) for split in SPLITS},
        "trials_of": {split: trials[split] for split in SPLITS},
        **dict(kinds),
        **{name: dict(sorted(count.items())) for name, count in counts.items()},
        "agreement": _agreements(marked),
    }


def _agreements(marked: list[dict[str, list[float]]]) -> list[dict[str, Any]]:
    """ICC(2,1) of every two raters and of all together, over the trials that they share; null where it is not defined.

    marked: a trial's marks by rater, total and either four stages or none.
    """
    raters = sorted({rater for trial in marked for rater in trial})
    groups = [*itertools.combinations(raters, 2), *([tuple(raters)] if len(raters) > 2 else [])]
    found = []
    for group in groups:
        shared = [[trial[rater] for rater in group] for trial in marked if trial.keys() >= set(group)]
        if len(shared) < _FEWEST_SHARED:
            continue
        staged = [trial for trial in shared if all(len(marks) > 1 for marks in trial)]
        stages = [_icc(staged, k) for k in range(1, 1 + STAGE_COUNT)]
        found.append({"raters": list(group), "trials": len(shared), "icc": _icc(shared, 0), "stage_icc": stages})
    return found


def _icc(trials: list[list[list[float]]], mark: int) -> float | None:
    if len(trials) < _FEWEST_SHARED:
        return None
    icc = icc_2_1(np.array([[marks[mark] for marks in trial] for trial in trials]))
    return round(icc, 4) if math.isfinite(icc) else None


def _band(height_m: float) -> str:
    if not math.isfinite(height_m):
        return _UNKNOWN
    low = math.floor(height_m / _BAND_M + 1e-9) * _BAND_M
    return f"{low:.1f} to {low + _BAND_M:.1f}"


def _missing_band(share: float) -> str:
    band = int(np.searchsorted(_MISSING_EDGES[1:-1], share))
    return f"{_MISSING_EDGES[band]:.0%} to {_MISSING_EDGES[band + 1]:.0%}"


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
    for name, title in _TITLES.items():
        found = ", ".join(f"{key} {count}" for key, count in data[name].items()) or "none"
        lines.append(f"- {title}: {found}")
    lines += ["", "## Agreement of raters", ""]
    lines += _agreement_table(data["agreement"]) or [f"No two raters marked {_FEWEST_SHARED} trials or more in common."]
    lines += ["", "## Columns", "", "| column | type | what |", "|---|---|---|"]
    lines += [f"| `{name}` | {kind} | {about} |" for name, kind, about in COLUMNS]
    lines += ["", f"## Left out: {len(data['left_out'])}", ""]
    lines += [f"- `{bag}`: {reason}" for bag, reason in data["left_out"]]
    return "\n".join([*lines, ""])


def _agreement_table(agreements: list[dict[str, Any]]) -> list[str]:
    if not agreements:
        return []
    rows = [
        f"| {', '.join(one['raters'])} | {one['trials']} | {' | '.join(map(_shown, [one['icc'], *one['stage_icc']]))} |"
        for one in agreements
    ]
    stages = " | ".join(f"stage {k}" for k in range(1, 1 + STAGE_COUNT))
    return [
        "ICC(2,1) of one rater's marks (Shrout & Fleiss 1979), all movements together, over trials that all of them "
        "marked.",
        "",
        f"| raters | trials | total | {stages} |",
        "|---|---|---|" + "---|" * STAGE_COUNT,
        *rows,
    ]


def _shown(icc: float | None) -> str:
    return "-" if icc is None else f"{icc:.2f}"


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
