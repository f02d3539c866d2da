"""Simulated free throws and long jumps beside real ones: angle courses, tempos and nearest neighbours."""

import json
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.io.motion_files import read_motion
from sport_nodes.lab.realism import BETWEEN_PEOPLE_DEG, EVENTS, angle_courses, compare
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion

MOTIONS = Path(__file__).resolve().parents[2] / "../shared/data/motions"
needs_recordings = pytest.mark.skipif(
    not (MOTIONS / "truth.json").is_file(), reason="the real recordings (../shared/data/motions) are not here"
)
JUMPS = ("cmu_train_jumping_1", "cmu_train_jumping_4")


def truth():
    return json.loads((MOTIONS / "truth.json").read_text())


def real_throws(every=2):
    names = sorted(n for n in truth() if n.startswith("free_throw"))[::every]
    return [
        angle_courses(read_motion(MOTIONS / f"{n}.csv"), event_s=truth()[n]["release_s"], action="free_throw")
        for n in names
    ]


def real_jumps():
    return [
        angle_courses(
            read_motion(MOTIONS / f"{n}.csv"), event_s=truth()[n]["flights_s"][0][0], action="standing_long_jump"
        )
        for n in JUMPS
    ]


def simulated(action, count, faults=()):
    courses = []
    for seed in range(count):
        trial = simulate(action, seed=seed, faults=faults, rate_hz=60.0)
        event_s = next(k.time_s for k in trial.keyframes if k.name == EVENTS[action])
        courses.append(angle_courses(trial.motion, event_s=event_s, action=action))
    return courses


@needs_recordings
def test_simulated_throws_are_as_near_to_real_ones_as_another_person_would_be():
    result = compare(real_throws(), simulated("free_throw", 25))
    assert min(result.coverage.values()) > 0.9
    # The real throws are one man's: others differ from him by BETWEEN_PEOPLE_DEG, but not by more.
    assert np.median(result.simulated_to_real) < BETWEEN_PEOPLE_DEG
    assert np.percentile(result.simulated_to_real, 95) < 1.25 * BETWEEN_PEOPLE_DEG


@needs_recordings
def test_a_faulty_throw_is_farther_from_real_ones():
    real = real_throws(every=4)
    clean, faulty = (
        compare(real, simulated("free_throw", 10, faults)) for faults in ((), ("shallow_dip", "low_release"))
    )
    assert np.median(faulty.simulated_to_real) > 1.3 * np.median(clean.simulated_to_real)


@needs_recordings
def test_simulated_jumps_follow_the_two_real_ones():
    result = compare(real_jumps(), simulated("standing_long_jump", 25))
    # Two short jumps (1.2 m) of one person against jumps of 1.7 m: see docs/realism.md for what differs.
    assert np.mean(list(result.coverage.values())) > 0.7
    assert np.median(result.simulated_to_real) < 2.5 * BETWEEN_PEOPLE_DEG


@needs_recordings
def test_tempo_of_the_jump_is_a_persons():
    flights = [np.diff(truth()[n]["flights_s"][0])[0] for n in JUMPS]
    times = [
        (k["landing"] - k["take_off"], k["take_off"] - k["deepest_crouch"])
        for k in ({k.name: k.time_s for k in simulate("standing_long_jump", seed=s).keyframes} for s in range(10))
    ]
    flight, drive = np.mean(times, axis=0)
    assert flight == pytest.approx(np.mean(flights), abs=0.1)
    # From the deepest point of the hips to take-off the real jumps take 0.2 s.
    assert drive == pytest.approx(0.2, abs=0.1)


def test_the_distance_is_zero_to_itself_and_grows_with_a_wrong_angle():
    trial = simulate("free_throw", seed=0, rate_hz=60.0)
    event_s = next(k.time_s for k in trial.keyframes if k.name == "release")
    course = angle_courses(trial.motion, event_s=event_s, action="free_throw")
    bent = {name: angle + (20.0 if name == "left_knee" else 0.0) for name, angle in course.items()}
    result = compare([course, bent], [course, bent])
    np.testing.assert_allclose(result.simulated_to_real, 0.0, atol=1e-9)
    np.testing.assert_allclose(result.real_to_real, 20.0 / np.sqrt(len(course)))


def test_courses_are_unknown_beyond_the_recording():
    trial = simulate("free_throw", seed=0, rate_hz=60.0)
    event_s = next(k.time_s for k in trial.keyframes if k.name == "release")
    short: Motion = trial.motion.between(event_s - 0.5, event_s + 1.0)
    course = angle_courses(short, event_s=event_s, action="free_throw")["left_knee"]
    assert np.isnan(course[0])
    assert np.isfinite(course[-1])
