"""How far a trial that is played again is from the recorded one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sport_nodes import topics
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag import BagWriter
from sport_nodes.motion import Motion
from sport_nodes.replayed import Difference, TrialResult, difference, recorded_result

BEGIN_S = 1_700_000_000.125
RNG = np.random.default_rng(1)
MOTION = Motion(
    np.arange(40) / 30.0,
    RNG.normal(size=(40, 17, 3)),
    np.ones((40, 17)),
    np.ones((40, 17), dtype=np.uint8),
    np.full((40, 17), 0.01),
)


def test_a_bag_s_last_trial_is_what_was_recorded(tmp_path: Path) -> None:
    score_type = messages.typestore().types[messages.STAGE_SCORES]
    trial = messages.trial_motion_message(MOTION, begin_s=BEGIN_S, trial="t1", action="sit_up", athlete="kestrel")
    with BagWriter(tmp_path / "bag") as bag:
        bag.write(topics.MOTION_TRIAL, trial, BEGIN_S)
    assert recorded_result(tmp_path / "bag") is None
    scores = score_type(
        header=trial.header,
        trial="t1",
        action="sit_up",
        value=71.25,
        low=60.0,
        high=80.0,
        grade="fair",
        grade_probabilities=np.zeros(5),
        stages=[],
        bias_correction=0.0,
        model="scorer 1",
        latency_ms=1.0,
        withheld="",
        warnings=[],
    )
    with BagWriter(tmp_path / "whole") as bag:
        bag.write(topics.MOTION_TRIAL, trial, BEGIN_S)
        bag.write(topics.SCORE_TRIAL, scores, BEGIN_S)
    found = recorded_result(tmp_path / "whole")
    assert found is not None
    assert (found.score, found.model) == (71.25, "scorer 1")
    assert difference(found, TrialResult(MOTION.moved(MOTION.positions_m, MOTION.times_s + BEGIN_S), 71.25, "")).none


def test_a_difference_is_that_of_the_farthest_joint_and_of_the_score() -> None:
    recorded = TrialResult(MOTION, 70.0, "scorer 1")
    positions_m = MOTION.positions_m.copy()
    positions_m[7, 5] += [0.0, 3e-3, 4e-3]
    found = difference(recorded, replace(recorded, motion=MOTION.moved(positions_m, MOTION.times_s), score=50.0))
    assert found == Difference(pytest.approx(5.0), pytest.approx(20.0), None)
    assert not found.none
    assert "5.0000 mm" in str(found)
    assert difference(recorded, recorded) == Difference(0.0, 0.0, None)


def test_other_frames_joints_or_a_withheld_score_are_no_number() -> None:
    recorded = TrialResult(MOTION, 70.0, "scorer 1")
    shorter = replace(recorded, motion=MOTION.take(slice(0, -1)), score=float("nan"), model="scorer 2")
    found = difference(recorded, shorter)
    assert found == Difference(np.inf, np.inf, ("scorer 1", "scorer 2"))
    assert "scorer 2" in str(found)
    positions_m = MOTION.positions_m.copy()
    positions_m[7, 5] = np.nan
    hidden = MOTION.moved(positions_m, MOTION.times_s)
    assert difference(recorded, replace(recorded, motion=hidden)).skeleton_mm == np.inf
    withheld = replace(recorded, score=float("nan"))
    assert difference(withheld, withheld).none
