"""Simulated trials against anatomy, mechanics, and events found independently from positions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.actions import load_action
from sport_nodes.errors import InputError
from sport_nodes.lab.joint_angles import RANGES_DEG, joint_angles_deg
from sport_nodes.lab.kinematics import center_of_mass
from sport_nodes.lab.simulate import TECHNIQUES, fault_names, simulate
from sport_nodes.skeleton import INDEX, JOINTS, RIGID_BONES

ACTIONS = tuple(TECHNIQUES)
FAULTS = [(action, fault) for action in ACTIONS for fault in fault_names(action)]
#: Feet are flat again this long after the heels have touched [s].
FLAT_S = 0.08


def points_of(trial):
    points = {name: trial.motion.positions_m[:, INDEX[name]] for name in JOINTS}
    return points | trial.extra_m


def keyframe(trial, name, repetition=0):
    return next(k.time_s for k in trial.keyframes if k.name == name and k.repetition == repetition)


def during(trial, begin_s, end_s):
    return (trial.motion.times_s >= begin_s) & (trial.motion.times_s <= end_s)


def hips_height(trial):
    return trial.motion.positions_m[:, [INDEX["left_hip"], INDEX["right_hip"]], 2].mean(axis=1)


def assert_is_a_body(trial):
    positions = trial.motion.positions_m
    assert np.isfinite(positions).all()
    for a, b in RIGID_BONES:
        assert np.ptp(np.linalg.norm(positions[:, a] - positions[:, b], axis=1)) < 1e-9
    floor = min(positions[..., 2].min(), *(trial.extra_m[k][:, 2].min() for k in ("left_toe", "right_heel")))
    # A foot that swings through may brush the floor.
    assert floor > -5e-3
    for name, angle in joint_angles_deg(positions).items():
        if name != "trunk_lean":
            low, high = RANGES_DEG[name.split("_")[1]]
            assert low <= angle.min(), name
            assert angle.max() <= high, name
    # Nothing moves faster than a thrower's hand or a kicker's foot, and nothing is teleported.
    assert np.abs(np.diff(positions, axis=0)).max() * trial.motion.rate_hz < 15.0


def assert_feet_do_not_slide(trial):
    times = trial.motion.times_s
    if trial.action == "standing_long_jump":
        take_off, landing = keyframe(trial, "take_off"), keyframe(trial, "landing")
        contacts = [times <= take_off, times >= landing + FLAT_S]
    else:
        contacts = [np.ones(len(times), bool)]
    for contact in contacts:
        for name in ("left_toe", "right_toe"):
            assert np.ptp(trial.extra_m[name][contact], axis=0).max() < 1e-3


@pytest.mark.parametrize("action", ACTIONS)
def test_bodies_and_feet_without_fault(action):
    for seed in range(3):
        trial = simulate(action, seed=seed)
        assert_is_a_body(trial)
        assert_feet_do_not_slide(trial)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(FAULTS), st.floats(1.45, 1.85), st.integers(0, 10_000), st.floats(0.3, 1.3))
def test_every_fault_at_every_height_is_still_a_body(action_fault, height_m, seed, severity):
    action, fault = action_fault
    trial = simulate(action, seed=seed, faults=(fault,), severity=severity, height_m=height_m, rate_hz=60.0)
    assert trial.athlete.height_m == height_m
    assert_is_a_body(trial)
    if fault != "feet_lift":
        assert_feet_do_not_slide(trial)
    assert ((trial.stage_marks >= 0) & (trial.stage_marks <= 100)).all()
    assert 0 <= trial.total <= 100
    assert ((trial.rater_marks >= 0) & (trial.rater_marks <= 100)).all()
    bounds = trial.stage_bounds_s
    assert (np.diff(bounds.ravel()) > 0).all()
    assert bounds[0, 0] >= 1.5 - 1e-9
    assert bounds[-1, -1] <= trial.motion.times_s[-1] - 1.5 + 0.02


@pytest.mark.parametrize("fault", [(), *((f,) for f in fault_names("standing_long_jump"))])
def test_flight_obeys_gravity(fault):
    trial = simulate("standing_long_jump", seed=3, faults=fault, rate_hz=240.0)
    air = during(trial, keyframe(trial, "take_off") + 1e-3, keyframe(trial, "landing") - 1e-3)
    com = center_of_mass(points_of(trial))[air]
    fit = np.polyfit(trial.motion.times_s[air], com, 2)
    assert 2 * fit[0, 2] == pytest.approx(-9.81, rel=0.01)
    np.testing.assert_allclose(fit[0, :2], 0.0, atol=0.02)
    assert keyframe(trial, "flight_peak") == pytest.approx(-fit[1, 2] / (2 * fit[0, 2]), abs=2e-3)


def test_the_jump_leaves_the_floor_as_its_technique_says():
    for seed in range(5):
        trial = simulate("standing_long_jump", seed=seed, rate_hz=240.0)
        air = during(trial, keyframe(trial, "take_off") + 1e-3, keyframe(trial, "landing") - 1e-3)
        since = trial.motion.times_s[air] - keyframe(trial, "take_off")
        speed = np.polyfit(since, center_of_mass(points_of(trial))[air], 2)[1]
        assert np.hypot(speed[0], speed[2]) == pytest.approx(trial.technique["take_off_speed_mps"], rel=0.02)
        angle = np.degrees(np.arctan2(speed[2], speed[0]))
        assert angle == pytest.approx(trial.technique["take_off_angle_deg"], abs=1.0)
        start, end = (trial.extra_m["left_toe"][i, 0] for i in (0, -1))
        assert 0.9 < end - start < 2.6


@pytest.mark.parametrize("action", ACTIONS)
def test_same_seed_same_trial_bit_for_bit(action):
    faults = fault_names(action)[:2]
    first, second = (simulate(action, seed=11, faults=faults) for _ in range(2))
    assert first.motion.positions_m.tobytes() == second.motion.positions_m.tobytes()
    for name, points in first.extra_m.items():
        assert points.tobytes() == second.extra_m[name].tobytes()
    assert first.technique == second.technique
    assert first.rater_marks.tobytes() == second.rater_marks.tobytes()
    assert simulate(action, seed=12).technique != first.technique


@pytest.mark.parametrize("action", ACTIONS)
def test_keyframes_and_stages_are_those_of_the_actions_file(action):
    spec, trial = load_action(action), simulate(action, seed=1)
    names = [k.name for k in spec.keyframes]
    rows = len(trial.stage_bounds_s)
    assert [k.name for k in trial.keyframes] == names * rows
    assert trial.stage_bounds_s.shape == (rows, len(spec.stages) + 1)
    assert TECHNIQUES[action].stages == tuple(s.name for s in spec.stages)
    times = [k.time_s for k in trial.keyframes]
    assert (np.diff(times) > 0).all()


@pytest.mark.parametrize("fault", [(), *((f,) for f in fault_names("standing_long_jump"))])
def test_jump_events_from_positions(fault):
    trial = simulate("standing_long_jump", seed=7, faults=fault, rate_hz=400.0)
    times = trial.motion.times_s
    toes = np.minimum(trial.extra_m["left_toe"][:, 2], trial.extra_m["right_toe"][:, 2])
    soles = np.minimum(toes, np.minimum(trial.extra_m["left_heel"][:, 2], trial.extra_m["right_heel"][:, 2]))
    aloft = times[soles > 2e-3]
    # The feet leave and come slowly: 2 mm are some 10 ms away from the instants themselves.
    assert keyframe(trial, "take_off") == pytest.approx(aloft[0], abs=0.02)
    assert keyframe(trial, "landing") == pytest.approx(aloft[-1], abs=0.02)
    before = times < keyframe(trial, "take_off")
    assert keyframe(trial, "deepest_crouch") == pytest.approx(
        times[before][hips_height(trial)[before].argmin()], abs=0.005
    )


def test_throw_and_pass_events_from_positions():
    for seed in range(4):
        throw = simulate("free_throw", seed=seed, rate_hz=400.0)
        times, wrist = throw.motion.times_s, throw.motion.positions_m[:, INDEX["right_wrist"], 2]
        assert keyframe(throw, "lowest_dip") == pytest.approx(times[hips_height(throw).argmin()], abs=0.005)
        assert keyframe(throw, "follow_through") == pytest.approx(times[wrist.argmax()], abs=0.08)
        ball = np.diff(throw.extra_m["ball"], 2, axis=0) * 400.0**2
        free = during(throw, keyframe(throw, "release") + 0.01, keyframe(throw, "release") + 0.5)[1:-1]
        np.testing.assert_allclose(ball[free], np.tile([0.0, 0.0, -9.81], (free.sum(), 1)), atol=1e-2)
        overhead = simulate("overhead_pass", seed=seed, rate_hz=400.0)
        times = overhead.motion.times_s
        load = during(overhead, keyframe(overhead, "hands_set"), keyframe(overhead, "contact"))
        lowest = times[load][hips_height(overhead)[load].argmin()]
        assert keyframe(overhead, "deepest_load") == pytest.approx(lowest, abs=0.005)


def test_sit_up_events_from_positions_in_every_repetition():
    trial = simulate("sit_up", seed=2, repetitions=5, rate_hz=200.0)
    shoulders = trial.motion.positions_m[:, [INDEX["left_shoulder"], INDEX["right_shoulder"]], 2].mean(axis=1)
    assert len(trial.stage_bounds_s) == 5
    for repetition, (begin, up, _, _, down) in enumerate(trial.stage_bounds_s):
        inside = during(trial, begin, down)
        top = trial.motion.times_s[inside][shoulders[inside].argmax()]
        assert keyframe(trial, "top", repetition) == pytest.approx(top, abs=0.2)
        assert shoulders[inside].max() > 0.98 * np.interp(
            keyframe(trial, "top", repetition), trial.motion.times_s, shoulders
        )
        excursion = np.ptp(shoulders[inside])
        for when in (up, down):
            height = np.interp(when, trial.motion.times_s, shoulders) - shoulders[inside].min()
            assert height / excursion == pytest.approx(0.10, abs=0.03)


@pytest.mark.parametrize("action", ACTIONS)
def test_the_athlete_is_quiet_before_and_after(action):
    trial = simulate(action, seed=4, idle_before_s=2.0, idle_after_s=1.0)
    positions, times = trial.motion.positions_m, trial.motion.times_s
    speed = np.linalg.norm(np.diff(positions, axis=0), axis=2).max(axis=1) * trial.motion.rate_hz
    # The last tenth of a sit-up's way down comes after its last bound.
    settled_s = 0.5 if action == "sit_up" else 0.05
    quiet = (times[1:] < trial.stage_bounds_s[0, 0]) | (times[1:] > trial.stage_bounds_s[-1, -1] + settled_s)
    assert speed[quiet].max() < 0.12
    assert speed[~quiet].max() > 1.0
    assert trial.stage_bounds_s[0, 0] == pytest.approx(2.0)
    if action != "sit_up":
        assert np.ptp(positions[times < 1.5], axis=0).max() > 1e-3, "nobody stands like a statue"


def test_tempo_and_repetitions():
    assert simulate("sit_up", seed=0, repetitions=60, rate_hz=30.0).motion.duration_s > 60.0
    slow, fast = (simulate("overhead_pass", seed=0, tempo=t).motion.duration_s for t in (0.8, 1.25))
    assert slow > fast + 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"action": "somersault"}, "no action"),
        ({"action": "sit_up", "faults": ("elbow_flare",)}, "no fault"),
        ({"action": "free_throw", "repetitions": 2}, "once"),
        ({"action": "sit_up", "repetitions": 61}, "between 1 and 60"),
        ({"action": "sit_up", "rate_hz": 1.0}, "rate_hz"),
        ({"action": "sit_up", "tempo": 9.0}, "tempo"),
    ],
)
def test_unusable_arguments_are_refused_in_words(arguments, message):
    with pytest.raises(InputError, match=message):
        simulate(seed=0, **arguments)
