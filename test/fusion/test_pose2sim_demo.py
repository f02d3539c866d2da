"""Triangulation against Pose2Sim's own 3D of its demo recording (weighted linear triangulation of OpenPose JSON)."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sport_nodes.fusion.associate import choose_by_rays
from sport_nodes.fusion.triangulate import triangulate
from sport_nodes.rig import Camera
from sport_nodes.skeleton import INDEX

tomllib = pytest.importorskip("tomllib")
DEMO = Path(__file__).resolve().parents[2] / "../shared/data/pose2sim_demo"
TRIAL = DEMO / "S00_P00_SingleParticipant/S00_P00_T01_BalancingTrial"
pytestmark = pytest.mark.skipif(not TRIAL.is_dir(), reason="Pose2Sim's demo recording is not at ../shared/data")

FRAMES = 20
# Pose2Sim leaves out keypoints of less likelihood (its Config.toml), and cameras that disagree.
LIKELIHOOD_THRESHOLD = 0.3
MARKERS = {
    "RShoulder": "right_shoulder",
    "RElbow": "right_elbow",
    "RWrist": "right_wrist",
    "RHip": "right_hip",
    "RKnee": "right_knee",
    "RAnkle": "right_ankle",
    "LShoulder": "left_shoulder",
    "LElbow": "left_elbow",
    "LWrist": "left_wrist",
    "LHip": "left_hip",
    "LKnee": "left_knee",
    "LAnkle": "left_ankle",
    "Nose": "nose",
}


def cameras() -> tuple[Camera, ...]:
    data = tomllib.loads((DEMO / "S00_Calibration/Calib_qualisys.toml").read_text())
    found = []
    for name in sorted(k for k in data if k.startswith("cam")):
        c = data[name]
        found.append(
            Camera(
                name,
                width_px=int(c["size"][0]),
                height_px=int(c["size"][1]),
                matrix=np.array(c["matrix"]),
                distortion=np.array([*c["distortions"], 0.0]),
                rotation=Rotation.from_rotvec(c["rotation"]).as_matrix(),
                translation_m=np.array(c["translation"]),
            )
        )
    return tuple(found)


def people(frame: int) -> tuple[np.ndarray, np.ndarray]:
    """(C, P, 17, 2) and (C, P, 17); BODY_25B begins with COCO's joints."""
    listed = []
    for number in range(1, 5):
        path = next((TRIAL / f"pose/cam0{number}_json").glob(f"*.{frame:04d}.json"))
        listed.append([p["pose_keypoints_2d"] for p in json.loads(path.read_text())["people"]])
    count = max(len(p) for p in listed)
    values = np.zeros((4, count, 17, 3))
    for c, found in enumerate(listed):
        for p, person in enumerate(found):
            values[c, p] = np.reshape(person, (-1, 3))[:17]
    return np.where(values[..., 2:] > 0, values[..., :2], np.nan), values[..., 2]


def reference() -> tuple[dict[str, int], np.ndarray]:
    lines = (TRIAL / "pose-3d/S00_P00_T01_BalancingTrial_0-100.trc").read_text().splitlines()
    names = [n for n in lines[3].split("\t")[2:] if n]
    rows = np.array(
        [[float(v) for v in line.split("\t")[2 : 2 + 3 * len(names)]] for line in lines[5:] if line.strip()]
    )
    return {n: i for i, n in enumerate(names)}, rows.reshape(len(rows), len(names), 3)[..., [2, 0, 1]]


def test_weighted_triangulation_reproduces_the_reference_and_the_right_person() -> None:
    rig, (columns, reference_m) = cameras(), reference()
    distances_m = []
    for t in range(FRAMES):
        xy, confidence = people(t)
        chosen = choose_by_rays(rig, xy, confidence, near_m=np.zeros(3))
        used = np.flatnonzero(chosen >= 0)
        assert len(used) >= 3
        points = triangulate(
            tuple(rig[c] for c in used),
            xy[used, chosen[used]].transpose(1, 0, 2),
            np.where(confidence < LIKELIHOOD_THRESHOLD, 0.0, confidence)[used, chosen[used]].T,
        )
        ours = np.array([points[INDEX[joint]] for joint in MARKERS.values()])
        theirs = np.array([reference_m[t, columns[name]] for name in MARKERS])
        distances_m.append(np.linalg.norm(ours - theirs, axis=1))
    distances_m = np.array(distances_m)
    assert np.nanmedian(distances_m) < 0.001
    assert np.nanmax(np.nanmedian(distances_m, axis=1)) < 0.05
