"""Whatever comes in, there is an alignment or a reason, and a diagnosis or the same reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.actions import action_names
from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.errors import InputError
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import load_target
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion
from sport_nodes.skeleton import JOINT_COUNT

THROW = simulate("free_throw", seed=41, rate_hz=30.0).motion


def reason_of(motion: Motion, action: str = "free_throw") -> str:
    target = load_target(action, motion)
    alignment = align(motion, target)
    assert bool(alignment.reason) == (len(alignment.windows_s) == 0)
    assert all(np.isfinite(k.time_s) and 0.0 <= k.confidence <= 1.0 for k in alignment.keyframes)
    diagnosis = diagnose(motion, alignment, action, target)
    assert diagnosis.reason == alignment.reason
    assert bool(diagnosis.findings) != bool(diagnosis.reason)
    return alignment.reason


@settings(max_examples=15, deadline=None)
@given(
    frames=st.integers(0, len(THROW)),
    hidden=st.lists(st.tuples(st.integers(0, JOINT_COUNT - 1), st.integers(0, 200), st.integers(1, 200)), max_size=25),
)
def test_gaps_and_cuts_never_crash(frames: int, hidden: list[tuple[int, int, int]]) -> None:
    positions = np.array(THROW.positions_m[:frames])
    for joint, begin, length in hidden:
        positions[begin : begin + length, joint] = np.nan
    reason_of(Motion(THROW.times_s[:frames], positions))


@settings(max_examples=10, deadline=None)
@given(frames=st.integers(0, 120), spread_m=st.sampled_from([0.0, 0.01, 1.0]), seed=st.integers(0, 1000))
def test_constants_and_noise_are_refused(frames: int, spread_m: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    positions = np.broadcast_to(rng.normal(size=(1, JOINT_COUNT, 3)), (frames, JOINT_COUNT, 3))
    assert reason_of(Motion(np.arange(frames) / 30.0, positions + spread_m * rng.normal(size=positions.shape)))


@pytest.mark.parametrize("action", action_names())
def test_all_joints_in_one_place_are_refused(action: str) -> None:
    assert reason_of(Motion(np.arange(60) / 30.0, np.zeros((60, JOINT_COUNT, 3))), action)


@pytest.mark.parametrize("action", action_names())
@pytest.mark.parametrize("at", [0.35, 0.6])
def test_two_peoples_data_joined_are_refused_and_one_persons_are_not(action: str, at: float) -> None:
    one, other = (simulate(action, seed=s, height_m=h, rate_hz=30.0).motion for s, h in ((42, 1.6), (43, 1.75)))
    frames = min(len(one), len(other))
    change = round(at * frames)
    joined = np.concatenate([one.positions_m[:change], other.positions_m[change:frames]])
    reason = reason_of(Motion(one.times_s[:frames], joined), action)
    assert f"the body changes at {one.times_s[change]:.1f} s" in reason
    assert reason_of(one, action) == ""


def test_a_leap_of_one_body_is_no_other_person() -> None:
    positions = np.array(THROW.positions_m)
    positions[40:, :, 0] += 0.3
    assert "the body changes" not in reason_of(Motion(THROW.times_s, positions))


@pytest.mark.parametrize("action", action_names())
def test_limbs_that_seem_longer_for_a_while_are_no_other_person(action: str) -> None:
    """Soft tissue, a landing: lengths swell by 8 % in a quarter of a second and shrink again; a wrist is lost, too."""
    motion = simulate(action, seed=47, rate_hz=30.0).motion
    middle = 0.5 * motion.times_s[-1]
    swollen = 1.0 + 0.08 * np.exp(-0.5 * ((motion.times_s - middle) / 0.12) ** 2)
    positions = motion.positions_m * swollen[:, None, None]
    positions[20:60, 9] = np.nan
    assert "the body changes" not in reason_of(noisy(Motion(motion.times_s, positions), 4), action)


@pytest.mark.parametrize("times", [[0.0, 0.2, 0.1], [0.0, 0.0, 0.1], [0.0, np.nan, 0.1]])
def test_times_that_do_not_rise_are_refused_with_the_reason(times: list[float]) -> None:
    with pytest.raises(InputError, match="time"):
        Motion(np.array(times), np.zeros((3, JOINT_COUNT, 3)))


def noisy(motion: Motion, seed: int) -> Motion:
    return motion.moved(motion.positions_m + 0.006 * np.random.default_rng(seed).normal(size=motion.positions_m.shape))


@pytest.mark.parametrize("action", action_names())
def test_noise_hides_neither_another_person_nor_stillness(action: str) -> None:
    one, other = (
        simulate(action, seed=s, height_m=h, rate_hz=30.0, idle_before_s=3.0) for s, h in ((44, 1.6), (45, 1.72))
    )
    frames = min(len(one.motion), len(other.motion))
    change = frames // 2
    joined = np.concatenate([one.motion.positions_m[:change], other.motion.positions_m[change:frames]])
    assert "the body changes at" in reason_of(noisy(Motion(one.motion.times_s[:frames], joined), 1), action)
    assert reason_of(noisy(one.motion, 2), action) == ""
    assert "hardly moves" in reason_of(noisy(one.motion.between(0.0, 2.8), 3), action)


def test_a_sit_up_without_its_rise_is_half_a_movement() -> None:
    trial = simulate("sit_up", seed=46, rate_hz=30.0, repetitions=1)
    top = next(k.time_s for k in trial.keyframes if k.name == "top")
    second_half = trial.motion.between(top - 0.4, float(trial.motion.times_s[-1]))
    assert "only part of the movement" in reason_of(second_half, "sit_up")
