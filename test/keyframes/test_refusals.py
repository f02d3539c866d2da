"""Whatever comes in, there is an alignment or a reason, and a diagnosis or the same reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.actions import action_names
from sport_nodes.diagnosis.diagnose import diagnose
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
