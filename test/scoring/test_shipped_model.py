"""The model that comes with the package, on simulated and on real people."""

import json
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.io.motion_files import read_motion
from sport_nodes.lab.simulate import fault_names, simulate
from sport_nodes.motion import Motion
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.sidecar import shipped_model
from sport_nodes.skeleton import JOINT_COUNT

MOTIONS = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "motions"
#: A free throw, dribbling left out: from before the dip to after the follow-through.
BEFORE_RELEASE_S, AFTER_RELEASE_S = 1.6, 0.9
LARGEST_MODEL_BYTES = 20e6

pytestmark = pytest.mark.skipif(not shipped_model().is_file(), reason="no model is installed (sport train makes one)")
needs_data = pytest.mark.skipif(not MOTIONS.is_dir(), reason="../shared/data/motions is not there")


@pytest.fixture(scope="module")
def scorer():
    return Scorer.load()


def trial(action, seed, **options):
    return simulate(action, seed=seed, rate_hz=30.0, **options)


def test_it_is_small_and_knows_the_actions(scorer):
    assert shipped_model().stat().st_size < LARGEST_MODEL_BYTES
    assert set(scorer.actions) == set(action_names())
    assert shipped_model().with_suffix(".md").is_file()


@pytest.mark.parametrize("action", action_names())
def test_good_movements_score_above_grossly_faulty_ones(scorer, action):
    good = [scorer.score(trial(action, s).motion, action).value for s in range(4)]
    faults = fault_names(action)[:4]
    bad_trials = [trial(action, s, faults=faults) for s in range(4)]
    bad = [scorer.score(t.motion, action).value for t in bad_trials]
    truth = np.mean([trial(action, s).total for s in range(4)]) - np.mean([t.total for t in bad_trials])
    assert np.mean(good) - np.mean(bad) > truth / 2


@pytest.mark.parametrize("action", action_names())
def test_stages_are_found(scorer, action):
    simulated = trial(action, 11)
    scores = scorer.score(simulated.motion, action)
    found = np.array([stage.end_s for stage in scores.stages[:-1]])
    assert np.abs(found - simulated.stage_bounds_s[0, 1:-1]).mean() < 0.3


@pytest.mark.parametrize("action", action_names())
def test_turning_the_scene_does_not_move_the_score(scorer, action):
    motion = trial(action, 12).motion
    c, s = np.cos(2.1), np.sin(2.1)
    turned = motion.moved(motion.positions_m @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T)
    assert scorer.score(turned, action).value == pytest.approx(scorer.score(motion, action).value, abs=1e-2)


@pytest.mark.parametrize("action", action_names())
def test_any_single_dead_joint_still_gives_a_wider_score(scorer, action):
    motion = trial(action, 13).motion
    whole = scorer.score(motion, action)
    for joint in (0, *range(5, JOINT_COUNT)):
        positions = np.array(motion.positions_m)
        positions[:, joint] = np.nan
        scores = scorer.score(Motion(motion.times_s, positions), action)
        assert scores.withheld == ""
        assert scores.high - scores.low > min(whole.high - whole.low, 100.0 - scores.low, scores.high) - 1e-9


@pytest.mark.parametrize(("done", "asked"), [("sit_up", "free_throw"), ("standing_long_jump", "sit_up")])
def test_another_movement_is_not_scored(scorer, done, asked):
    scores = scorer.score(trial(done, 14).motion, asked)
    assert done in scores.withheld
    assert np.isnan(scores.value)


@needs_data
@pytest.mark.parametrize("name", ["cmu_train_jumping_1", "cmu_train_jumping_4"])
def test_real_long_jumps_are_scored(scorer, name):
    scores = scorer.score(read_motion(MOTIONS / f"{name}.csv"), "standing_long_jump")
    assert scores.withheld == ""
    assert 50.0 < scores.value <= 100.0
    assert scorer.score(read_motion(MOTIONS / f"{name}.csv"), "sit_up").withheld


@needs_data
def test_real_free_throws_are_scored_and_alike(scorer):
    truth = json.loads((MOTIONS / "truth.json").read_text())
    names = sorted(path.stem for path in MOTIONS.glob("free_throw_*.csv"))[::10]
    values = []
    for name in names:
        release_s = truth[name]["release_s"]
        motion = read_motion(MOTIONS / f"{name}.csv")
        scores = scorer.score(motion.between(release_s - BEFORE_RELEASE_S, release_s + AFTER_RELEASE_S), "free_throw")
        assert scores.withheld == ""
        values.append(scores.value)
    # One practised man in one afternoon: his throws differ little.
    assert np.std(values) < 10.0
