"""Runs are listed with what they differ in, the best first; an erased person is told with the models that saw them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sport_nodes.cli import main
from sport_nodes.errors import InputError
from sport_nodes.training.people import write_people
from sport_nodes.training.runs import find_runs, runs_that_saw


def write_run(root: Path, name: str, *, mae: float | None, **config: object) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"seed": 1, "epochs": 40, "run_directory": name, **config}))
    if mae is None:
        (folder / "history.json").write_text(json.dumps([{"epoch": 0}, {"epoch": 1}]))
    else:
        figures = {"ours": {"mae": mae, "srcc": 0.9}}
        provenance = {"data_sha256": "ab" * 32, "figures_on_simulated_people": figures}
        (folder / "scorer.json").write_text(json.dumps({"provenance": provenance}))
    return folder


def test_runs_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, "worse", mae=5.0)
    write_run(tmp_path, "stopped", mae=None)
    write_run(tmp_path, "better", mae=4.0, seed=2)
    runs = find_runs([tmp_path])
    assert [(run.name, run.state) for run in runs] == [
        ("better", "finished"),
        ("worse", "finished"),
        ("stopped", "epoch 2 of 40"),
    ]
    assert [run.differs for run in runs] == [{"seed": 2}, {"seed": 1}, {"seed": 1}]
    assert main(["runs", str(tmp_path), "--json"]) == 0
    assert [run["mae"] for run in json.loads(capsys.readouterr().out)] == [4.0, 5.0, None]


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (write_run(tmp_path, "torn", mae=4.0) / "scorer.json").write_text('{"prov')
    with pytest.raises(InputError, match=r"scorer\.json"):
        find_runs([tmp_path])


def test_who_a_model_saw_is_known_and_nobody_is_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "run", mae=4.0)
    write_people(folder / "people.json", {"training": {"kestrel"}, "test": {"heron"}}, dataset_sha256="00")
    assert runs_that_saw([tmp_path], "kestrel") == [(str(folder), "training")]
    assert runs_that_saw([tmp_path], "heron") == [(str(folder), "test")]
    assert runs_that_saw([tmp_path], "wren") == []
    assert "kestrel" not in (folder / "people.json").read_text()


def test_erasing_tells_files_rows_and_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "runs", "run", mae=4.0)
    write_people(run / "people.json", {"training": {"kestrel"}}, dataset_sha256="00")
    folder = tmp_path / "store" / "kestrel" / "t1"
    folder.mkdir(parents=True)
    (folder / "labels.jsonl").write_text("")
    arguments = ["erase", "kestrel", "--store", str(tmp_path / "store"), "--runs", str(tmp_path / "runs")]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "1 files" in told
    assert str(run) in told
    assert not (tmp_path / "store" / "kestrel").exists()
