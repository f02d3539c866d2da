import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Provenance
from sport_nodes.training.sensor_like import (
    CONDITIONS,
    OCCLUDED_SHARE,
    POOR_LIGHT_SHARE,
    RATE_HZ,
    Degradation,
    as_measured,
    draw_condition,
)
from sport_nodes.training.simulated import rows_of_trial, trial_specs
from sport_nodes.training.trial_set import TrialSet, mean_per_trial, split_by_person


@pytest.fixture(scope="module")
def trials():
    rows = [row for spec in trial_specs(people=10, trials_per_person=4, seed=5) for row in rows_of_trial(spec)]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return TrialSet(action_names=np.array(action_names()), **columns)


def test_everybody_does_everything(trials):
    for person in range(10):
        assert set(trials.action[trials.person == person]) == {0, 1, 2, 3}
        assert len(np.unique(trials.height_m[trials.person == person])) == 1
    assert len(np.unique(trials.height_m)) == 10


def test_nobody_is_in_two_parts_of_the_split(trials):
    parts = split_by_person(trials, seed=1)
    people = [set(part.person) for part in parts]
    assert [len(p) for p in people] == [6, 2, 2]
    assert not (people[0] & people[1])
    assert not (people[0] & people[2])
    assert not (people[1] & people[2])
    assert sum(map(len, parts)) == len(trials)


def test_boundaries_rise_inside_the_movement(trials):
    assert ((trials.bounds >= 0) & (trials.bounds <= 1)).all()
    assert (np.diff(trials.bounds, axis=1) > 0).all()


def test_repetitions_share_their_trials_marks(trials):
    mean, first = mean_per_trial(trials.total, trials)
    np.testing.assert_allclose(mean, trials.total[first])
    assert len(first) == 40
    assert len(trials) > 40


def test_marks_are_the_raters_and_near_the_rubric(trials):
    error = np.abs(trials.total - trials.true_total)
    assert 0.2 < error.mean() < 5.0


def test_the_same_seed_gives_the_same_rows():
    spec = trial_specs(people=3, trials_per_person=2, seed=9)[4]
    one, other = rows_of_trial(spec), rows_of_trial(spec)
    np.testing.assert_array_equal(one[0]["pose"], other[0]["pose"])
    assert one[0]["total"] == other[0]["total"]


def test_a_set_survives_its_file(trials, tmp_path):
    trials.save(tmp_path / "trials.npz")
    again = TrialSet.load(tmp_path / "trials.npz")
    assert again.sha256 == trials.sha256
    assert again.action_names.tolist() == list(action_names())
    changed = trials.take(np.arange(len(trials))[::-1])
    assert changed.sha256 != trials.sha256


def test_noise_has_the_stated_size():
    truth = simulate("free_throw", seed=1, rate_hz=60.0, idle_before_s=4.0).motion
    still = truth.between(0.0, 3.5)
    clean = Degradation(noise_m=0.01, noise_per_speed_s=0.0, offset_m=0.0, tilt_deg=0.0)
    measured = as_measured(still, clean, rng=np.random.default_rng(0))
    expected = np.stack(
        [np.interp(measured.times_s, still.times_s, c) for c in still.positions_m.reshape(len(still), -1).T]
    )
    error = measured.positions_m.reshape(len(measured), -1).T - expected
    assert np.nanstd(error) == pytest.approx(0.01, rel=0.05)
    assert measured.rate_hz == pytest.approx(RATE_HZ)


def test_occlusion_hides_or_infers_and_says_which():
    truth = simulate("free_throw", seed=2, rate_hz=60.0).motion
    share = {Provenance.MISSING: 0.0, Provenance.INFERRED: 0.0}
    for seed in range(20):
        measured = as_measured(truth, CONDITIONS["occlusion"], rng=np.random.default_rng(seed))
        for kind in share:
            share[kind] += float((measured.provenance[:, 5:] == kind).mean()) / 20
    assert all(0.005 < value < 0.2 for value in share.values())


def test_conditions_come_in_the_papers_shares():
    rng = np.random.default_rng(0)
    drawn = [draw_condition(rng) for _ in range(4000)]
    assert np.mean([d == "poor_light" for d in drawn]) == pytest.approx(POOR_LIGHT_SHARE, abs=0.02)
    assert np.mean([d == "occlusion" for d in drawn]) == pytest.approx(OCCLUDED_SHARE, abs=0.02)
