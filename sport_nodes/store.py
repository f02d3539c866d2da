"""Where the bags and reports of trials lie: one folder an athlete, one in it for each trial."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sport_nodes.errors import InputError
from sport_nodes.paths import data_directory
from sport_nodes.recording_days import erase_from_days

#: The folder of trials for which no athlete was selected.
NOBODY: Final = "unnamed"
#: What a pseudonym or a trial's id may look like: it becomes the name of a folder.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class TrialStore:
    """The trials under one root folder."""

    root: Path

    @classmethod
    def at(cls, path: str | Path = "") -> TrialStore:
        """The store in this folder; without one, in the user's data directory."""
        return cls(Path(path).expanduser() if str(path) else data_directory() / "trials")

    def folder(self, *, athlete: str, trial: str) -> Path:
        """The trial's folder, made when it is not there. Raises InputError for names that are no folder names."""
        folder = self.root / checked_name(athlete or NOBODY) / checked_name(trial)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def find(self, trial: str) -> Path:
        """The folder of the trial of this id, whoever did it. Raises InputError when there is none, or several."""
        found = sorted(path for path in self.root.glob(f"*/{checked_name(trial)}") if path.is_dir())
        if len(found) != 1:
            raise InputError(f"{self.root} holds {len(found) or 'no'} trials '{trial}'; give the trial's folder")
        return found[0].resolve()

    def erase(self, athlete: str) -> int:
        """Remove everything stored about one athlete; returns how many files that were."""
        folder = self.root / checked_name(athlete)
        erase_from_days(self.root, athlete)
        if not folder.is_dir():
            return 0
        files = sum(1 for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder)
        return files


def checked_name(name: str) -> str:
    """The name, if it is safe as a folder's. Raises InputError otherwise."""
    if not _NAME.fullmatch(name):
        raise InputError(f"'{name}' cannot be a pseudonym or trial; use up to 64 letters, digits, '.', '_' and '-'")
    return name
