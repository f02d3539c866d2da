import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")

from sport_nodes.errors import InputError  # noqa: E402
from sport_nodes.training.table_pictures import draw  # noqa: E402
from sport_nodes.training.tables import (  # noqa: E402
    OURS,
    ST_GCN,
    Results,
    ablation_text,
    comparison_table,
    data_table,
    grouped_table,
    read_ablation,
    results_of,
    stage_table,
    write_tables,
)

ROWS = [
    {
        "variant": "whole",
        "without": "",
        "seeds": 2,
        "mae": 3.0,
        "mae_sd": 0.1,
        "srcc": 0.9,
        "mae_loss": 0.0,
        "pays": True,
    },
    {"variant": "A", "without": "adaptive_graph", "seeds": 2, "mae": 3.5, "mae_sd": 0.2, "srcc": 0.88, "mae_loss": 0.5}
    | {"pays": False},
]


@pytest.fixture
def results(made_up_trials):
    """Ours is 2 points high at free throws and exact elsewhere; every peer is 10 points low."""
    test = made_up_trials()
    high = np.where(test.action_names[test.action] == "free_throw", 2.0, 0.0)
    totals = dict.fromkeys(("constant", "path_and_speed", "ridge", ST_GCN), test.total - 10.0)
    return Results(
        trials=test,
        test=test,
        first=np.arange(len(test)),
        totals=totals | {OURS: test.total + high},
        stages=test.stages + np.arange(4.0),
        networks={},
        plain=None,
        model=None,
    )


def cells(table, row):
    return dict(zip(table.columns, next(r for r in table.rows if r[0] == row), strict=True))


def test_errors_are_those_of_the_trials(results):
    assert cells(comparison_table(results), "ridge")["MAE"] == "10.00"
    assert cells(comparison_table(results), "this network")["MAE"] == "0.50"
    by_movement = grouped_table(results, "movements", "", results.test.action_names[results.test.action])
    assert cells(by_movement, "free throw")["MAE"] == "2.00"
    assert cells(by_movement, "sit up")["MAE"] == "0.00"
    assert cells(by_movement, "sit up")["MAE of ridge"] == "10.00"
    assert [row[2] for row in stage_table(results).rows[:4]] == ["0.00", "1.00", "2.00", "3.00"]


def test_a_trial_of_two_repetitions_counts_once(results):
    twice = results.trials.take(np.repeat(np.arange(len(results.trials)), 2))
    row = cells(data_table(twice), "free_throw")
    assert (row["people"], row["trials"], row["repetitions"]) == ("12", "12", "24")


def test_the_page_holds_every_table_and_picture(results, tmp_path):
    pictures = draw(results, ROWS, tmp_path)
    page = write_tables([data_table(results.trials), ablation_text(ROWS)], pictures, tmp_path).read_text()
    assert "| without adaptive graph | 3.50 (0.20) | 0.880 | +0.50 | no |" in page
    assert len(pictures) == 3
    assert all(f"({p.name})" in page and p.stat().st_size > 0 for p in pictures)


def test_what_is_no_ablation_and_no_run_is_refused(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(ROWS))
    assert read_ablation(path) == ROWS
    path.write_text(json.dumps([{"variant": "A"}]))
    with pytest.raises(InputError, match="is not what"):
        read_ablation(path)
    with pytest.raises(InputError, match="no finished run"):
        results_of(tmp_path)
