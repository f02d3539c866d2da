"""Keyframes told while a simulated trial runs: soon after they happen, in order, at other tempos and in noise."""

import numpy as np
import pytest

from sport_nodes.keyframes.features import smooth
from sport_nodes.keyframes.live import LiveKeyframes
from sport_nodes.keyframes.target import load_target
from sport_nodes.lab.simulate import SimulatedTrial, simulate
from sport_nodes.skeleton import MIRROR_INDEX


def told(trial: SimulatedTrial, positions: np.ndarray) -> list[tuple[str, float, float]]:
    """Name, when it was told and the time that was told, of each keyframe."""
    live = LiveKeyframes(load_target(trial.action, trial.motion))
    return [
        (keyframe.name, float(now_s), keyframe.time_s)
        for now_s, frame in zip(trial.motion.times_s, positions, strict=True)
        for keyframe in live.push(float(now_s), frame)
    ]


def noisy(trial: SimulatedTrial) -> np.ndarray:
    """Its positions with 6 mm of noise that swings."""
    noise = smooth(np.random.default_rng(54).normal(size=(len(trial.motion), 51)), 1.0)
    return trial.motion.positions_m + (noise * 0.006 / noise.std()).reshape(-1, 17, 3)


@pytest.mark.parametrize(("action", "mirrored"), [("standing_long_jump", False), ("free_throw", True)])
def test_they_are_told_soon_after_they_happen(action: str, mirrored: bool) -> None:
    trial = simulate(action, seed=51, rate_hz=30.0)
    positions = trial.motion.positions_m
    if mirrored:
        positions = positions[:, MIRROR_INDEX] * np.array([1.0, -1.0, 1.0])
    found = told(trial, positions)
    assert [name for name, _, _ in found] == [k.name for k in trial.keyframes]
    late = np.array([now_s - truth.time_s for (_, now_s, _), truth in zip(found, trial.keyframes, strict=True)])
    off = np.array([time_s - truth.time_s for (_, _, time_s), truth in zip(found, trial.keyframes, strict=True)])
    assert np.median(np.abs(off)) < 0.03
    assert np.median(late) < 0.15
    assert (late > -0.07).all()


@pytest.mark.parametrize(("action", "tempo"), [("free_throw", 1.6), ("overhead_pass", 0.6)])
def test_noise_and_another_tempo_do_not_hold_them_back(action: str, tempo: float) -> None:
    trial = simulate(action, seed=55, tempo=tempo, rate_hz=30.0, idle_before_s=2.0)
    found = told(trial, noisy(trial))
    assert [name for name, _, _ in found] == [k.name for k in trial.keyframes]
    late = np.array([now_s - truth.time_s for (_, now_s, _), truth in zip(found, trial.keyframes, strict=True)])
    assert np.sum((late > -0.067) & (late < 0.15)) >= len(late) - 1


def test_every_sit_up_is_told() -> None:
    trial = simulate("sit_up", seed=52, repetitions=3, rate_hz=30.0)
    tops = [time_s for name, _, time_s in told(trial, trial.motion.positions_m) if name == "top"]
    truth = [k.time_s for k in trial.keyframes if k.name == "top"]
    assert len(tops) == len(truth)
    assert np.abs(np.array(tops) - truth).max() < 0.25


@pytest.mark.parametrize("tempo", [0.6, 1.6])
def test_levels_are_told_when_they_are_passed_though_noise_hides_the_path(tempo: float) -> None:
    trial = simulate("sit_up", seed=54, repetitions=1, tempo=tempo, rate_hz=30.0, idle_before_s=2.0, idle_after_s=1.5)
    found = {name: now_s for name, now_s, _ in told(trial, noisy(trial))}
    for truth in trial.keyframes:
        if truth.name in ("leaving_floor", "back_on_floor"):
            assert -0.067 < found[truth.name] - truth.time_s < 0.15


def test_nothing_is_told_of_another_movement() -> None:
    """Nor after it, when the athlete stands again as at the target's end."""
    for action, other in (("standing_long_jump", "free_throw"), ("free_throw", "overhead_pass")):
        trial = simulate(action, seed=56, rate_hz=30.0)
        live = LiveKeyframes(load_target(other, trial.motion))
        for now_s, frame in zip(trial.motion.times_s, noisy(trial), strict=True):
            assert live.push(float(now_s), frame) == ()


def test_nothing_is_told_of_stillness_gaps_or_frames_that_come_late() -> None:
    trial = simulate("free_throw", seed=53, rate_hz=30.0, idle_before_s=2.5)
    live = LiveKeyframes(load_target("free_throw", trial.motion))
    for now_s, frame in zip(trial.motion.times_s[:70], trial.motion.positions_m[:70], strict=True):
        assert live.push(float(now_s), frame) == ()
    assert live.push(0.5, trial.motion.positions_m[0]) == ()
    assert live.push(10.0, np.full((17, 3), np.nan)) == ()
