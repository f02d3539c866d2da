"""The command: one line and exit status 2 for what cannot be used, one JSON object for what can."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.cli import main
from sport_nodes.io.motion_files import write_motion
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion

KEYS = {"action", "trial", "score", "keyframes", "diagnosis", "root_causes", "coaching"}
SCORE_KEYS = {"value", "low", "high", "grade", "grade_probabilities", "stages", "model", "withheld"}
KEYFRAME_KEYS = {"name", "time_s", "target_time_s", "confidence"}
FINDING_KEYS = {
    *("metric", "label", "value", "target", "unit", "deviation", "tolerance", "mdc95", "verdict", "joints", "side"),
    *("stage", "time_s"),
}
COACHING_KEYS = {"text", "strengths", "improvements", "source"}
MOTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "motions"


def said(capsys):
    captured = capsys.readouterr()
    return captured.out, captured.err


def checked_json(text, action):
    data = json.loads(text)
    assert set(data) >= KEYS
    assert set(data["score"]) >= SCORE_KEYS
    assert all(set(k) >= KEYFRAME_KEYS for k in data["keyframes"])
    assert all(set(f) >= FINDING_KEYS for f in data["diagnosis"])
    assert set(data["coaching"]) >= COACHING_KEYS
    assert data["action"] == action
    return data


@pytest.fixture(scope="module")
def jump(tmp_path_factory):
    trial = simulate("standing_long_jump", seed=11, faults=("shallow_crouch",))
    path = tmp_path_factory.mktemp("motions") / "jump.csv"
    write_motion(trial.motion, path)
    return trial, path


def test_assess_prints_one_json_object_that_agrees_with_the_truth(jump, capsys):
    trial, path = jump
    assert main(["assess", str(path), "--action", "standing_long_jump", "--json"]) == 0
    out, err = said(capsys)
    data = checked_json(out, "standing_long_jump")
    assert err == ""
    assert len(out.splitlines()) == 1
    assert data["score"]["withheld"] is None
    assert data["score"]["low"] <= data["score"]["value"] <= data["score"]["high"]
    assert sum(data["score"]["grade_probabilities"].values()) == pytest.approx(1.0, abs=1e-3)
    truth = {k.name: k.time_s for k in trial.keyframes}
    for keyframe in data["keyframes"]:
        assert keyframe["time_s"] == pytest.approx(truth[keyframe["name"]], abs=0.1)
    assert data["root_causes"][0]["name"] == "shallow_crouch"


def test_assess_writes_a_report_and_a_readable_summary(jump, tmp_path, capsys):
    report = tmp_path / "report.html"
    assert main(["assess", str(jump[1]), "--action", "standing_long_jump", "--report", str(report)]) == 0
    out, _ = said(capsys)
    assert "score" in out
    assert str(report) in out
    assert "<html" in report.read_text(encoding="utf-8")


def test_the_wrong_action_is_not_scored(jump, capsys):
    assert main(["assess", str(jump[1]), "--action", "sit_up", "--json"]) == 0
    data = checked_json(said(capsys)[0], "sit_up")
    assert data["score"]["value"] is None
    assert data["score"]["withheld"]
    assert data["coaching"]["improvements"] == []


@pytest.mark.skipif(not MOTIONS.is_dir(), reason="the real recordings of ../shared/data are not on this machine")
@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("free_throw_T0001", "free_throw"),
        ("cmu_train_jumping_1", "standing_long_jump"),
        ("cmu_train_jumping_4", "standing_long_jump"),
    ],
)
def test_real_recordings_are_assessed(name, action, capsys):
    assert main(["assess", str(MOTIONS / f"{name}.csv"), "--action", action, "--json"]) == 0
    data = checked_json(said(capsys)[0], action)
    assert data["score"]["value"] is not None
    assert len(data["keyframes"]) == 4
    assert data["coaching"]["text"]
    truth = json.loads((MOTIONS / "truth.json").read_text())[name]
    times = {k["name"]: k["time_s"] for k in data["keyframes"]}
    if action == "free_throw":
        assert times["release"] == pytest.approx(truth["release_s"], abs=0.1)
    else:
        assert [times["take_off"], times["landing"]] == pytest.approx(truth["flights_s"][0], abs=0.1)


def unusable_files(folder, jump_path):
    text = jump_path.read_text().splitlines()
    header, rows = text[0], text[1:]
    three = "\n".join([header, *rows[:3]])
    columns = header.count(",")
    yield "empty.csv", b""
    yield "truncated.csv", "\n".join([header, *rows[:40]])[:-200].encode()
    yield "not_a_motion.csv", b"name,age\nanna,12\nben,13\n"
    yield "noise.csv", bytes(range(256)) * 8
    yield "three_frames.csv", three.encode()
    yield "nothing_seen.csv", "\n".join([header, *(f"{i / 30:.4f}" + ",nan" * columns for i in range(60))]).encode()
    yield "photo.jpg", b"\xff\xd8\xff\xe0"
    yield "noise.c3d", bytes(range(256)) * 8
    yield "noise.trc", b"PathFileType\t4\n"


def test_unusable_files_are_one_clear_line_and_status_2(jump, tmp_path, capsys):
    for name, content in unusable_files(tmp_path, jump[1]):
        (tmp_path / name).write_bytes(content)
        status = main(["assess", str(tmp_path / name), "--action", "standing_long_jump", "--json"])
        out, err = said(capsys)
        assert (status, out) == (2, ""), name
        assert len(err.strip().splitlines()) == 1, name
        assert name in err


def test_millimetres_are_recognised(jump, tmp_path, capsys):
    motion = jump[0].motion
    write_motion(Motion(motion.times_s, motion.positions_m * 1000.0), tmp_path / "mm.csv")
    assert main(["assess", str(tmp_path / "mm.csv"), "--action", "standing_long_jump"]) == 2
    assert "millimet" in said(capsys)[1]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["no_such_command"],
        ["assess", "/no/such/file.csv", "--action", "free_throw"],
        ["assess", __file__, "--action", "free_throw"],
        ["lab", "--action", "no_such_action", "--seed", "1", "-o", "/tmp/never_written"],
        ["lab", "--action", "free_throw", "--seed", "-1", "-o", "/tmp/never_written"],
        ["lab", "--action", "free_throw", "--seed", "1", "--fault", "nonsense", "-o", "/tmp/never_written"],
        ["lab", "--action", "free_throw", "--seed", "1", "--scenario", "nonsense", "-o", "/tmp/never_written"],
        ["fuse", "/no/such/bag", "-o", "/tmp/never_written.csv"],
        ["target", "make", "/no/such/file.csv", "--action", "free_throw", "-o", "/tmp/never_written.json"],
        ["align", "/no/such/file.csv", "/no/such/target.json", "--action", "free_throw"],
        ["detect", "/no/such/video.mp4", "-o", "/tmp/never_written"],
        ["erase", "../everything"],
    ],
    ids=lambda a: " ".join(Path(x).name for x in a) or "nothing",
)
def test_bad_arguments_are_one_clear_line_and_status_2(arguments, capsys):
    try:
        status = main(arguments)
    except SystemExit as stop:
        status = stop.code
    out, err = said(capsys)
    assert (status, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert not Path("/tmp/never_written").exists()


def test_align_with_itself_is_the_diagonal(jump, capsys):
    assert main(["align", str(jump[1]), str(jump[1]), "--action", "standing_long_jump", "--json"]) == 0
    data = json.loads(said(capsys)[0])
    assert set(data) >= {"windows_s", "path", "distance", "keyframes", "reason"}
    path = np.array(data["path"])
    # Both start at their own zero: the same instants lie a constant apart, if at all.
    assert np.ptp(path[:, 0] - path[:, 1]) < 0.05


def test_a_target_made_from_a_recording_can_be_used(jump, tmp_path, capsys):
    target = tmp_path / "mine.json"
    assert main(["target", "make", str(jump[1]), "--action", "standing_long_jump", "-o", str(target)]) == 0
    said(capsys)
    command = ["assess", str(jump[1]), "--action", "standing_long_jump", "--target", str(target), "--json"]
    assert main(command) == 0
    data = json.loads(said(capsys)[0])
    assert not [f for f in data["diagnosis"] if f["verdict"] == "deviates" and f["deviation"] > f["tolerance"]]


def test_every_command_explains_itself(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    out, _ = said(capsys)
    for command in ("demo", "up", "lab", "detect", "assess", "align", "fuse", "replay", "train", "bench", "doctor"):
        assert command in out


WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, *rest):
        if name.split(".")[0] == "{module}":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
"""


def without(module, code):
    """Run code in a Python that has no such module."""
    command = [sys.executable, "-c", WITHOUT.format(module=module) + code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_core_needs_no_ros():
    imports = "import sport_nodes.assess, sport_nodes.report.report, sport_nodes.fusion.live, sport_nodes.lab.bag"
    result = without("rclpy", imports + "\nfrom sport_nodes.cli import parser; parser()")
    assert result.returncode == 0, result.stderr


def test_only_training_needs_torch():
    result = without("torch", "import sport_nodes.assess\nfrom sport_nodes.cli import main; sys.exit(main(['train']))")
    assert result.returncode == 2, result.stderr
    assert "torch" in result.stderr


def test_doctor_answers_for_this_machine(capsys):
    status = main(["doctor", "--json"])
    checks = {c["name"]: c for c in json.loads(said(capsys)[0])}
    assert status == (0 if all(c["ok"] for c in checks.values() if c["required"]) else 1)
    assert checks["Python"]["ok"]
    assert all(c["ok"] or c["mend"] for c in checks.values())


def test_all_four_movements_ship():
    assert set(action_names()) >= {"standing_long_jump", "sit_up", "free_throw", "overhead_pass"}
