"""Training runs on this machine: what each was told, how far it came and how good it is."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sport_nodes.errors import InputError
from sport_nodes.training.config import CONFIG_FILE, WITHOUT_MEANING, default_run_directory
from sport_nodes.training.people import seen_as


@dataclass(frozen=True)
class Run:
    """One run directory.

    state: "finished", or the epochs it has behind it. mae, srcc: of unseen people, None before the end. config: what
    it was told; differs: the part of it in which the listed runs are not alike.
    """

    name: str
    path: str
    state: str
    mae: float | None
    srcc: float | None
    data_sha256: str
    config: dict[str, Any]
    differs: dict[str, Any] = field(default_factory=dict)


def default_runs_directory() -> Path:
    """The folder in which runs lie side by side unless told otherwise."""
    return default_run_directory().parent


def find_runs(folders: Sequence[Path]) -> list[Run]:
    """The runs in or under these folders, finished ones first, the best at the top.

    Raises InputError for a run whose record cannot be read.
    """
    configs = sorted({path for folder in folders for path in folder.glob(f"**/{CONFIG_FILE}")})
    runs = [_run(path.parent) for path in configs]
    keys = sorted({key for run in runs for key in run.config} - set(WITHOUT_MEANING))
    unlike = [k for k in keys if len({json.dumps(run.config.get(k)) for run in runs}) > 1]
    runs = [replace(run, differs={k: run.config[k] for k in unlike if k in run.config}) for run in runs]
    return sorted(runs, key=lambda run: (math.inf if run.mae is None else run.mae, run.name))


def runs_that_saw(folders: Sequence[Path], athlete: str) -> list[tuple[str, str]]:
    """Run directory and part (training, validation, test) of each run whose data held this person."""
    found = []
    for record in sorted({path for folder in folders for path in folder.glob("**/people.json")}):
        part = seen_as(record, athlete)
        if part:
            found.append((str(record.parent), part))
    return found


def _run(directory: Path) -> Run:
    config = _read(directory / CONFIG_FILE)
    versions = sorted(directory.glob("versions/*/scorer.json"), key=lambda path: path.stat().st_mtime)
    sidecar, history = versions[-1] if versions else directory / "scorer.json", directory / "history.json"
    common = {"name": directory.name, "path": str(directory), "config": config}
    if sidecar.is_file():
        try:
            provenance = _read(sidecar)["provenance"]
            figures = provenance.get("figures_on_recorded_people") or provenance["figures_on_simulated_people"]
            ours = figures["ours"]
            sha256 = provenance["data_sha256"]
            return Run(**common, state="finished", mae=ours["mae"], srcc=ours["srcc"], data_sha256=sha256)
        except (KeyError, TypeError) as error:
            raise InputError(f"{sidecar} does not describe a finished run ({error!r}); train it again") from error
    epochs = len(_read(history)) if history.is_file() else 0
    return Run(**common, state=f"epoch {epochs} of {config.get('epochs')}", mae=None, srcc=None, data_sha256="")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); remove the run or train it again") from error
