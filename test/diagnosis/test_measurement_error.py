"""Measurement error against algebra and against many noisy repetitions."""

from dataclasses import replace

import numpy as np
import pytest

from sport_nodes.actions import load_action
from sport_nodes.body import Body
from sport_nodes.diagnosis.measurement_error import (
    DEFAULT_SIGMA_M,
    KEYFRAME_SIGMA_S,
    REPEATS,
    mdc95,
    standard_error,
)
from sport_nodes.diagnosis.metrics import Repetition, read_metric
from sport_nodes.keyframes.features import resample, smoothed_body
from sport_nodes.lab.simulate import simulate
from sport_nodes.skeleton import INDEX

ACTION = load_action("standing_long_jump")
STAGES = tuple(s.name for s in ACTION.stages)


def subject(seed: int = 3) -> tuple[Body, Repetition]:
    trial = simulate("standing_long_jump", seed=seed, rate_hz=60.0)
    keyframes = {k.name: k.time_s for k in trial.keyframes}
    return smoothed_body(resample(trial.motion, 60.0)), Repetition(keyframes, trial.stage_bounds_s[0], STAGES)


def test_mdc_is_published_factor() -> None:
    assert mdc95(1.0) == pytest.approx(2.77, abs=0.01)


def test_height_of_still_hips_is_sigma_over_root_two() -> None:
    times = np.arange(60) / 60.0
    body = Body(times, np.ones((60, 17, 3)), 2.0, np.array([1.0, 0.0, 0.0]))
    keyframes = dict.fromkeys(("deepest_crouch", "take_off", "flight_peak", "landing"), 0.5)
    repetition = Repetition(keyframes, np.array([0.0, 0.2, 0.4, 0.6, 0.8]), STAGES)
    spec = replace(ACTION.metric("crouch_com_height"), quantity="pelvis_height")
    error = standard_error(spec, body, np.full((60, 17), 0.02), repetition, side="", rate_hz=60.0)
    assert error == pytest.approx(100.0 * 0.02 / np.sqrt(2.0) / 2.0, rel=0.03)


@pytest.mark.parametrize("name", ["crouch_knee_flexion", "crouch_trunk_inclination", "landing_leg_reach"])
def test_steady_errors_agree_with_many_noisy_copies(name: str) -> None:
    body, repetition = subject()
    spec = ACTION.metric(name)
    sigma = 0.01
    noise = np.random.default_rng(0).normal(0.0, sigma, (400, 1, 17, 3))
    copies = Body(body.times_s, body.positions_m + noise, body.height_m, body.forward)
    spread = float(np.std(read_metric(spec, copies, repetition, side="")))
    known = np.full(body.positions_m.shape[:2], sigma)
    keyframe_part = standard_error(spec, body, np.full_like(known, 1e-9), repetition, side="", rate_hz=1e6)
    error = standard_error(spec, body, known, repetition, side="", rate_hz=1e6)
    assert np.sqrt(error**2 - keyframe_part**2) == pytest.approx(spread, rel=0.15)


def test_when_half_is_done_errs_as_in_many_noisy_copies() -> None:
    """Half of each coordinate's variance steady, a quarter each a slow and a fast swing of any phase."""
    action = load_action("overhead_pass")
    trial = simulate("overhead_pass", seed=3, rate_hz=60.0)
    body = smoothed_body(resample(trial.motion, 60.0))
    stages = tuple(s.name for s in action.stages)
    repetition = Repetition({k.name: k.time_s for k in trial.keyframes}, trial.stage_bounds_s[0], stages)
    spec, sigma, rng = action.metric("leg_drive_timing"), 0.01, np.random.default_rng(1)
    steady = rng.normal(0.0, sigma * np.sqrt(0.5), (300, 1, 17, 3))
    copies = body.positions_m + steady
    for hz in (1.5, 3.0):
        cosine, sine = rng.normal(0.0, sigma * 0.5, (2, 300, 1, 17, 3))
        phase = (2.0 * np.pi * hz * body.times_s)[:, None, None]
        copies = copies + cosine * np.cos(phase) + sine * np.sin(phase)
    noisy = Body(body.times_s, copies, body.height_m, body.forward)
    spread = float(np.std(read_metric(spec, noisy, repetition, side="")))
    known = np.full(body.positions_m.shape[:2], sigma)
    error = standard_error(spec, body, known, repetition, side="", rate_hz=1e6)
    assert np.sqrt(error**2 - KEYFRAME_SIGMA_S**2) == pytest.approx(spread, rel=0.25)


