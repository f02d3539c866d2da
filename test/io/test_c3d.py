"""C3D files: a real tennis serve with Plug-in-Gait markers, and files written here by ezc3d."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import ezc3d
import numpy as np
import pytest

from sport_nodes.errors import InputError
from sport_nodes.io.c3d import read_c3d
from sport_nodes.io.markers import hip_centers
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX, JOINTS

SERVE = "c3d_tennis_serve/kinematics_tennis_serve"


def write_c3d(path: Path, labels: list[str], points_m: np.ndarray, *, unit: str, scale: float) -> None:
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["LABELS"]["value"] = labels
    file["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    file["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    points = np.ones((4, points_m.shape[1], points_m.shape[0]))
    points[:3] = np.moveaxis(points_m * scale, (0, 1, 2), (2, 1, 0))
    file["data"]["points"] = points
    file.write(str(path))


def test_serve_agrees_with_another_readers_export(shared_data: Path) -> None:
    motion = read_c3d(shared_data / f"{SERVE}.c3d")
    with gzip.open(shared_data / f"{SERVE}.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    for joint, labels in {"left_knee": ["LKNE"], "right_wrist": ["RWRA", "RWRB"], "left_ear": ["LFHD", "LBHD"]}.items():
        truth = np.mean([[[float(r[f"{m}[{a}]"]) for a in range(3)] for r in rows] for m in labels], axis=0)
        np.testing.assert_allclose(motion.positions_m[:, INDEX[joint]], truth, atol=1e-5)
    assert motion.rate_hz == pytest.approx(50.0)
    hips = motion.positions_m[:, [INDEX["left_hip"], INDEX["right_hip"]]]
    # Hip joint centres of adults lie 14 to 21 cm apart (Harrington et al. 2007) and keep their distance.
    distance = np.linalg.norm(hips[:, 0] - hips[:, 1], axis=1)
    assert 0.14 < np.median(distance) < 0.21
    assert np.ptp(distance) < 0.04
    assert not motion.present[:, INDEX["nose"]].any()


def test_gaps_stay_gaps(shared_data: Path) -> None:
    whole, gappy = read_c3d(shared_data / f"{SERVE}.c3d"), read_c3d(shared_data / f"{SERVE}_nan.c3d")
    elbow = INDEX["right_shoulder"]
    missing = ~gappy.present[:, elbow]
    assert 0 < missing.sum() < len(gappy)
    assert (gappy.confidence[missing, elbow] == 0).all()
    np.testing.assert_allclose(gappy.positions_m[~missing, elbow], whole.positions_m[~missing, elbow], atol=1e-5)


@pytest.mark.parametrize(("unit", "scale"), [("mm", 1000.0), ("cm", 100.0), ("m", 1.0)])
def test_units_and_axes(standing: Motion, tmp_path: Path, unit: str, scale: float) -> None:
    path = tmp_path / "m.c3d"
    labels = ["".join(part.capitalize() for part in name.split("_")) for name in JOINTS]
    y_up = standing.positions_m[..., [1, 2, 0]]
    for points in (standing.positions_m, y_up):
        write_c3d(path, labels, points, unit=unit, scale=scale)
        np.testing.assert_allclose(read_c3d(path).positions_m, standing.positions_m, atol=2e-6)


def test_unknown_markers_are_listed(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.c3d"
    write_c3d(path, ["BALL1", "BALL2"], standing.positions_m[:, :2], unit="m", scale=1.0)
    with pytest.raises(InputError, match=r"found: BALL1, BALL2.*LSHO"):
        read_c3d(path)
    write_c3d(path, ["Anna:LSHO", "Ben:LSHO"], standing.positions_m[:, :2], unit="m", scale=1.0)
    with pytest.raises(InputError, match="one subject"):
        read_c3d(path)
    write_c3d(path, ["LSHO", "RSHO"], standing.positions_m[:, :2], unit="ell", scale=1.0)
    with pytest.raises(InputError, match="'ell'"):
        read_c3d(path)


@pytest.mark.parametrize("share", [0.001, 0.02, 0.5, 0.95])
def test_cut_files_are_refused(standing: Motion, tmp_path: Path, share: float) -> None:
    path = tmp_path / "m.c3d"
    labels = ["".join(part.capitalize() for part in name.split("_")) for name in JOINTS]
    write_c3d(path, labels, standing.positions_m, unit="m", scale=1.0)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(int(len(whole) * share), 2)])
    with pytest.raises(InputError, match="cut short"):
        read_c3d(path)


def test_hip_centers_of_a_symmetric_pelvis() -> None:
    """A pelvis on the axes: 240 mm wide, 160 mm deep, by hand from Harrington's equations."""
    left, right = hip_centers(
        left_front=np.array([[0.0, 0.12, 1.0]]),
        right_front=np.array([[0.0, -0.12, 1.0]]),
        back=np.array([[-0.16, 0.0, 1.0]]),
    )
    expected = [-0.24 * 0.16 - 0.0099, 0.33 * 0.24 + 0.0073, 1.0 - 0.30 * 0.24 - 0.0109]
    np.testing.assert_allclose(left[0], expected)
    np.testing.assert_allclose(right[0], np.array(expected) * [1, -1, 1])
