"""The folder of trials: what lies where, and that erasing an athlete leaves nothing of them and all of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from sport_nodes.errors import InputError
from sport_nodes.store import NOBODY, TrialStore


def test_each_trial_has_a_folder_under_its_athlete(tmp_path: Path) -> None:
    store = TrialStore.at(tmp_path)
    assert store.folder(athlete="kestrel", trial="20260101T101010-001").relative_to(tmp_path).parts == (
        "kestrel",
        "20260101T101010-001",
    )
    assert store.folder(athlete="", trial="t").parent.name == NOBODY


def test_erasing_removes_one_athlete_and_counts_the_files(tmp_path: Path) -> None:
    store = TrialStore.at(tmp_path)
    for athlete in ("kestrel", "heron"):
        for trial in ("a", "b"):
            (store.folder(athlete=athlete, trial=trial) / "report.html").write_text("x")
    assert store.erase("kestrel") == 2
    assert [p.name for p in tmp_path.iterdir()] == ["heron"]
    assert store.erase("kestrel") == 0


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", "", "x" * 65, "null\0"])
def test_names_that_leave_the_store_are_refused(tmp_path: Path, name: str) -> None:
    store = TrialStore.at(tmp_path)
    with pytest.raises(InputError, match="pseudonym"):
        store.folder(athlete="kestrel", trial=name)
    with pytest.raises(InputError, match="pseudonym"):
        store.erase(name)
