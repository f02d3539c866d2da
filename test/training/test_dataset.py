"""Recorded bags to Parquet: the row is the trial, the bytes do not depend on how it was built, damage is told."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="no pyarrow on this machine: it comes with the extra `train`")

from sport_nodes import topics
from sport_nodes.agreement import icc_2_1
from sport_nodes.cli import main
from sport_nodes.errors import InputError
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag import BagWriter
from sport_nodes.lab.simulate import simulate
from sport_nodes.labels import add_label, make_label
from sport_nodes.training.dataset import _mapper, _or_raised, build_dataset, erase_from_dataset, read_rows, shard_paths
from sport_nodes.training.dataset_rows import SPLITS, motion_of_row, split_of

PEOPLE = ("kestrel", "heron", "wren", "owl")
MOTION = simulate("free_throw", seed=3, rate_hz=30.0).motion
EXPECTED_SPLITS = ["test", "training", "training", "validation"]


def write_trial(store: Path, athlete: str, trial: str, *, shift_m: float = 0.0) -> Path:
    folder = store / athlete / trial
    folder.mkdir(parents=True)
    motion = MOTION.moved(MOTION.positions_m + shift_m, MOTION.times_s)
    message = messages.trial_motion_message(
        motion, begin_s=1_700_000_000.0, trial=trial, action="free_throw", athlete=athlete
    )
    with BagWriter(folder / "bag") as writer:
        writer.write(topics.MOTION_TRIAL, message, 1_700_000_000.0)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for number, athlete in enumerate(PEOPLE * 2):
        folder = write_trial(tmp_path / "store", athlete, f"t{number}", shift_m=0.01 * number)
        if number < 3:
            for rater, total in (("Wei", 70.0 + number), ("Ana", 80.0)):
                add_label(folder, make_label(rater=rater, total=total, stages=(60, 70, 80, 90), when="2026-01-01"))
    return tmp_path / "store"


def contents(dataset: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(dataset.iterdir())}


def test_a_row_is_the_trial_and_its_marks(store: Path, tmp_path: Path) -> None:
    built = build_dataset([store], tmp_path / "set")
    rows = {row["trial"]: row for row in read_rows(tmp_path / "set")}
    assert (built.trials, built.built, built.left_out) == (8, 8, ())
    assert set(rows) == {f"t{i}" for i in range(8)}
    motion = motion_of_row(rows["t2"])
    np.testing.assert_allclose(motion.positions_m, MOTION.positions_m + 0.02, atol=1e-6)
    np.testing.assert_array_equal(motion.times_s, MOTION.times_s)
    assert (rows["t2"]["athlete"], rows["t2"]["action"]) == ("wren", "free_throw")
    assert (rows["t2"]["raters"], rows["t2"]["totals"]) == (["Ana", "Wei"], [80.0, 72.0])
    assert rows["t2"]["stages"] == [[60.0, 70.0, 80.0, 90.0]] * 2
    assert rows["t5"]["raters"] == []


def test_one_process_and_two_give_the_same_bytes_and_again_nothing_is_read(store: Path, tmp_path: Path) -> None:
    build_dataset([store], tmp_path / "one")
    build_dataset([store], tmp_path / "two", processes=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    again = build_dataset([store], tmp_path / "one")
    assert again.built == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_only_what_changed_is_built_again_to_the_same_bytes_as_from_nothing(store: Path, tmp_path: Path) -> None:
    first = build_dataset([store], tmp_path / "set")
    add_label(store / "owl" / "t7", make_label(rater="Wei", total=50, stages=(1, 2, 3, 4)))
    write_trial(store, "finch", "t9", shift_m=0.5)
    shutil.rmtree(store / "heron" / "t1")
    second = build_dataset([store], tmp_path / "set")
    build_dataset([store], tmp_path / "fresh")
    assert (second.trials, second.built) == (8, 2)
    assert second.sha256 != first.sha256
    assert contents(tmp_path / "set") == contents(tmp_path / "fresh")


def test_damaged_bags_are_named_and_left_out(store: Path, tmp_path: Path) -> None:
    bag = store / "owl" / "t7" / "bag" / "bag.mcap"
    bag.write_bytes(bag.read_bytes()[:-400])
    with BagWriter(store / "owl" / "raw" / "bag") as writer:
        writer.write("/words", messages.typestore().types["std_msgs/msg/String"](data="no trial"), 1.0)
    built = build_dataset([store], tmp_path / "set")
    assert built.trials == 7
    assert [name for name, _ in built.left_out] == ["owl/raw/bag", "owl/t7/bag"]
    assert "owl/t7/bag" in (tmp_path / "set" / "README.md").read_text()
    assert build_dataset([store], tmp_path / "set").left_out == built.left_out


def test_people_are_split_once_in_the_stated_shares() -> None:
    drawn = [split_of(f"person{i}") for i in range(4000)]
    shares = [drawn.count(split) / 4000 for split in SPLITS]
    np.testing.assert_allclose(shares, (0.6, 0.2, 0.2), atol=0.03)
    # Written down: a change of the hash would move people between training and test.
    assert [split_of(name) for name in PEOPLE] == EXPECTED_SPLITS


def test_an_erased_person_is_gone_and_the_others_stay(store: Path, tmp_path: Path) -> None:
    build_dataset([store], tmp_path / "set")
    assert erase_from_dataset(tmp_path / "set", "wren") == 2
    assert {row["athlete"] for row in read_rows(tmp_path / "set")} == set(PEOPLE) - {"wren"}
    assert all(b"wren" not in path.read_bytes() for path in (tmp_path / "set").iterdir())
    shutil.rmtree(store / "wren")
    build_dataset([store], tmp_path / "fresh")
    assert contents(tmp_path / "set") == contents(tmp_path / "fresh")
    assert erase_from_dataset(tmp_path / "set", "wren") == 0


def test_the_command_builds_and_counts(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "build", str(store), "-o", str(tmp_path / "set"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trials"] == 8
    card = json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert card["actions"] == {"free_throw": 8}
    assert card["raters"] == {"Ana": 3, "Wei": 3}
    assert sum(card["people"].values()) == len(PEOPLE)
    assert (card["labelled"], len(card["shards"])) == (3, len(shard_paths(tmp_path / "set")))
    assert main(["dataset", "build", str(tmp_path / "nowhere"), "-o", str(tmp_path / "x")]) == 2


def test_the_card_tells_how_raters_agree_and_under_which_conditions(store: Path, tmp_path: Path) -> None:
    marks = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    for trial, given in zip(("t3", "t4", "t5", "t6", "t7"), marks, strict=False):
        for rater, mark in zip("ABCD", given, strict=True):
            add_label(next(store.glob(f"*/{trial}")), make_label(rater=rater, total=mark))
    write_trial(store, "owl", "t8", shift_m=0.3)
    for rater, mark in zip("ABCD", marks[-1], strict=True):
        add_label(store / "owl" / "t8", make_label(rater=rater, total=mark))
    build_dataset([store], tmp_path / "set")
    card = json.loads((tmp_path / "set" / "dataset.json").read_text())
    found = {tuple(one["raters"]): one for one in card["agreement"]}
    assert set(found) == {("Ana", "Wei"), *itertools.combinations("ABCD", 2)}
    assert found["Ana", "Wei"]["trials"] == 3
    # Wei's totals 70, 71, 72 beside Ana's 80: nothing in common; their stages were alike, without spread.
    assert found["Ana", "Wei"]["icc"] == pytest.approx(0.0)
    assert found["Ana", "Wei"]["stage_icc"] == [None] * 4
    assert found["A", "B"]["stage_icc"] == [None] * 4
    # No trial was marked by all six, so nothing is said of all; four raters are the example of Shrout & Fleiss 1979.
    assert found["A", "B"]["icc"] == pytest.approx(icc_2_1(marks[:, :2].astype(float)), abs=1e-4)
    readme = (tmp_path / "set" / "README.md").read_text()
    assert f"| A, B | 6 | {found['A', 'B']['icc']:.2f} | - | - | - | - |" in readme
    assert card["months"] == {"2023-11": 9}
    assert card["missing_share"] == {"0% to 1%": 9}
    assert sum(card["rigs"].values()) == sum(card["sensors_at_once"].values()) == 9


def test_a_ray_cluster_gives_the_same_bytes(store: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="no Ray on this machine: it comes with the extra `cluster`")
    build_dataset([store], tmp_path / "one")
    build_dataset([store], tmp_path / "ray", ray_address="local")
    assert contents(tmp_path / "one") == contents(tmp_path / "ray")


def test_an_error_of_a_cluster_s_worker_ends_the_build() -> None:
    pytest.importorskip("ray", reason="no Ray on this machine: it comes with the extra `cluster`")
    with _mapper(1, "local") as mapped:
        assert list(mapped(int, ["1", "2"])) == [1, 2]
        with pytest.raises(ValueError, match="no number"):
            list(mapped(int, ["1", "no number"]))


def test_an_error_among_the_results_is_raised() -> None:
    """Bare, as where a worker died, and wrapped, as where its work failed."""
    wrapped = RuntimeError("of the pool")
    wrapped.underlying = InputError("of the work")  # type: ignore[attr-defined]
    results = _or_raised([1, ConnectionError("the worker died")])
    assert next(results) == 1
    with pytest.raises(ConnectionError):
        next(results)
    with pytest.raises(InputError, match="of the work"):
        next(_or_raised([wrapped]))
