"""The loader of UI-PRMD: its geometry against physics, its folds by person, its refusals."""

import gzip
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sport_nodes.errors import InputError
from sport_nodes.training.uiprmd import (
    FOLDS_FILE,
    INDEX,
    JOINTS,
    PARENTS,
    global_positions,
    joint_rotations,
    load_episodes,
)

DATA = Path(__file__).resolve().parents[2] / "../shared/data/uiprmd"
needs_data = pytest.mark.skipif(
    not (DATA / "kinect").is_dir(), reason="the recordings of UI-PRMD are not at ../shared/data"
)
FEET = ("left_ankle", "right_ankle", "left_toes", "right_toes")


def some_of_the_data(folder: Path, pattern: str) -> Path:
    """Links to the Kinect files that match, and the labels of those."""
    for path in DATA.glob(f"kinect/*/*/{pattern}"):
        link = folder / path.relative_to(DATA)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    header, *rows = (DATA / FOLDS_FILE).read_text().splitlines()
    kept = [row for row in rows if fnmatch("_".join(row.split(",")[:3]) + "_", pattern)]
    (folder / FOLDS_FILE).write_text("\n".join([header, *kept]) + "\n")
    return folder


def test_rotations_are_those_of_scipy() -> None:
    angles = np.random.default_rng(0).uniform(-180.0, 180.0, (50, 3))
    ours = joint_rotations(angles)
    scipys = Rotation.from_euler("ZXY", angles[:, [2, 0, 1]], degrees=True).as_matrix()
    np.testing.assert_allclose(ours, scipys, atol=1e-12)


def test_a_turned_waist_turns_the_whole_body() -> None:
    rng = np.random.default_rng(1)
    offsets, angles = rng.normal(size=(4, 66)), rng.uniform(-90, 90, (4, 66))
    still, turned = angles.copy(), angles.copy()
    still[:, :3], turned[:, :3] = 0.0, (0.0, 90.0, 0.0)
    a, b = (global_positions(offsets, c).reshape(4, -1, 3) for c in (still, turned))
    quarter = Rotation.from_euler("y", 90, degrees=True).as_matrix()
    np.testing.assert_allclose((a - a[:, :1]) @ quarter.T, b - b[:, :1], atol=1e-12)


def other_order(angles_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rz Ry Rx, the order in circulation."""
    flat = Rotation.from_euler("ZYX", angles_deg.reshape(-1, 3)[:, [2, 1, 0]], degrees=True).as_matrix()
    return flat.reshape(*angles_deg.shape, 3)


@needs_data
def test_planted_feet_stay_where_they_are_and_limbs_keep_their_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A squat's feet stand on the floor: what they seem to rise by is the sensor's noise, or a wrong order."""
    folder = some_of_the_data(tmp_path, "m01_s0[1-4]_e0[2-4]_*")
    squats = load_episodes(folder)
    assert len(squats) == 4 * 3 * 2

    def rise_m() -> float:
        feet = [INDEX[name] for name in FEET]
        return float(np.median([np.ptp(e.positions_m[:, feet, 2].min(axis=1)) for e in load_episodes(folder)]))

    # The data's own notes say 8.6 cm; the median over the correct squats e02 to e05 of all eight people is 11 cm.
    ours = rise_m()
    assert ours < 0.15
    monkeypatch.setattr("sport_nodes.training.uiprmd.joint_rotations", other_order)
    assert rise_m() > 3.0 * ours
    for squat in squats:
        bones = np.linalg.norm(squat.positions_m[:, 1:] - squat.positions_m[:, list(PARENTS[1:])], axis=2)
        thighs = bones[:, [INDEX["left_knee"] - 1, INDEX["right_knee"] - 1]]
        assert (thighs.std(axis=0) / thighs.mean(axis=0)).max() < 0.1
        assert (
            np.median(squat.positions_m[:, INDEX["head_tip"], 2] - squat.positions_m[:, INDEX["left_ankle"], 2]) > 0.8
        )


@needs_data
def test_left_is_left_and_the_person_faces_the_camera(tmp_path: Path) -> None:
    """Toes lie ahead of ankles, and turning from left to ahead is a quarter to the right seen from above."""
    for episode in load_episodes(some_of_the_data(tmp_path, "m01_s0[1-4]_e02_*")):
        first = episode.positions_m[:5].mean(axis=0)
        left = first[INDEX["left_hip"]] - first[INDEX["right_hip"]]
        toes = first[INDEX["left_toes"]] - first[INDEX["left_ankle"]]
        assert np.cross(left, toes)[2] < 0
        assert first[INDEX["neck"], 2] > first[INDEX["waist"], 2] > first[INDEX["left_knee"], 2]


@needs_data
def test_all_of_a_person_is_in_one_fold_listed_or_not(tmp_path: Path) -> None:
    episodes = load_episodes(some_of_the_data(tmp_path, "m0[12]_s*_e0[1-3]_*"))
    by_person = {p: {e.fold for e in episodes if e.person == p} for p in {e.person for e in episodes}}
    assert len(by_person) == 8
    assert all(len(folds) == 1 for folds in by_person.values())
    assert any(not e.listed for e in episodes)


def write_table(path: Path, table: NDArray[np.float64]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") as out:
        np.savetxt(out, table, delimiter=",", fmt="%.6f")


def one_episode(
    folder: Path, *, columns: int = 66, angle_frames: int = 20, fold_rows: str = "m01,s01,e01,correct,0,2"
) -> Path:
    (folder / FOLDS_FILE).write_text(f"movement,subject,episode,kind,label_incorrect,egcn_cs_fold\n{fold_rows}\n")
    write_table(folder / "kinect/correct/positions/m01_s01_e01_positions.txt.gz", np.ones((20, columns)))
    write_table(folder / "kinect/correct/angles/m01_s01_e01_angles.txt.gz", np.zeros((angle_frames, columns)))
    return folder


def test_an_unturned_body_adds_up_its_offsets(tmp_path: Path) -> None:
    (episode,) = load_episodes(one_episode(tmp_path))
    depth = [1]
    for parent in PARENTS[1:]:
        depth.append(depth[parent] + 1)
    np.testing.assert_allclose(episode.positions_m[0, :, 2], 0.01 * np.array(depth))
    assert len(JOINTS) == len(depth)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": 65}, "66"),
        ({"angle_frames": 19}, "20 frames of positions but 19"),
        ({"fold_rows": "m01,s02,e01,correct,0,2"}, "lists nothing of s01"),
        ({"fold_rows": "m01,s01,e09,correct,0,2"}, "without a file, the first m01_s01_e09_correct"),
        ({"fold_rows": "m01,s01,e01,correct,0,2\nm02,s01,e01,correct,0,3"}, "two folds"),
    ],
)
def test_damage_is_told(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_episodes(one_episode(tmp_path, **change))  # type: ignore[arg-type]


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="kinect"):
        load_episodes(tmp_path)
