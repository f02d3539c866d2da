"""Real recordings are read; whatever is not a person's movement is refused in one line that says how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.errors import InputError
from sport_nodes.io.motion_files import read_motion, write_motion
from sport_nodes.io.plausibility import MINIMUM_FRAMES, implied_statures_m
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

#: Stature of the man of the free-throw set by its authors; joint-to-joint fractions are good to a tenth of it.
FREE_THROW_STATURE_M = 1.91
STATURE_ERROR = 0.12


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_motion(path)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_every_recorded_motion_is_a_person(shared_data: Path) -> None:
    paths = sorted((shared_data / "motions").glob("*.csv"))
    assert len(paths) >= 100
    for path in paths[::8]:
        motion = read_motion(path)
        stature = float(np.median(list(implied_statures_m(motion).values())))
        if path.name.startswith("free_throw"):
            assert stature == pytest.approx(FREE_THROW_STATURE_M, rel=STATURE_ERROR), path.name
        assert 25.0 < motion.rate_hz < 125.0


def test_scaled_person_has_the_stature_of_the_truth(make_person: Callable[..., Motion]) -> None:
    for stature in (1.2, 1.7, 2.05):
        implied = implied_statures_m(make_person(stature_m=stature))
        limbs = [v for (upper, _), v in implied.items() if not upper.endswith("shoulder")]
        assert limbs == pytest.approx([stature] * len(limbs), rel=1e-6)


@pytest.mark.parametrize(
    ("factor", "words"),
    [(1000.0, ("1,7", "millimetres", "divide them by 1000")), (100.0, ("17", "centimetres", "divide them by 100"))],
)
def test_wrong_unit_is_named(standing: Motion, tmp_path: Path, factor: float, words: tuple[str, ...]) -> None:
    path = tmp_path / "m.csv"
    write_motion(standing.moved(standing.positions_m * factor), path)
    message = refused(path)
    assert all(word in message for word in words), message


def test_impossible_shapes_are_refused(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    positions = standing.positions_m.copy()
    elbow, wrist = INDEX["left_elbow"], INDEX["left_wrist"]
    positions[:, wrist] = positions[:, elbow] + 3.0 * (positions[:, wrist] - positions[:, elbow])
    write_motion(standing.moved(positions), path)
    assert "left_elbow to left_wrist is 3.0 times" in refused(path)

    rng = np.random.default_rng(1)
    write_motion(standing.moved(rng.uniform(-0.4, 0.4, standing.positions_m.shape)), path)
    refused(path)


def test_too_few_frames_and_nothing_measured(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    write_motion(standing.take(slice(0, 3)), path)
    assert "3 frames are too few" in refused(path)
    write_motion(standing.take(slice(0, MINIMUM_FRAMES)), path)
    assert len(read_motion(path)) == MINIMUM_FRAMES
    write_motion(standing.moved(np.full_like(standing.positions_m, np.nan)), path)
    assert "NaN in every frame" in refused(path)
    only_face = standing.positions_m.copy()
    only_face[:, 5:] = np.nan
    write_motion(standing.moved(only_face), path)
    assert "no limb" in refused(path)


def test_time_in_milliseconds_is_named(standing: Motion, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    write_motion(standing.moved(standing.positions_m, standing.times_s * 1000.0), path)
    assert "milliseconds" in refused(path)


def test_file_that_is_none(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "absent.csv")
    empty = tmp_path / "empty.trc"
    empty.touch()
    assert "empty" in refused(empty)
    other = tmp_path / "motion.xlsx"
    other.write_text("x")
    assert ".xlsx" in refused(other)


@pytest.mark.parametrize("suffix", [".csv", ".trc", ".c3d"])
def test_renamed_picture_and_renamed_table(tmp_path: Path, suffix: str) -> None:
    picture = tmp_path / f"picture{suffix}"
    picture.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(128, 256)) * 20)
    refused(picture)
    table = tmp_path / f"table{suffix}"
    table.write_text("name,mark\nanna,3\nben,2\n")
    refused(table)


def test_writing_elsewhere_is_refused(standing: Motion, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write '\.c3d'"):
        write_motion(standing, tmp_path / "m.c3d")
    with pytest.raises(InputError, match="cannot be written"):
        write_motion(standing, tmp_path / "no_folder" / "m.csv")
