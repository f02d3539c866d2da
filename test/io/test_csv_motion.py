"""CSV motions: round trip, columns, and what is said of a damaged table."""

from __future__ import annotations

from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sport_nodes.errors import InputError
from sport_nodes.io.csv_motion import read_csv, write_csv
from sport_nodes.io.upright import upright_shares
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

POSITION_STEP_M = 0.5e-7
TIME_STEP_S = 0.5e-6

coordinate = st.floats(-20.0, 20.0) | st.just(np.nan)


@st.composite
def motions(draw: st.DrawFn) -> Motion:
    frames = draw(st.integers(1, 5))
    steps = draw(hnp.arrays(np.float64, frames, elements=st.floats(1e-4, 2.0)))
    positions = draw(hnp.arrays(np.float64, (frames, 17, 3), elements=coordinate, fill=st.just(0.25)))
    # By chance the points may stand up along x or y, which is refused for good reason.
    assume(not upright_shares(positions)[:2].any())
    confidence = draw(hnp.arrays(np.float64, (frames, 17), elements=st.floats(1e-3, 1.0), fill=st.just(1.0)))
    return Motion(np.cumsum(steps), positions, confidence)


@given(motion=motions())
@settings(deadline=None, max_examples=60)
def test_round_trip(motion: Motion, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("csv") / "m.csv"
    write_csv(motion, path)
    back = read_csv(path)
    np.testing.assert_allclose(back.times_s, motion.times_s, atol=TIME_STEP_S, rtol=0)
    np.testing.assert_allclose(back.positions_m, motion.positions_m, atol=POSITION_STEP_M * 1.01, rtol=0)
    np.testing.assert_allclose(back.confidence, motion.confidence, rtol=1e-5)


def lines_of(motion: Motion, path: Path) -> list[str]:
    write_csv(motion, path)
    return path.read_text().splitlines()


def refused(path: Path, text: str | None = None) -> str:
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_csv(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_half_a_row_is_a_cut_file(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    lines_of(standing, path)
    path.write_bytes(path.read_bytes()[:-300])
    message = refused(path)
    assert f"row {len(standing) + 1}" in message
    assert "cut short" in message


def test_damaged_tables_name_the_place(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    lines = lines_of(standing, path)
    assert "no frames" in refused(path, lines[0])
    assert "row 5" in refused(path, "\n".join([*lines[:4], lines[4].replace(".", "x", 1), *lines[5:]]))
    assert "row 4 has 3 values" in refused(path, "\n".join([*lines[:3], "0.1,2,3", *lines[3:]]))
    message = refused(path, "\n".join([*lines[:6], lines[3], *lines[6:]]))
    assert "does not increase at row 7" in message
    assert "no time" in refused(path, "\n".join([lines[0], lines[1][lines[1].index(",") :]]))
    assert "';'" in refused(path, "\n".join(line.replace(",", ";") for line in lines))
    assert "no column 'time'" in refused(path, "\n".join([lines[0].replace("time", "frame"), *lines[1:]]))


def test_misspelt_and_half_given_columns(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    lines = lines_of(standing, path)
    message = refused(path, "\n".join([lines[0].replace("left_shoulder_x", "left_sholder_x"), *lines[1:]]))
    assert "'left_sholder_x'" in message
    assert "'left_shoulder_x'" in message
    message = refused(path, "\n".join([lines[0].replace("nose_z", "remark"), *lines[1:]]))
    assert "nose has only x, y" in message
    assert "twice" in refused(path, "\n".join([lines[0].replace("nose_z", "nose_x"), *lines[1:]]))


def test_absent_joints_are_missing_and_other_columns_are_ignored(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    lines = lines_of(standing, path)
    header = lines[0].replace("left_eye", "left_heel")
    path.write_text("\n".join([header, *lines[1:]]))
    motion = read_csv(path)
    assert not motion.present[:, INDEX["left_eye"]].any()
    assert motion.present.sum() == 16 * len(standing)


def test_columns_may_name_millimetres(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    lines = lines_of(standing.moved(standing.positions_m * 1000.0), path)
    header = ",".join(f"{name}_mm" if name.endswith(("_x", "_y", "_z")) else name for name in lines[0].split(","))
    path.write_text("\n".join([header, *lines[1:]]))
    np.testing.assert_allclose(read_csv(path).positions_m, standing.positions_m, atol=1e-9)


def test_y_up_is_refused_but_a_sit_up_is_not(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    write_csv(standing.moved(standing.positions_m[..., [1, 2, 0]]), path)
    message = refused(path)
    assert "stands along y" in message
    # Written as the message says, it is the motion again.
    columns = ["xyz".index(c) for c in message.split("write the columns ")[1].split(" as ")[0].split(", ")]
    mended = standing.positions_m[..., [1, 2, 0]][..., columns]
    np.testing.assert_array_equal(mended, standing.positions_m)

    write_csv(sit_up_with_straight_legs(standing), path)
    assert len(read_csv(path)) == len(standing)


def sit_up_with_straight_legs(standing: Motion) -> Motion:
    """The standing person laid on the back along x, whose upper body then rises about the hips to upright."""
    # Head towards +x, feet towards -x, face up: a turn by 90 degrees, so that lengths and handedness stay.
    x, y, z = np.moveaxis(standing.positions_m, -1, 0)
    lying = np.stack([z, -y, 0.1 + x], axis=-1)
    hips = lying[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1)
    rise = np.deg2rad(85.0) * np.clip(np.linspace(-1.5, 1.5, len(standing)), 0.0, 1.0)
    upper = [i for name, i in INDEX.items() if not name.endswith(("hip", "knee", "ankle"))]
    for frame, angle in enumerate(rise):
        offset = lying[frame, upper] - hips[frame]
        turned = offset.copy()
        turned[:, 0] = np.cos(angle) * offset[:, 0] - np.sin(angle) * offset[:, 2]
        turned[:, 2] = np.sin(angle) * offset[:, 0] + np.cos(angle) * offset[:, 2]
        lying[frame, upper] = hips[frame] + turned
    return standing.moved(lying)
