"""`sport calibrate` from files to a rig that is read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sport_nodes.capture.imu import CSV_ORIENTATION, CSV_VECTORS
from sport_nodes.cli import main
from sport_nodes.rig import load_rig

BOARD = "charuco:8x6:0.05:0.037:5X5_100"


def write_imu(path: Path, turns: Rotation) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", *CSV_VECTORS, *CSV_ORIENTATION])
        for n, turn in enumerate(turns):
            force = turn.inv().apply([0.0, 0.0, 9.80665])
            writer.writerow([n / 100, 0, 0, 0, *force, *turn.as_quat()])


def test_imus_are_placed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig = load_rig("lab")
    heading = Rotation.from_euler("z", -0.7)
    mounts = Rotation.random(len(rig.imus), random_state=3)
    for mount, turn in zip(rig.imus, mounts, strict=True):
        write_imu(tmp_path / f"{mount.name}.csv", heading * Rotation.concatenate([turn] * 100))
    lean = np.deg2rad(40) * np.sin(np.linspace(0, np.pi, 100))
    bow = Rotation.from_rotvec(np.stack([0 * lean, lean, 0 * lean], axis=1))
    write_imu(tmp_path / "bow.csv", heading * bow * mounts[0])
    out = tmp_path / "mine.yaml"
    assert main(["calibrate", "imus", str(tmp_path), "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["heading_rad"] == pytest.approx(0.7, abs=1e-3)
    for made, turn in zip(load_rig(out).imus, mounts, strict=True):
        np.testing.assert_allclose(made.segment_from_sensor, turn.as_matrix(), atol=1e-3)


def test_imus_tell_which_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order = ("right_shank", "trunk", "left_shank", "right_forearm", "left_forearm")
    routine = ("trunk", "left_forearm", "right_forearm", "left_shank", "right_shank")
    for port, segment in enumerate(order):
        with (tmp_path / f"port{port}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["time", *CSV_VECTORS])
            begin = 200 + 300 * routine.index(segment)
            for n in range(1800):
                writer.writerow([n / 100, 2.0 * (begin <= n < begin + 120), 0.01, 0, 0, 0, 9.8])
    assert main(["calibrate", "which", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {f"port{port}": segment for port, segment in enumerate(order)}


def test_toml_becomes_a_rig_and_back(tmp_path: Path) -> None:
    toml, yaml = tmp_path / "out.toml", tmp_path / "back.yaml"
    source = tmp_path / "lab.yaml"
    from sport_nodes.rig import save_rig

    save_rig(load_rig("lab"), source)
    assert main(["calibrate", "convert", str(source), "-o", str(toml)]) == 0
    assert main(["calibrate", "convert", str(toml), "-o", str(yaml)]) == 0
    for before, after in zip(load_rig(source).cameras, load_rig(yaml).cameras, strict=True):
        np.testing.assert_allclose(after.center_m, before.center_m, atol=1e-9)
        np.testing.assert_allclose(after.matrix, before.matrix)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cameras", "absent", "--board", BOARD], "no such folder"),
        (["cameras", ".", "--board", "chess"], "expected"),
        (["convert", "absent.toml"], "no such calibration"),
        (["imus", "absent"], "no such file"),
    ],
)
def test_unusable_input_is_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camera_0").mkdir()
    assert main(["calibrate", *arguments, "-o", "out.yaml"]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
