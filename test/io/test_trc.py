"""TRC files: Pose2Sim's, our own round trip, axes and units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.errors import InputError
from sport_nodes.io.trc import read_trc, write_trc
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

TRIAL = "pose2sim_demo/S00_P00_SingleParticipant/S00_P00_T01_BalancingTrial/pose-3d/S00_P00_T01_BalancingTrial_0-100"


def test_pose2sim_columns_become_z_up(shared_data: Path) -> None:
    path = shared_data / f"{TRIAL}.trc"
    motion = read_trc(path)
    row = path.read_text().splitlines()[5].split("\t")
    x, y, z = (float(v) for v in row[2:5])  # RHip is the first marker
    np.testing.assert_allclose(motion.positions_m[0, INDEX["right_hip"]], [z, x, y])
    assert motion.rate_hz == pytest.approx(60.0)
    assert np.nanmedian(motion.positions_m[:, INDEX["nose"], 2]) > np.nanmedian(
        motion.positions_m[:, INDEX["left_hip"], 2]
    )


def test_opensim_markers_beside_keypoints_do_not_confuse(shared_data: Path) -> None:
    plain = read_trc(shared_data / f"{TRIAL}_filt_butterworth.trc")
    augmented = read_trc(shared_data / f"{TRIAL}_filt_butterworth_LSTM.trc")
    bone = [INDEX["left_hip"], INDEX["left_knee"]]
    lengths = [np.linalg.norm(np.diff(m.positions_m[:, bone], axis=1), axis=2) for m in (plain, augmented)]
    np.testing.assert_allclose(lengths[0], lengths[1], atol=1e-3)


@given(
    shift=st.tuples(*[st.floats(-5.0, 5.0)] * 3),
    turn=st.floats(0.0, 2 * np.pi),
    gaps=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 4)), max_size=5),
)
@settings(deadline=None, max_examples=40)
def test_round_trip(
    shift: tuple[float, float, float],
    turn: float,
    gaps: list[tuple[int, int]],
    tmp_path_factory: pytest.TempPathFactory,
    standing_once: Motion,
) -> None:
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    positions = standing_once.positions_m @ rotation.T + shift
    for frame, joint in gaps:
        positions[frame, joint] = np.nan
    motion = standing_once.moved(positions)
    path = tmp_path_factory.mktemp("trc") / "m.trc"
    write_trc(motion, path)
    back = read_trc(path)
    np.testing.assert_allclose(back.positions_m, motion.positions_m, atol=0.6e-7, rtol=0)
    np.testing.assert_allclose(back.times_s, motion.times_s, atol=0.6e-6, rtol=0)


@pytest.fixture(scope="module")
def standing_once() -> Motion:
    times = np.arange(40) / 30.0
    positions = np.zeros((40, 17, 3))
    heights = {"shoulder": 1.4, "elbow": 1.1, "wrist": 0.85, "hip": 0.9, "knee": 0.5, "ankle": 0.08}
    for name, joint in INDEX.items():
        side = {"left": 1.0, "right": -1.0}.get(name.split("_")[0], 0.0)
        positions[:, joint] = [0.05 * np.sin(joint), 0.15 * side, heights.get(name.split("_")[-1], 1.6)]
        positions[:, joint, 0] += 0.05 * np.sin(times + joint)
    return Motion(times, positions)


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1000.0), ("cm", 100.0), ("m", 1.0)])
def test_unit_of_the_header(standing: Motion, tmp_path: Path, unit: str, factor: float) -> None:
    path = tmp_path / "m.trc"
    write_trc(standing.moved(standing.positions_m * factor), path)
    path.write_text(path.read_text().replace("\tm\t", f"\t{unit}\t", 1))
    np.testing.assert_allclose(read_trc(path).positions_m, standing.positions_m, atol=1e-6)


def test_z_up_file_is_left_as_it_is(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.trc"
    write_trc(standing.moved(standing.positions_m[..., [2, 0, 1]]), path)  # the writer turns this back to x, y, z
    np.testing.assert_allclose(read_trc(path).positions_m, standing.positions_m, atol=1e-6)


def test_damage_is_named(make_person: Callable[..., Motion], tmp_path: Path) -> None:
    path = tmp_path / "m.trc"
    write_trc(make_person(), path)
    good = path.read_text()
    cases = {
        good[:-200]: "cut short",
        "\n".join(good.splitlines()[:30]): "cut short",
        good.replace("\tm\t", "\tfurlong\t", 1): "furlong",
        "\n".join(good.splitlines()[:5]): "without frames",
        good.replace("\t0.033333\t", "\t0.000000\t"): "does not increase",
    }
    for text, words in cases.items():
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            read_trc(path)
    strangers = good.splitlines()
    strangers[3] = "Frame#\tTime\t" + "\t\t\t".join(f"M{i}" for i in range(17))
    path.write_text("\n".join(strangers))
    with pytest.raises(InputError, match=r"found: M0, M1.*expected names such as"):
        read_trc(path)
