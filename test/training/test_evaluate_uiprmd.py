"""`sport evaluate uiprmd` on a small made-up data set in UI-PRMD's files: keys, people, averages."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.cli import main
from sport_nodes.errors import InputError
from sport_nodes.training.evaluate_uiprmd import make_problem, summarise
from sport_nodes.training.uiprmd import FOLDS_FILE, INDEX, JOINTS, KINDS, SCORES_FILE, load_episodes

torch = pytest.importorskip("torch", reason="the plain ST-GCN needs torch (the train extra)")

FRAMES = 24
EPISODES = 3
#: Centimetres from the parent: a body that stands, arms hanging, before the camera.
OFFSETS_CM = {
    "waist": (0, 90, -240), "spine": (0, 20, 0), "chest": (0, 20, 0), "neck": (0, 10, 0), "head": (0, 8, 0),
    "head_tip": (0, 12, 0), "left_collar": (3, 0, 0), "left_shoulder": (14, 0, 0), "left_elbow": (0, -28, 0),
    "left_wrist": (0, -25, 0), "right_collar": (-3, 0, 0), "right_shoulder": (-14, 0, 0), "right_elbow": (0, -28, 0),
    "right_wrist": (0, -25, 0), "left_hip": (9, 0, 0), "left_knee": (0, -40, 0), "left_ankle": (0, -40, 0),
    "left_toes": (0, 0, 14), "right_hip": (-9, 0, 0), "right_knee": (0, -40, 0), "right_ankle": (0, -40, 0),
    "right_toes": (0, 0, 14),
}  # fmt: skip


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    """How well the peer learns is not asked here."""
    monkeypatch.setattr("sport_nodes.training.uiprmd_stgcn.EPOCHS", 2)


def make_data(folder: Path, people: dict[str, int]) -> Path:
    """A made-up arm raise: 80 degrees when correct, 40 when not. One fold number a person."""
    rng = np.random.default_rng(sum(people.values()))
    rows, scores = [], []
    for person, fold in people.items():
        for incorrect, kind in enumerate(KINDS):
            for number in range(1, EPISODES + 1):
                angles = rng.normal(0.0, 1.0, (FRAMES, len(JOINTS), 3))
                raised = (40.0 if incorrect else 80.0) * np.sin(np.linspace(0, np.pi, FRAMES))
                angles[:, INDEX["left_shoulder"], 2] += raised
                offsets = np.tile([OFFSETS_CM[name] for name in JOINTS], (FRAMES, 1, 1)).reshape(FRAMES, -1)
                ending = "_inc" if incorrect else ""
                for what, table in (("positions", offsets), ("angles", angles.reshape(FRAMES, -1))):
                    path = folder / "kinect" / kind / what / f"m01_{person}_e{number:02d}_{what}{ending}.txt.gz"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with gzip.open(path, "wt") as out:
                        np.savetxt(out, table, delimiter=",", fmt="%.5f")
                rows.append(f"m01,{person},e{number:02d},{kind},{incorrect},{fold}")
                scores.append(f"m01,{person},e{number:02d},{kind},{0.95 - 0.1 * incorrect + 0.001 * number},x")
    (folder / FOLDS_FILE).write_text(
        "\n".join(["movement,subject,episode,kind,label_incorrect,egcn_cs_fold", *rows]) + "\n"
    )
    (folder / SCORES_FILE).write_text("\n".join(["movement,subject,episode,kind,score,file_stem", *scores]) + "\n")
    return folder


def evaluate(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert main(["evaluate", "uiprmd", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_folds_print_accuracy_for_ours_and_every_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_data(tmp_path, {"s01": 2, "s02": 3, "s03": 4})
    figures = evaluate(capsys, "--data", str(data))
    assert set(figures["baselines"]) == {"constant", "path_and_speed", "logistic", "extra_trees", "st_gcn"}
    for row in (figures, *figures["baselines"].values(), *figures["checks"].values()):
        assert 0.0 <= row["accuracy"] <= 1.0
        assert set(row["per_fold"]) == {"2", "3", "4"}
        assert set(row["per_exercise"]) == {"m01"}
    assert figures["accuracy"] == 1.0
    assert figures["baselines"]["constant"]["accuracy"] == 0.5
    assert figures["checks"]["duration_alone"]["accuracy"] == 0.5
    assert figures["test_people"] == ["s01", "s02", "s03"]


def test_other_people_are_tested_on_their_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("data", "other"):
        (tmp_path / name).mkdir()
    data = make_data(tmp_path / "data", {"s01": 2, "s02": 3})
    other = make_data(tmp_path / "other", {"s05": 1})
    figures = evaluate(capsys, "--data", str(data), "--test-data", str(other), "--task", "score")
    assert figures["test_people"] == ["s05"]
    assert figures["sensor"] == "kinect"
    for row in (figures, *figures["baselines"].values(), *figures["checks"].values()):
        assert {"mae", "rmse", "srcc", "per_fold", "per_exercise"} <= set(row)
        assert set(row["per_fold"]) == {"test"}
    assert figures["mae"] < 0.01 < figures["baselines"]["constant"]["mae"]


def test_a_person_is_never_trained_on_and_tested(tmp_path: Path) -> None:
    episodes = load_episodes(make_data(tmp_path, {"s01": 2, "s02": 3, "s06": 2}))
    problem = make_problem(episodes, None, task="binary")
    person = np.array([e.person for e in problem.rows.episodes])
    for split in problem.splits:
        assert not set(person[split.training]) & set(person[split.test])
        assert split.training.any()
        assert split.test.any()
    with pytest.raises(InputError, match="s01"):
        make_problem(episodes, [e for e in episodes if e.person == "s01"], task="binary")


def test_one_group_of_people_alone_cannot_be_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="two or more groups"):
        make_problem(load_episodes(make_data(tmp_path, {"s01": 2})), None, task="binary")


def test_every_exercise_of_a_fold_counts_alike_and_an_absent_one_is_left_out() -> None:
    cells = {("2", "m01"): {"accuracy": 1.0}, ("2", "m02"): {"accuracy": 0.0}, ("3", "m01"): {"accuracy": 0.8}}
    whole = summarise(cells, ("accuracy",))
    assert whole["accuracy"] == pytest.approx(0.65)
    assert whole["per_fold"]["2"]["accuracy"] == 0.5
    assert whole["per_exercise"]["m01"]["accuracy"] == pytest.approx(0.9)
