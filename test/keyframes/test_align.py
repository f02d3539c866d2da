"""Alignment against the simulated lab's truth, and on what it must refuse."""

from dataclasses import replace

import numpy as np
import pytest

from sport_nodes.errors import InputError
from sport_nodes.keyframes.align import align, nearest
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.keyframes.target import load_target, make_target
from sport_nodes.lab.simulate import SimulatedTrial, simulate
from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX, MIRROR_INDEX

ACTIONS = ("standing_long_jump", "free_throw", "overhead_pass", "sit_up")


def aligned(trial: SimulatedTrial, motion: Motion | None = None) -> Alignment:
    recording = motion or trial.motion
    return align(recording, load_target(trial.action, recording))


def errors_s(found: Alignment, trial: SimulatedTrial) -> np.ndarray:
    truth = {(k.name, k.repetition): k.time_s for k in trial.keyframes}
    assert {(k.name, k.repetition) for k in found.keyframes} == set(truth)
    return np.array([k.time_s - truth[k.name, k.repetition] for k in found.keyframes])


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("tempo", [0.8, 1.3])
def test_keyframes_and_stages_of_another_person(action: str, tempo: float) -> None:
    trial = simulate(action, seed=77, tempo=tempo, rate_hz=30.0)
    found = aligned(trial)
    assert found.reason == ""
    assert np.median(np.abs(errors_s(found, trial))) < 0.025
    assert all(0.0 < k.confidence <= 1.0 for k in found.keyframes)
    overlap = []
    for bounds, truth in zip(found.stage_bounds_s, trial.stage_bounds_s, strict=True):
        shared = np.minimum(bounds[1:], truth[1:]) - np.maximum(bounds[:-1], truth[:-1])
        union = np.maximum(bounds[1:], truth[1:]) - np.minimum(bounds[:-1], truth[:-1])
        overlap.append(np.maximum(shared, 0.0) / union)
    assert np.mean(overlap) > 0.8


def test_path_and_windows_are_seconds_in_order() -> None:
    trial = simulate("free_throw", seed=5, rate_hz=30.0)
    found = aligned(trial)
    assert (np.diff(found.path_s, axis=0) > 0).all()
    begin, end = found.windows_s[0]
    assert trial.motion.times_s[0] <= begin < end <= trial.motion.times_s[-1]
    times = [k.time_s for k in found.keyframes]
    assert times == sorted(times)


def test_turned_moved_and_scaled_changes_nothing() -> None:
    trial = simulate("standing_long_jump", seed=8, rate_hz=60.0)
    turn = np.array([[-0.6, -0.8, 0.0], [0.8, -0.6, 0.0], [0.0, 0.0, 1.0]])
    moved = trial.motion.moved(trial.motion.positions_m @ turn.T + [2.0, 1.0, 0.0])
    assert np.allclose(errors_s(aligned(trial), trial), errors_s(aligned(trial, moved), trial), atol=1e-6)


def test_left_hander_is_recognised() -> None:
    trial = simulate("free_throw", seed=9, rate_hz=60.0)
    image = trial.motion.moved(trial.motion.positions_m[:, MIRROR_INDEX] * np.array([1.0, -1.0, 1.0]))
    own, other = aligned(trial), aligned(trial, image)
    assert not own.mirrored
    assert other.mirrored
    assert np.allclose(errors_s(own, trial), errors_s(other, trial), atol=1e-6)


def test_missing_joints_are_survived() -> None:
    trial = simulate("standing_long_jump", seed=10, rate_hz=30.0)
    positions = np.array(trial.motion.positions_m)
    positions[:, INDEX["left_wrist"]] = np.nan
    positions[20:40, INDEX["right_knee"]] = np.nan
    found = aligned(trial, Motion(trial.motion.times_s, positions))
    assert found.reason == ""
    assert np.median(np.abs(errors_s(found, trial))) < 0.04