def test_error_grows_with_sigma_and_falls_back_to_the_stated_default() -> None:
    body, repetition = subject()
    shape = body.positions_m.shape[:2]
    spec = ACTION.metric("crouch_knee_flexion")

    def error(sigma: float) -> float:
        return standard_error(spec, body, np.full(shape, sigma), repetition, side="", rate_hz=30.0)

    assert error(0.005) < error(0.02)
    assert error(np.nan) == pytest.approx(error(DEFAULT_SIGMA_M))


def test_durations_err_by_their_two_keyframes() -> None:
    body, repetition = subject()
    spec = ACTION.metric("push_duration")
    error = standard_error(spec, body, np.zeros(body.positions_m.shape[:2]), repetition, side="", rate_hz=1e6)
    assert error == pytest.approx(np.sqrt(2.0) * KEYFRAME_SIGMA_S)


def test_hidden_joints_have_no_error() -> None:
    body, repetition = subject()
    positions = np.array(body.positions_m)
    positions[:, INDEX["left_knee"]] = np.nan
    hidden = Body(body.times_s, positions, body.height_m, body.forward)
    spec = ACTION.metric("crouch_knee_flexion")
    sigma = np.full(positions.shape[:2], 0.01)
    assert np.isnan(standard_error(spec, hidden, sigma, repetition, side="left", rate_hz=30.0))


def test_how_long_errs_by_its_two_ends() -> None:
    body, repetition = subject()
    spec = replace(ACTION.metric("landing_knee_flexion"), statistic="time_above", threshold=30.0)
    error = standard_error(spec, body, np.full(body.positions_m.shape[:2], 1e-9), repetition, side="", rate_hz=1e6)
    assert error == pytest.approx(np.sqrt(2.0) * KEYFRAME_SIGMA_S)


def test_a_range_of_what_is_still_errs_by_what_noise_adds() -> None:
    """Noise only ever widens it: of a swing of normal size the range is that of a chi of two, always too great."""
    times, sigma, rng = np.arange(60) / 60.0, 0.01, np.random.default_rng(2)
    body = Body(times, np.ones((60, 17, 3)), 1.0, np.array([1.0, 0.0, 0.0]))
    repetition = Repetition({}, np.array([0.0, 0.2, 0.4, 0.6, 1.0]), STAGES)
    spec = replace(
        ACTION.metric("crouch_com_height"), quantity="pelvis_height", at="", over=STAGES, statistic="range", sides=""
    )
    phase = (2.0 * np.pi * 1.5 * times)[:, None, None]
    cosine, sine = rng.normal(0.0, sigma * np.sqrt(0.3), (2, 400, 1, 17, 3))
    noisy = Body(times, body.positions_m + cosine * np.cos(phase) + sine * np.sin(phase), 1.0, body.forward)
    values = read_metric(spec, noisy, repetition, side="")
    known = np.full((60, 17), sigma)
    error = standard_error(spec, body, known, repetition, side="", rate_hz=1e6)
    assert error > 0.9 * np.sqrt(np.mean(values**2))
    repeats = standard_error(spec, body, known, repetition, side="", rate_hz=1e6, parts=REPEATS)
    assert np.std(values) < repeats < error


def test_repeats_differ_by_less_than_they_err() -> None:
    """What both share drops out of a difference: of still hips, the deviations' shares remain."""
    times = np.arange(60) / 60.0
    body = Body(times, np.ones((60, 17, 3)), 2.0, np.array([1.0, 0.0, 0.0]))
    repetition = Repetition({"deepest_crouch": 0.5}, np.array([0.0, 0.2, 0.4, 0.6, 0.8]), STAGES)
    spec = replace(ACTION.metric("crouch_com_height"), quantity="pelvis_height")
    known = np.full((60, 17), 0.02)
    whole = standard_error(spec, body, known, repetition, side="", rate_hz=60.0)
    repeats = standard_error(spec, body, known, repetition, side="", rate_hz=60.0, parts=REPEATS)
    assert repeats / whole == pytest.approx(np.sqrt(REPEATS.steady + REPEATS.swings[0][0]), rel=0.03)
