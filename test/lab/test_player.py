"""The live player: order, stamps, and what a second begin changes."""

import numpy as np
import pytest

from sport_nodes.lab.player import Kind, LabPlayer
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import load_rig

RIG = load_rig("lab")


@pytest.fixture(scope="module")
def player():
    return LabPlayer(simulate("free_throw", seed=2), RIG, seed=2)


def test_items_come_when_due_and_after_what_they_measure(player):
    items = list(player.play(5000.0))
    due = [i.due_s for i in items]
    assert due == sorted(due)
    assert due[-1] == pytest.approx(player.duration_s)
    samples = [i for i in items if i.kind in (Kind.KEYPOINTS, Kind.SKELETON, Kind.IMU)]
    assert all(i.stamp_s - 5000.0 <= i.due_s + 1e-3 for i in samples)
    delays = np.array([i.due_s - (i.stamp_s - 5000.0) for i in samples])
    assert 0.001 < np.median(delays) < 0.02


def test_all_kinds_are_played(player):
    assert {i.kind for i in player.play(0.0)} == set(Kind)


def test_a_later_begin_moves_stamps_and_clock_offsets_alike(player):
    first, second = list(player.play(0.0)), list(player.play(1000.0))
    assert [i.due_s for i in first] == [i.due_s for i in second]
    assert [i.stamp_s + 1000.0 for i in first] == pytest.approx([i.stamp_s for i in second])
    for a, b in zip(first, second, strict=True):
        if a.kind is Kind.CLOCK:
            assert b.payload.offset_us - a.payload.offset_us == pytest.approx(1e9)
            assert b.payload.drift_ppm == a.payload.drift_ppm


def test_the_clock_report_agrees_with_the_stamps(player):
    """offset_us is host minus device: both epochs must be told apart, or a consumer would move samples twice."""
    clocks = [i.payload for i in player.play(0.0) if i.kind is Kind.CLOCK and i.device == "imu_trunk"]
    offsets = np.array([c.offset_us for c in clocks])
    assert np.ptp(offsets[1:]) < 2000.0  # microseconds over the whole trial: drift and settling
    assert offsets[0] < 0  # the device was switched on before the trial began


def test_the_trial_comes_last_with_the_whole_truth(player):
    last = list(player.play(0.0))[-1]
    assert last.kind is Kind.TRIAL
    assert last.payload.action == "free_throw"
    assert len(last.payload.motion) > 100