@pytest.mark.parametrize(("count", "tempo"), [(1, 1.0), (7, 1.5), (60, 1.4)])
def test_every_sit_up_is_counted(count: int, tempo: float) -> None:
    trial = simulate("sit_up", seed=11, repetitions=count, tempo=tempo, rate_hz=30.0)
    assert len(aligned(trial).windows_s) == count


@pytest.mark.parametrize("done", ACTIONS)
@pytest.mark.parametrize("expected", ACTIONS)
def test_another_movement_is_refused(done: str, expected: str) -> None:
    if done == expected:
        return
    trial = simulate(done, seed=12, rate_hz=30.0)
    found = align(trial.motion, load_target(expected, trial.motion))
    assert "no part of the recording looks like this movement" in found.reason
    assert found.keyframes == ()
    assert found.windows_s.shape == (0, 2)
    assert np.isnan(found.distance)


def still(frames: int = 90) -> Motion:
    trial = simulate("free_throw", seed=1, rate_hz=30.0)
    return Motion(np.arange(frames) / 30.0, np.repeat(trial.motion.positions_m[:1], frames, axis=0))


def test_unusable_recordings_are_refused_with_the_reason() -> None:
    target = load_target("free_throw")
    nothing = Motion(np.arange(60) / 30.0, np.full((60, 17, 3), np.nan))
    for motion, reason in (
        (still(), "hardly moves"),
        (still(3), "3 frames"),
        (Motion(np.empty(0), np.empty((0, 17, 3))), "0 frames"),
        (nothing, "no joint was seen"),
    ):
        assert reason in align(motion, target).reason


def test_two_jumps_in_one_trial_are_refused() -> None:
    trial = simulate("standing_long_jump", seed=13, rate_hz=30.0)
    times = trial.motion.times_s
    twice = Motion(
        np.concatenate([times, times + times[-1] + 1 / 30.0]), np.concatenate([trial.motion.positions_m] * 2)
    )
    assert "look alike" in aligned(trial, twice).reason


def test_half_a_movement_is_refused() -> None:
    trial = simulate("standing_long_jump", seed=14, rate_hz=30.0)
    take_off = trial.keyframes[1].time_s
    found = aligned(trial, trial.motion.between(trial.stage_bounds_s[0, 0], take_off))
    assert found.reason != ""


def test_a_recording_cut_close_to_the_movement_will_do() -> None:
    trial = simulate("standing_long_jump", seed=15, tempo=1.5, rate_hz=60.0)
    begin, end = trial.stage_bounds_s[0, [0, -1]]
    target = load_target("standing_long_jump", trial.motion)
    cut = trial.motion.between(begin + 0.1, end - 0.3)
    assert cut.duration_s < target.motion.duration_s
    found = align(cut, target)
    assert found.reason == ""
    assert np.median(np.abs(errors_s(found, trial))) < 0.03


def test_keyframes_marked_by_hand_keep_their_place_beside_the_event_in_the_recordings_tempo() -> None:
    target = load_target("free_throw")
    slower = Motion(1.2 * target.motion.times_s, target.motion.positions_m)
    shifted = replace(target, keyframes={**target.keyframes, "release": target.keyframes["release"] + 0.05})
    times = [{k.name: k.time_s for k in align(slower, t).keyframes}["release"] for t in (target, shifted)]
    assert times[1] - times[0] == pytest.approx(1.2 * 0.05, abs=0.005)


def test_of_several_targets_the_nearest_is_used_and_named() -> None:
    good, poor = (simulate("free_throw", seed=17, rate_hz=60.0, faults=f) for f in ((), ("shallow_dip", "low_release")))
    targets = [make_target([trial.motion], "free_throw", name=name) for trial, name in ((poor, "poor"), (good, "good"))]
    for trial, name in ((good, "good"), (poor, "poor")):
        assert align(trial.motion, nearest(trial.motion, targets)).target == name
    with pytest.raises(InputError, match="of one movement"):
        nearest(good.motion, [*targets, load_target("sit_up")])
