"""Target models: written, read again, chosen by height, and refused when they are none."""

import json
from pathlib import Path

import numpy as np
import pytest

import sport_nodes.keyframes.target as target_module
from sport_nodes.actions import action_names, load_action
from sport_nodes.body import body_height_m
from sport_nodes.errors import InputError
from sport_nodes.keyframes.target import load_target, make_target, read_target, save_target
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX


@pytest.mark.parametrize("action", action_names())
def test_shipped_targets_hold_every_keyframe_and_stage(action: str) -> None:
    target = load_target(action)
    spec = load_action(action)
    assert set(target.keyframes) == {k.name for k in spec.keyframes}
    assert len(target.stage_bounds_s) == len(spec.stages) + 1
    assert (np.diff(target.stage_bounds_s) > 0).all()
    begin, end = target.motion.times_s[[0, -1]]
    assert all(begin <= t <= end for t in target.keyframes.values())


@pytest.mark.parametrize(("height_m", "name"), [(1.45, "150"), (1.66, "165"), (1.85, "180")])
def test_nearest_body_height_is_chosen(height_m: float, name: str) -> None:
    motion = simulate("overhead_pass", seed=3, height_m=height_m, rate_hz=30.0).motion
    assert load_target("overhead_pass", motion).name == f"overhead_pass_{name}"


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    trial = simulate("standing_long_jump", seed=1)
    positions = np.array(trial.motion.positions_m)
    positions[:, INDEX["left_ear"]] = np.nan
    positions[5, INDEX["nose"]] = np.nan
    times = {k.name: k.time_s for k in trial.keyframes}
    made = make_target([Motion(trial.motion.times_s, positions)], "standing_long_jump", times, name="mine")
    save_target(made, tmp_path / "mine.json")
    read = read_target(tmp_path / "mine.json")
    assert (read.name, read.action) == ("mine", "standing_long_jump")
    assert read.keyframes == pytest.approx(dict(made.keyframes), abs=1e-3)
    assert np.allclose(read.stage_bounds_s, made.stage_bounds_s, atol=1e-3)
    assert np.allclose(read.motion.times_s, made.motion.times_s)
    assert np.allclose(read.motion.positions_m, made.motion.positions_m, atol=1e-4, equal_nan=True)


def test_keyframes_are_found_and_idle_time_is_cut_off() -> None:
    trial = simulate("standing_long_jump", seed=6, idle_before_s=3.0)
    truth = {k.name: k.time_s for k in trial.keyframes}
    made = make_target([trial.motion], "standing_long_jump")
    for name, time in truth.items():
        assert made.keyframes[name] == pytest.approx(time, abs=0.05), name
    assert made.motion.times_s[0] > 2.5


def test_a_sport_without_a_shipped_target_goes_by_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = simulate("standing_long_jump", seed=6)
    standing, landing = trial.stage_bounds_s[0, 0], trial.keyframes[-1].time_s
    monkeypatch.setattr(target_module, "_shipped", lambda action: [])
    made = make_target([trial.motion.between(standing, landing + 0.1)], "standing_long_jump")
    for keyframe in trial.keyframes:
        assert made.keyframes[keyframe.name] == pytest.approx(keyframe.time_s, abs=0.08), keyframe.name
    with pytest.raises(InputError, match="NAME=SECONDS"):
        make_target([simulate("overhead_pass", seed=1).motion], "overhead_pass")


def test_of_several_recordings_the_most_typical_is_taken() -> None:
    usual = [simulate("sit_up", seed=s, repetitions=1, rate_hz=30.0).motion for s in (1, 2, 3)]
    odd = simulate("sit_up", seed=4, repetitions=1, rate_hz=30.0, faults=("incomplete_rise", "jerky_rise")).motion
    made = make_target([odd, *usual], "sit_up")
    heights = [body_height_m(m.positions_m) for m in usual]
    assert min(abs(made.height_m - h) for h in heights) < 1e-3 < abs(made.height_m - body_height_m(odd.positions_m))


def test_mistakes_are_named(tmp_path: Path) -> None:
    trial = simulate("standing_long_jump", seed=1, rate_hz=30.0)
    times = {k.name: k.time_s for k in trial.keyframes}
    with pytest.raises(InputError, match="at least one"):
        make_target([], "standing_long_jump")
    with pytest.raises(InputError, match="deepest_crouch, take_off"):
        make_target([trial.motion], "standing_long_jump", {"take_off": 1.0})
    with pytest.raises(InputError, match="must lie in the recording"):
        make_target([trial.motion], "standing_long_jump", {**times, "landing": 99.0})
    for content in ("", "{}", "[1]", json.dumps({"joints": {}}), "\x00"):
        path = tmp_path / "bad.json"
        path.write_text(content, encoding="utf-8")
        read_target.cache_clear()
        with pytest.raises(InputError, match="is not a target model"):
            read_target(path)
    with pytest.raises(InputError, match="is not a target model"):
        read_target(tmp_path / "none.json")
