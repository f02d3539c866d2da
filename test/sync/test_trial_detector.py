"""Trials in the simulated lab's movements, whose rest before and after is known."""

import numpy as np
import pytest

from sport_nodes.fusion.live import LiveFusion
from sport_nodes.lab.observe import HOST_EPOCH_S, observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion
from sport_nodes.rig import load_rig
from sport_nodes.sync.align import align_recording
from sport_nodes.sync.trial_detector import (
    LONGEST_S,
    PRE_ROLL_S,
    STILLNESS_S,
    TrialDetector,
    TrialPhase,
    find_trials,
)

RATE_HZ = 30.0
RIG = load_rig("lab")


def fused_live(motion: Motion, seed: int) -> Motion:
    """What the live fusion makes of the motion in the simulated lab, on the motion's own times."""
    aligned = align_recording(recording_from_events(observe(motion, RIG, seed=seed)), RIG)
    fusion = LiveFusion(RIG)
    positions_m = np.concatenate([fusion.step(aligned.frame(t)).positions_m for t in range(len(aligned))])
    return Motion(aligned.times_s - HOST_EPOCH_S + motion.times_s[0], positions_m)


def phases(motion: Motion) -> tuple[list, list]:
    detector, found, declared_s = TrialDetector(), [], []
    for t in range(len(motion)):
        state = detector.update(motion.take(slice(t, t + 1)))
        if state.phase in (TrialPhase.FINISHED, TrialPhase.REJECTED):
            found.append(state)
            declared_s.append(float(motion.times_s[t]))
    return found, declared_s


@pytest.mark.parametrize("action", ["standing_long_jump", "sit_up", "free_throw", "overhead_pass"])
@pytest.mark.parametrize("seed", [0, 1])
def test_each_movement_is_one_trial_whose_end_is_declared_within_a_second(action: str, seed: int) -> None:
    before_s, after_s = 1.5, 1.5
    truth = simulate(action, seed=seed, idle_before_s=before_s, idle_after_s=after_s).motion
    found, declared_s = phases(fused_live(truth, seed))
    assert [s.phase for s in found] == [TrialPhase.FINISHED]
    begin_s, end_s = truth.times_s[0] + before_s, truth.times_s[-1] - after_s
    assert found[0].begin_s <= begin_s + 0.1
    assert found[0].begin_s >= begin_s - 2 * PRE_ROLL_S
    # The last of a movement is slow: what is left after the declared end must be hardly any.
    assert end_s - 0.5 <= found[0].end_s <= end_s + 0.5
    assert declared_s[0] <= end_s + 1.0


def test_rest_is_no_trial() -> None:
    still = simulate("sit_up", seed=4).motion.positions_m[:1]
    times_s = np.arange(0.0, 8.0, 1 / 60)
    assert phases(fused_live(Motion(times_s, np.repeat(still, len(times_s), axis=0)), 0))[0] == []


def moving(*phases_s: tuple[float, float]) -> Motion:
    """A standing figure that goes forward at the speed (m/s) of each (duration, speed)."""
    speed = np.concatenate([np.full(int(d * RATE_HZ), v) for d, v in phases_s])
    forward = np.cumsum(speed) / RATE_HZ
    standing = simulate("free_throw", seed=0).motion.positions_m[0]
    positions = standing + np.stack([forward, 0 * forward, 0 * forward], axis=1)[:, None]
    return Motion(np.arange(len(forward)) / RATE_HZ, positions)


def test_a_held_posture_does_not_end_a_trial_but_a_rest_does() -> None:
    pause_s = STILLNESS_S - 0.1
    found, _ = phases(moving((1, 0), (1, 0.8), (pause_s, 0), (1, 0.8), (1.5, 0)))
    assert len(found) == 1
    found, _ = phases(moving((1, 0), (1, 0.8), (STILLNESS_S + 0.3, 0), (1, 0.8), (1.5, 0)))
    assert len(found) == 2


def test_what_is_too_short_or_too_long_is_rejected_with_a_reason() -> None:
    found, _ = phases(moving((1, 0), (0.25, 0.6), (1.5, 0)))
    assert [s.phase for s in found] == [TrialPhase.REJECTED]
    assert "at least" in found[0].reason
    found, _ = phases(moving((1, 0), (LONGEST_S + 2, 0.5), (0.1, 0)))
    assert found[0].phase is TrialPhase.REJECTED
    assert "without a rest" in found[0].reason


def test_a_vanished_athlete_ends_the_trial() -> None:
    motion = moving((1, 0), (2, 0.8), (3, 0.8))
    gone = motion.positions_m.copy()
    gone[90:] = np.nan
    found, _ = phases(motion.moved(gone))
    assert found[0].phase is TrialPhase.FINISHED
    assert found[0].end_s == pytest.approx(3.0, abs=0.15)


def test_start_and_stop_by_hand() -> None:
    motion = moving((4, 0))
    detector = TrialDetector()
    for t in range(len(motion)):
        if t == 30:
            detector.start(1.0)
        if t == 90:
            state = detector.stop(3.0)
            assert (state.phase, state.begin_s, state.end_s) == (TrialPhase.FINISHED, 1.0, 3.0)
        detector.update(motion.take(slice(t, t + 1)))
    assert detector.state.phase is TrialPhase.WAITING
    assert detector.stop(9.0).phase is TrialPhase.WAITING


def test_trials_of_a_recording_are_those_found_live() -> None:
    motion = moving((1, 0), (1, 0.8), (2, 0), (1.5, 0.7))
    trials = find_trials(motion)
    assert len(trials) == 2
    assert trials[0] == phases(motion)[0][0]
    assert trials[1].end_s == pytest.approx(motion.times_s[-1])
