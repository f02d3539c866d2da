"""Keyframes of real free throws and long jumps against their recorded events."""

import json
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.io.motion_files import read_motion
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import TargetModel, load_target, make_target
from sport_nodes.motion import Motion
from sport_nodes.skeleton import MIRROR_INDEX

FOLDER = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "motions"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs the recordings in ../shared/data/motions")
JUMPS = ("cmu_train_jumping_1", "cmu_train_jumping_4")
#: The jumps' truth is when both toes are over 6 cm, to within the frames and that height.
JUMP_TOLERANCE_S = 0.05


def truth(name: str) -> dict:
    return json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))[name]


def recording(name: str) -> Motion:
    return read_motion(FOLDER / f"{name}.csv")


def take_off_and_landing(motion: Motion, target: TargetModel) -> np.ndarray:
    times = {k.name: k.time_s for k in align(motion, target).keyframes}
    return np.array([times["take_off"], times["landing"]])


@pytest.mark.parametrize("name", JUMPS)
def test_long_jumps_with_the_shipped_target(name: str) -> None:
    motion = recording(name)
    found = take_off_and_landing(motion, load_target("standing_long_jump", motion))
    assert found == pytest.approx(truth(name)["flights_s"][0], abs=JUMP_TOLERANCE_S)


@pytest.mark.parametrize(("name", "other"), [JUMPS, JUMPS[::-1]])
@pytest.mark.parametrize("change", ["as recorded", "30 Hz", "turned", "mirrored", "joints missing"])
def test_long_jumps_with_each_other_as_target(name: str, other: str, change: str) -> None:
    made = make_target([recording(other)], "standing_long_jump")
    marked = dict(zip(("take_off", "landing"), truth(other)["flights_s"][0], strict=True))
    target = TargetModel(
        made.name, made.action, made.motion, {**made.keyframes, **marked}, made.stage_bounds_s, made.height_m
    )
    motion = recording(name)
    if change == "30 Hz":
        motion = motion.take(slice(None, None, 4))
    elif change == "turned":
        turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        motion = motion.moved(motion.positions_m @ turn.T)
    elif change == "mirrored":
        image = motion.positions_m[:, MIRROR_INDEX] * np.array([1.0, -1.0, 1.0])
        motion = Motion(motion.times_s, image)
    elif change == "joints missing":
        positions = np.array(motion.positions_m)
        positions[:, 7:11:2] = np.nan
        motion = Motion(motion.times_s, positions)
    found = take_off_and_landing(motion, target)
    assert found == pytest.approx(truth(name)["flights_s"][0], abs=JUMP_TOLERANCE_S)


def test_eighteen_hops_are_not_one_jump() -> None:
    motion = recording("cmu_train_jumping_2")
    assert align(motion, load_target("standing_long_jump", motion)).reason != ""


def test_free_throws_with_one_throw_as_target() -> None:
    names = sorted(p.stem for p in FOLDER.glob("free_throw_*.csv"))[:40]
    first = recording(names[0])
    made = make_target([first], "free_throw")
    release = {"release": truth(names[0])["release_s"]}
    target = TargetModel(
        made.name, made.action, made.motion, {**made.keyframes, **release}, made.stage_bounds_s, made.height_m
    )
    errors = []
    for name in names[1:]:
        found = align(recording(name), target)
        assert found.reason == "", name
        times = {k.name: k.time_s for k in found.keyframes}
        errors.append(times["release"] - truth(name)["release_s"])
    # The ball leaves between two frames of 33 ms, and one mark in ten lies 0.1 s or more off the arm's movement.
    assert np.median(np.abs(errors)) < 0.035
    assert np.mean(np.abs(errors) < 0.067) > 0.8
