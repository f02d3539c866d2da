"""Everything that is stored about one athlete, removed; and which models had seen them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sport_nodes.store import TrialStore, checked_name


@dataclass(frozen=True)
class Erased:
    """files: of bags, reports and labels. dataset_rows: trials. seen_by: run directory and the part it used them in."""

    files: int
    dataset_rows: int
    seen_by: tuple[tuple[str, str], ...]


def erase_athlete(athlete: str, *, store: TrialStore, datasets: Sequence[Path], runs: Sequence[Path]) -> Erased:
    """Erase from the store and these data sets. Raises InputError for what is no pseudonym."""
    checked_name(athlete)
    rows = 0
    if datasets:
        from sport_nodes.training.dataset import erase_from_dataset

        rows = sum(erase_from_dataset(dataset, athlete) for dataset in datasets)
    from sport_nodes.training.runs import runs_that_saw

    return Erased(store.erase(athlete), rows, tuple(runs_that_saw(runs, athlete)))
