"""The course of time, against one that was put in."""

import numpy as np
import pytest

from sport_nodes.keyframes.warp import Warp, fit_warp, knots_of

STEP_S = 1.0 / 60.0
TARGET_S = np.arange(-9, 100) * STEP_S
KNOTS_S = knots_of([0.0, 0.5, 0.75, 1.45])
#: Where the recording has the knots: now slower, now faster than the target.
TRUE_S = 2.0 + np.interp(KNOTS_S, [0.0, 0.5, 0.75, 1.45], [0.0, 0.62, 0.81, 1.61])
TIMES_S = np.arange(0, 300) * STEP_S
SCALE = np.ones(3)
TIMES_S.flags.writeable = False  # as a Motion has them: compiled functions see one kind of array


def movement(times_s: np.ndarray) -> np.ndarray:
    """Three angles that rest before 0 s and after 1.45 s."""
    share = np.clip(times_s / 1.45, 0.0, 1.0)
    bell = np.sin(np.pi * share) ** 2
    return np.stack(
        [60.0 * bell, 40.0 * np.sin(2.0 * np.pi * share) * bell, -30.0 * np.sin(np.pi * share) ** 3], axis=1
    )


def recorded(noise_deg: float = 0.0, seed: int = 0, ranges: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    inner = np.interp(TIMES_S, TRUE_S, KNOTS_S)
    angles = movement(inner) * np.array(ranges) + np.array([5.0, -8.0, 0.0])
    return angles + noise_deg * np.random.default_rng(seed).standard_normal(angles.shape)


def fitted(recording: np.ndarray, *, wrong_s: float = 0.06) -> Warp:
    target = movement(TARGET_S)
    start = TRUE_S + wrong_s * np.cos(3.0 * np.arange(len(TRUE_S)))
    slope = np.gradient(target, STEP_S, axis=0)
    return fit_warp(
        TARGET_S, target, slope, TIMES_S, recording, SCALE, np.var(target, axis=0), knots_s=KNOTS_S, start_s=start
    )


def test_it_is_recovered_between_frames_whatever_the_posture() -> None:
    course = fitted(recorded())
    assert np.abs(course.recording_s - TRUE_S).max() < 0.5 * STEP_S
    assert course.at(np.array([0.25]))[0] == pytest.approx(2.31, abs=0.5 * STEP_S)
    assert course.slowness(0.6) == pytest.approx(0.19 / 0.25, abs=0.08)


def test_another_range_of_movement_moves_it_little() -> None:
    course = fitted(recorded(ranges=(1.2, 0.9, 1.0)))
    assert np.abs(course.recording_s - TRUE_S).max() < 1.5 * STEP_S


def test_unknown_angles_say_nothing() -> None:
    recording = recorded()
    recording[:, 1] = np.nan
    recording[150:165, 0] = np.nan
    assert np.abs(fitted(recording).recording_s - TRUE_S).max() < STEP_S
    nothing = fitted(np.full_like(recording, np.nan)).recording_s
    assert (np.diff(nothing) > 0.0).all()


def test_noise_moves_it_by_about_its_deviation() -> None:
    fits = [fitted(recorded(3.0, seed)) for seed in range(30)]
    off = np.sqrt(np.mean([(f.recording_s - TRUE_S) ** 2 for f in fits], axis=0))
    deviation = np.mean([f.deviation_s for f in fits], axis=0)
    # Noise here is independent from frame to frame; the fit takes six frames for one.
    assert (off < 2.0 * deviation).all()
    assert np.median(off / deviation) > 0.2
    assert off[0] < 0.05  # it begins out of rest, where single frames say nothing


def test_knots_lie_apart_and_close_enough() -> None:
    knots = knots_of([1.0, 1.01, 2.0, 1.5])
    assert {1.0, 1.5, 2.0} <= set(np.round(knots, 6))
    assert np.diff(knots).max() <= 0.3
    assert len(knots_of([1.0])) == 2
