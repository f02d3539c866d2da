"""Everything that is stored about one athlete, removed; and which models had seen them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sport_nodes.scoring.teacher import erase_from_teachers, teachers_directory
from sport_nodes.store import TrialStore, checked_name


@dataclass(frozen=True)
class Erased:
    """files: of bags, reports and labels. dataset_rows: trials. marked: trials that teachers' standards were learned
    from. seen_by: run directory and the part it used them in."""

    files: int
    marked: int
    dataset_rows: int
    seen_by: tuple[tuple[str, str], ...]


def erase_athlete(athlete: str, *, store: TrialStore, datasets: Sequence[Path], runs: Sequence[Path]) -> Erased:
    """Erase from the store, from teachers' standards and from these data sets. Raises InputError for no pseudonym."""
    checked_name(athlete)
    rows = 0
    if datasets:
        from sport_nodes.training.dataset import erase_from_dataset

        rows = sum(erase_from_dataset(dataset, athlete) for dataset in datasets)
    from sport_nodes.training.runs import runs_that_saw

    marked = erase_from_teachers(teachers_directory(), athlete)
    return Erased(store.erase(athlete), marked, rows, tuple(runs_that_saw(runs, athlete)))
