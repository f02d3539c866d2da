"""A Pose2Sim trial folder through `sport fuse`, against Pose2Sim's own 3D of its demo recording."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.capture.calib_toml import import_toml
from sport_nodes.cli import main
from sport_nodes.errors import InputError
from sport_nodes.fusion.pose2sim import JOINT_PLACES, is_pose2sim, read_pose2sim
from sport_nodes.fusion.triangulated import agreed_points
from sport_nodes.io.motion_files import read_motion
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import load_rig
from sport_nodes.skeleton import INDEX, JOINT_COUNT

DEMO = Path(__file__).resolve().parents[2] / "../shared/data/pose2sim_demo"
TRIAL = DEMO / "S00_P00_SingleParticipant/S00_P00_T01_BalancingTrial"
CALIBRATION = DEMO / "S00_Calibration/Calib_qualisys.toml"
REFERENCE = TRIAL / "pose-3d/S00_P00_T01_BalancingTrial_0-100.trc"
needs_demo = pytest.mark.skipif(not TRIAL.is_dir(), reason="Pose2Sim's demo recording is not at ../shared/data")


@needs_demo
def test_the_trial_folder_gives_the_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "fused.trc"
    assert main(["fuse", str(TRIAL), "--rig", str(CALIBRATION), "-o", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["frames"], report["rate_hz"]) == (100, 60.0)
    ours, reference = read_motion(out), read_motion(REFERENCE)
    assert len(ours) == len(reference)
    np.testing.assert_allclose(ours.times_s - ours.times_s[0], reference.times_s - reference.times_s[0], atol=1e-3)
    apart_mm = 1e3 * np.linalg.norm(ours.positions_m - reference.positions_m, axis=2)
    common = np.isfinite(apart_mm)
    assert common.sum() > 12 * 100
    assert np.median(apart_mm[common]) < 0.1
    assert (apart_mm[common] < 1.0).mean() > 0.95
    # A second person is in view of two cameras, a metre away: nobody else in any frame.
    assert np.nanmax(np.nanmedian(apart_mm, axis=1)) < 100.0


@needs_demo
def test_a_folder_without_rate_or_pose_model_says_what_to_state(tmp_path: Path) -> None:
    rig = import_toml(CALIBRATION)
    trial = tmp_path / "trial"
    for folder in TRIAL.glob("pose/*_json"):
        (trial / "pose" / folder.name).mkdir(parents=True)
        shutil.copy(sorted(folder.glob("*.json"))[0], trial / "pose" / folder.name)
    assert is_pose2sim(trial)
    with pytest.raises(InputError, match="frame_rate"):
        read_pose2sim(trial, rig)
    (trial / "Config.toml").write_text("[project]\nframe_rate = 60\n")
    with pytest.raises(InputError, match="pose_model"):
        read_pose2sim(trial, rig)
    (trial / "Config.toml").write_text("[project]\nframe_rate = 60\n[pose]\npose_model = 'BODY_25B'\n")
    recording, rate_hz = read_pose2sim(trial, rig)
    assert rate_hz == 60.0
    assert all(stream.xy_px.shape[0] == 1 for stream in recording.cameras.values())
    with pytest.raises(InputError, match="4 cameras"):
        read_pose2sim(trial, load_rig("lab"))


def test_every_pose_model_has_every_joint_once() -> None:
    for places in JOINT_PLACES.values():
        assert len(set(places)) == JOINT_COUNT


def test_a_camera_that_disagrees_is_left_out() -> None:
    rig = load_rig("lab")
    truth = simulate("free_throw", seed=1).motion.positions_m[200:201]
    pixels = np.stack([camera.project(truth) for camera in rig.cameras], axis=2)
    wrist = INDEX["left_wrist"]
    pixels[0, wrist, 1] += 120.0
    points, confidence = agreed_points(rig.cameras, pixels, np.full(pixels.shape[:3], 0.7))
    np.testing.assert_allclose(points, truth, atol=1e-4)
    assert confidence == pytest.approx(0.7)
