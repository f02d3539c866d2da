"""Teachers' marks lie beside the recording, which stays as it is; raters' agreement against a published example."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sport_nodes.agreement import agreement, icc_2_1
from sport_nodes.cli import main
from sport_nodes.errors import InputError
from sport_nodes.labels import add_label, find_labels, labels_file, latest_of_each_rater, make_label, read_labels

# Shrout & Fleiss 1979, table 2: four judges' ratings of six targets; table 4 gives ICC(2,1) = .29.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)
PUBLISHED_ICC_2_1 = 0.29


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    folder = tmp_path / "kestrel" / "t1"
    (folder / "bag").mkdir(parents=True)
    (folder / "bag" / "bag.mcap").write_bytes(b"as recorded")
    return folder


def test_the_published_example() -> None:
    assert icc_2_1(SHROUT_FLEISS) == pytest.approx(PUBLISHED_ICC_2_1, abs=0.005)


@given(st.integers(2, 8), st.integers(2, 5), st.floats(1.0, 50.0), st.integers(0, 1000))
def test_perfect_agreement_is_one_and_a_severe_rater_lowers_it(
    trials: int, raters: int, severity: float, seed: int
) -> None:
    marks = np.tile(np.random.default_rng(seed).uniform(0, 100, trials)[:, None], raters)
    assert icc_2_1(marks) == pytest.approx(1.0)
    marks[:, 0] -= severity
    assert icc_2_1(marks) < 1.0


def test_labels_are_appended_and_the_recording_stays(trial: Path) -> None:
    for total in (70.0, 75.0):
        label = make_label(rater="Wei", total=total, stages=(70, 71, 72, 73))
        assert add_label(trial, label) == trial / "labels.jsonl"
    assert [label.total for label in read_labels(trial)] == [70.0, 75.0]
    assert [label.total for label in latest_of_each_rater(read_labels(trial))] == [75.0]
    assert read_labels(trial)[0].grade == "fair"
    assert read_labels(trial)[0].when.endswith("+00:00")
    assert (trial / "bag" / "bag.mcap").read_bytes() == b"as recorded"
    assert [p.name for p in (trial / "bag").iterdir()] == ["bag.mcap"]


def test_however_a_recording_is_named_its_labels_are_the_same(trial: Path, tmp_path: Path) -> None:
    assert {labels_file(p) for p in (trial, trial / "bag", trial / "bag" / "bag.mcap")} == {trial / "labels.jsonl"}
    alone = tmp_path / "jump"
    alone.mkdir()
    assert labels_file(alone) == tmp_path / "jump.labels.jsonl"


@pytest.mark.parametrize(
    "wrong", [{"total": 101.0}, {"total": float("nan")}, {"stages": (1, 2, 3)}, {"grade": "superb"}, {"rater": " "}]
)
def test_marks_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        make_label(**{"rater": "Wei", "total": 70.0, "stages": (1, 2, 3, 4), **wrong})  # type: ignore[arg-type]


def test_agreement_is_over_the_trials_that_all_marked(tmp_path: Path) -> None:
    for number, row in enumerate(SHROUT_FLEISS):
        bag = tmp_path / f"trial{number}"
        bag.mkdir()
        for judge, mark in enumerate(row):
            add_label(bag, make_label(rater=f"judge{judge}", total=mark, stages=(mark,) * 4))
    (tmp_path / "extra").mkdir()
    add_label(tmp_path / "extra", make_label(rater="judge0", total=1.0, stages=(1,) * 4))
    found = agreement(find_labels(tmp_path))
    assert found.icc == pytest.approx(PUBLISHED_ICC_2_1, abs=0.005)
    assert found.trials == 6
    assert found.stage_icc == pytest.approx([found.icc] * 4)


def test_the_command_labels_lists_and_tells_agreement(trial: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--store", str(trial.parents[1])]
    marks = ["--rater", "Wei", "--total", "81.5", "--stages", "80,81,82,83", "--note", "落地 soft"]
    assert main(["label", "t1", *store, *marks]) == 0
    capsys.readouterr()
    assert main(["label", str(trial), "--json"]) == 0
    (label,) = json.loads(capsys.readouterr().out)
    assert (label["total"], label["grade"], label["note"]) == (81.5, "good", "落地 soft")
    assert main(["label", "--agreement", str(trial.parents[1])]) == 2
    assert "two raters" in capsys.readouterr().err
    assert main(["label", "t2", *store]) == 2
    assert main(["label", "t1", *store, "--rater", "Wei"]) == 2


def test_a_table_is_taken_whole_or_not_at_all(trial: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = trial.parents[1] / "marks.csv"
    header = "trial,rater,total,stage_1,stage_2,stage_3,stage_4,note\n"
    table.write_text(header + "t1,Ana,60,60,60,60,60,\nt1,Ben,600,60,60,60,60,\n")
    arguments = ["label", "--csv", str(table), "--store", str(trial.parents[1])]
    assert main(arguments) == 2
    assert "row 3" in capsys.readouterr().err
    assert read_labels(trial) == ()
    table.write_text(header + "t1,Ana,60,60,60,60,60,\nt1,Ben,70,60,60,60,60,late arms\n")
    assert main(arguments) == 0
    assert [(label.rater, label.note) for label in read_labels(trial)] == [("Ana", ""), ("Ben", "late arms")]


def test_the_whole_may_be_marked_without_its_stages(trial: Path, tmp_path: Path) -> None:
    assert main(["label", str(trial), "--rater", "Wei", "--total", "82"]) == 0
    table = tmp_path / "marks.csv"
    columns = "trial,rater,total,stage_1,stage_2,stage_3,stage_4"
    table.write_text(f"{columns}\n{trial},Ana,81,,,,\n{trial},Bo,70,60,70,80,70\n")
    assert main(["label", "--csv", str(table)]) == 0
    assert [(label.total, len(label.stages)) for label in read_labels(trial)] == [(82.0, 0), (81.0, 0), (70.0, 4)]
    table.write_text(f"{columns}\n{trial},Ana,81,60,,,\n")
    assert main(["label", "--csv", str(table)]) == 2


def test_agreement_on_stages_is_over_the_trials_whose_stages_all_marked() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(40, 100, (6, 5)).round()
    labels = {
        f"t{i}": [
            make_label(rater="Ana", total=row[0], stages=row[1:]),
            make_label(rater="Wei", total=row[0], stages=row[1:] if i < 4 else ()),
        ]
        for i, row in enumerate(truth)
    }
    found = agreement(labels)
    assert (found.icc, found.trials) == (pytest.approx(1.0), 6)
    assert found.stage_icc == pytest.approx((1.0,) * 4)
    only_totals = {t: [make_label(rater=label.rater, total=label.total) for label in two] for t, two in labels.items()}
    assert np.isnan(agreement(only_totals).stage_icc).all()
