"""Recorded, marked trials as a training set: the people stay where they are, simulated ones stand in where few are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="no pyarrow on this machine: it comes with the extra `train`")

from sport_nodes.actions import action_names
from sport_nodes.errors import InputError
from sport_nodes.lab.simulate import simulate
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.training import recorded
from sport_nodes.training.dataset_rows import SPLITS, split_of
from sport_nodes.training.recorded import (
    MOST_REPEATED,
    RECORDED,
    evened,
    recorded_parts,
    unmarked_movements,
    with_simulated,
)

ACTION = "free_throw"
FEWEST_TRIALS = {"training": 12, "validation": 6, "test": 6}
MOTION = simulate(ACTION, seed=3, rate_hz=30.0).motion


@pytest.fixture(autouse=True)
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "FEWEST_TRIALS", FEWEST_TRIALS)


@pytest.fixture
def present(tmp_path: Path, plain_model: Callable[..., Path]) -> Scorer:
    return Scorer.load(plain_model(tmp_path / "model", offset=60))


@pytest.fixture
def row(dataset_row: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """One trial, its motion always the same."""

    def row(
        trial: int, athlete: str, totals: list[float], stages: list[list[float]], action: str = ACTION
    ) -> dict[str, Any]:
        return dataset_row(trial, athlete, MOTION, totals, stages=stages, action=action)

    return row


@pytest.fixture
def rows(row: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    """Just enough marked trials in each part, two of them with the whole marked only, and some that nobody marked."""
    people = {split: [n for n in (f"p{i}" for i in range(100)) if split_of(n) == split][:4] for split in SPLITS}
    made = []
    for split in SPLITS:
        for k in range(FEWEST_TRIALS[split]):
            stages = [[60.0, 70.0, 80.0, 90.0], [62.0, 72.0, 82.0, 92.0]] if k > 1 else [[], []]
            made.append(row(len(made), people[split][k % 4], [70.0 + k % 20, 74.0 + k % 20], stages))
    return [*made, row(998, "p0", [], []), row(999, "p1", [50.0], [[50.0] * 4], action="sit_up")]


def test_unmarked_movements_are_the_training_peoples_only_and_have_no_marks(
    row: Callable[..., dict[str, Any]], rows: list[dict[str, Any]], present: Scorer
) -> None:
    people = {split: next(n for n in (f"u{i}" for i in range(100)) if split_of(n) == split) for split in SPLITS}
    own = [row(2000 + i, people[split], [], []) for i, split in enumerate(SPLITS)]
    marked = [r for r in rows if r["raters"]]
    unmarked, whose = unmarked_movements(iter(marked + own), present, [ACTION])
    assert whose == {people["training"]}
    assert unmarked is not None
    assert len(unmarked) == 1
    assert np.isnan(unmarked.total).all()
    assert np.isnan(unmarked.stages).all()
    assert np.isfinite(unmarked.pose).all()
    assert unmarked_movements(iter(marked), present, [ACTION]) == (None, set())
    assert unmarked_movements(iter(own), present, ["sit_up"]) == (None, set())


def test_rows_are_the_raters_mean_and_people_stay_in_their_part(rows: list[dict[str, Any]], present: Scorer) -> None:
    parts, people = recorded_parts(iter(rows), present)
    assert [len(part) for part in parts] == [FEWEST_TRIALS[split] for split in SPLITS]
    for split, part in zip(SPLITS, parts, strict=True):
        assert {split_of(name) for name in people[split]} == {split}
        assert len(np.unique(part.person)) == len(people[split])
        assert set(part.action) == {action_names().index(ACTION)}
    training = parts[0]
    np.testing.assert_allclose(training.total[:3], [72.0, 73.0, 74.0])
    np.testing.assert_allclose(training.stages[2], [61.0, 71.0, 81.0, 91.0])
    # Only the whole was marked: the stages are the present model's (all alike here), moved with the total.
    np.testing.assert_allclose(training.stages[0], [72.0] * 4, atol=1e-4)
    np.testing.assert_allclose(training.bounds[0], [0.25, 0.5, 0.75], atol=1e-6)


def test_too_few_marks_are_refused(rows: list[dict[str, Any]], present: Scorer) -> None:
    with pytest.raises(InputError, match="no movement has marked trials enough"):
        recorded_parts(iter(rows[1:]), present)


def test_simulated_trials_stand_in_for_the_other_movements_only(rows: list[dict[str, Any]], present: Scorer) -> None:
    parts, _ = recorded_parts(iter(rows), present)
    # The recorded rows again, as if they were simulated trials of all movements in turn.
    other = parts[0].take(np.arange(40) % len(parts[0]))
    other.action[:] = np.arange(40) % 4
    other.person[:] = np.arange(40) // 4
    other.condition[:] = "default"
    joined = with_simulated(parts, other, seed=1)
    own = action_names().index(ACTION)
    for before, after in zip(parts, joined, strict=True):
        real = after.condition == RECORDED
        assert real.sum() == len(before)
        assert set(after.action[real]) == {own}
        assert own not in after.action[~real]
        assert not set(after.person[real]) & set(after.person[~real])
    assert sum(len(part) for part in joined) == sum(len(part) for part in parts) + 30


def test_rare_movements_are_seen_as_often_as_the_others_up_to_a_limit(
    rows: list[dict[str, Any]], present: Scorer
) -> None:
    training = recorded_parts(iter(rows), present)[0][0]
    made = training.take(np.zeros(100 + 30 + 2, dtype=int))
    made.action[:] = np.repeat([0, 1, 2], [100, 30, 2])
    np.testing.assert_array_equal(np.bincount(evened(made).action), [100, 3 * 30, MOST_REPEATED * 2])
    assert len(evened(training)) == len(training)


def test_the_better_model_goes_whole_into_the_machines_models(
    rows: list[dict[str, Any]],
    present: Scorer,
    tmp_path: Path,
    plain_model: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")
    from sport_nodes.training.retrain import _put_in_place, compare

    monkeypatch.setenv("SPORT_COACH_HOME", str(tmp_path / "home"))
    parts, _ = recorded_parts(iter(rows), present)
    better = Scorer.load(plain_model(tmp_path / "better", offset=75))
    judgement = compare(better, present, parts[0], parts[2])
    assert judgement.promoted
    assert judgement.bands.keys() == {ACTION, "1.7 to 1.8 m"}
    assert not compare(present, better, parts[0], parts[2]).promoted
    placed = _put_in_place(tmp_path / "better", tmp_path, better.sha256, judgement)
    assert placed == tmp_path / "home" / "models" / f"scorer-{better.sha256[:10]}"
    assert Scorer.load(placed / "scorer.onnx").identity == better.identity
    assert Scorer.load(tmp_path / "versions" / placed.name / "scorer.onnx").identity == better.identity
