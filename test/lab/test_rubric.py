"""Marks: faults cost points where they belong, raters agree as asked, students spread over the scale."""

from pathlib import Path

import numpy as np
import pytest

from sport_nodes.lab.joint_angles import joint_angles_deg
from sport_nodes.lab.population import sample_person, sample_person_trial, sample_trial
from sport_nodes.lab.rubric import POPULATION_SD, RATERS, TARGET_ICC, rater_marks, total_mark
from sport_nodes.lab.simulate import TECHNIQUES, fault_names, simulate
from sport_nodes.skeleton import INDEX

#: The stage of the action in which each fault is seen first.
STAGE_OF = {
    "standing_long_jump": {
        "shallow_crouch": 0,
        "weak_arm_swing": 1,
        "late_arm_swing": 1,
        "low_take_off_angle": 1,
        "incomplete_extension": 1,
        "stiff_landing": 3,
        "short_landing_reach": 3,
        "uneven_legs": 2,
    },
    "free_throw": {
        "shallow_dip": 1,
        "incomplete_elbow_extension": 3,
        "elbow_flare": 2,
        "low_release": 3,
        "no_follow_through": 3,
        "trunk_lean_back": 3,
        "rushed_tempo": 0,
        "late_leg_drive": 2,
    },
    "overhead_pass": {
        "low_hands": 0,
        "shallow_load": 1,
        "incomplete_extension": 3,
        "uneven_arms": 2,
        "late_leg_drive": 2,
        "arched_back": 2,
        "no_follow_through": 3,
    },
    "sit_up": {
        "incomplete_rise": 2,
        "arm_swing_momentum": 1,
        "feet_lift": 1,
        "jerky_rise": 1,
        "incomplete_return": 3,
        "uneven_trunk": 2,
        "slow_tempo": 1,
    },
}


def icc_2_1(marks):
    """Two-way random effects, absolute agreement, one rater: Shrout & Fleiss (1979), table 1 and p. 423."""
    subjects, raters = marks.shape
    grand = marks.mean()
    between = raters * np.sum((marks.mean(axis=1) - grand) ** 2) / (subjects - 1)
    rater = subjects * np.sum((marks.mean(axis=0) - grand) ** 2) / (raters - 1)
    total = np.sum((marks - grand) ** 2)
    residual = total - between * (subjects - 1) - rater * (raters - 1)
    residual /= (subjects - 1) * (raters - 1)
    return (between - residual) / (between + (raters - 1) * residual + raters * (rater - residual) / subjects)


def test_icc_of_the_textbook_example():
    # Shrout & Fleiss (1979), table 2: six targets, four judges, ICC(2,1) = 0.29.
    table = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    assert icc_2_1(table) == pytest.approx(0.29, abs=0.005)


def at(trial, name, key):
    time = next(k.time_s for k in trial.keyframes if k.name == key)
    return np.interp(time, trial.motion.times_s, joint_angles_deg(trial.motion.positions_m)[name])


def trunk_inclination_deg(trial):
    """Of the line from hips to shoulders over the floor, (T,)."""
    return 90.0 - joint_angles_deg(trial.motion.positions_m)["trunk_lean"]


def duration(trial, first, last):
    return trial.stage_bounds_s[0, last] - trial.stage_bounds_s[0, first]


def arms_forward_deg(trial, share):
    """World angle of the left upper arm at a share of the flight: 0 down, 90 ahead."""
    _, _, leave, land, _ = trial.stage_bounds_s[0]
    p = trial.motion.positions_m
    arm = p[:, INDEX["left_elbow"]] - p[:, INDEX["left_shoulder"]]
    angle = np.degrees(np.arctan2(arm[:, 0], -arm[:, 2]))
    return np.interp(leave + share * (land - leave), trial.motion.times_s, angle)


def reach_m(trial):
    """Heels ahead of the hips at the landing."""
    points = trial.motion.positions_m[:, INDEX["left_hip"], 0]
    ahead = trial.extra_m["left_heel"][:, 0] - points
    return np.interp(trial.stage_bounds_s[0, 3], trial.motion.times_s, ahead)


def take_off_angle_deg(trial):
    begin, end = trial.stage_bounds_s[0, 2:4]
    hips = trial.motion.positions_m[:, INDEX["left_hip"]]
    rise = hips[:, 2].max() - np.interp(begin, trial.motion.times_s, hips[:, 2])
    return rise / (
        np.interp(end, trial.motion.times_s, hips[:, 0]) - np.interp(begin, trial.motion.times_s, hips[:, 0])
    )


def lowest_knee_after_landing_deg(trial):
    after = trial.motion.times_s >= trial.stage_bounds_s[0, 3]
    return joint_angles_deg(trial.motion.positions_m)["left_knee"][after].max()


def elbow_out_m(trial):
    """Shooting elbow to the right of the shoulder at the set point."""
    p = trial.motion.positions_m
    out = p[:, INDEX["right_shoulder"], 1] - p[:, INDEX["right_elbow"], 1]
    return np.interp(trial.keyframes[1].time_s, trial.motion.times_s, out)


def lean_forward_deg(trial, key):
    p = trial.motion.positions_m
    line = (p[:, 5] + p[:, 6] - p[:, 11] - p[:, 12]) / 2
    time = next(k.time_s for k in trial.keyframes if k.name == key)
    return np.interp(time, trial.motion.times_s, np.degrees(np.arctan2(line[:, 0], line[:, 2])))


def wrists_raised_s(trial):
    """How long the wrist stays near its highest over the shoulder."""
    p = trial.motion.positions_m
    height = p[:, INDEX["right_wrist"], 2] - p[:, INDEX["right_shoulder"], 2]
    after = trial.motion.times_s > trial.keyframes[2].time_s
    return np.count_nonzero(height[after] > height.max() - 0.1) / trial.motion.rate_hz


def wrist_over_head_m(trial, key):
    p = trial.motion.positions_m
    time = next(k.time_s for k in trial.keyframes if k.name == key)
    return np.interp(time, trial.motion.times_s, p[:, INDEX["right_wrist"], 2] - p[:, INDEX["nose"], 2])


def left_right_m(trial, joint, axis):
    p = trial.motion.positions_m
    return np.abs(p[:, INDEX[f"left_{joint}"], axis] - p[:, INDEX[f"right_{joint}"], axis]).max()


def rise_stall(trial):
    """Slowest over fastest rise of the shoulders within the rise of the first repetition."""
    begin, end = trial.stage_bounds_s[0, 1:3]
    times = trial.motion.times_s
    inside = (times > begin) & (times < end)
    speed = np.gradient(trial.motion.positions_m[:, INDEX["left_shoulder"], 2], times)[inside]
    return speed[len(speed) // 4 : -len(speed) // 4].min() / speed.max()


def rest_between_m(trial):
    times, height = trial.motion.times_s, trial.motion.positions_m[:, INDEX["left_shoulder"], 2]
    return height[(times > trial.stage_bounds_s[0, 4]) & (times < trial.stage_bounds_s[1, 1])].min()


#: What is measured from the positions, and the sign of its change with the fault.
MEASURES = {
    ("standing_long_jump", "shallow_crouch"): (lambda t: at(t, "left_knee", "deepest_crouch"), -1, 20),
    ("standing_long_jump", "weak_arm_swing"): (lambda t: arms_forward_deg(t, 0.05), -1, 30),
    ("standing_long_jump", "late_arm_swing"): (lambda t: arms_forward_deg(t, 0.0), -1, 25),
    ("standing_long_jump", "low_take_off_angle"): (take_off_angle_deg, -1, 0.04),
    ("standing_long_jump", "incomplete_extension"): (lambda t: at(t, "left_knee", "take_off"), 1, 18),
    ("standing_long_jump", "stiff_landing"): (lowest_knee_after_landing_deg, -1, 15),
    ("standing_long_jump", "short_landing_reach"): (reach_m, -1, 0.1),
    ("standing_long_jump", "uneven_legs"): (lambda t: left_right_m(t, "ankle", 0), 1, 0.1),
    ("free_throw", "shallow_dip"): (lambda t: at(t, "right_knee", "lowest_dip"), -1, 20),
    ("free_throw", "incomplete_elbow_extension"): (lambda t: at(t, "right_elbow", "release"), 1, 15),
    ("free_throw", "elbow_flare"): (elbow_out_m, 1, 0.05),
    ("free_throw", "low_release"): (lambda t: wrist_over_head_m(t, "release"), -1, 0.08),
    ("free_throw", "no_follow_through"): (wrists_raised_s, -1, 0.3),
    ("free_throw", "trunk_lean_back"): (lambda t: lean_forward_deg(t, "follow_through"), -1, 10),
    ("free_throw", "rushed_tempo"): (lambda t: duration(t, 0, 3), -1, 0.5),
    ("free_throw", "late_leg_drive"): (lambda t: at(t, "right_knee", "release"), 1, 10),
    ("overhead_pass", "low_hands"): (lambda t: wrist_over_head_m(t, "hands_set"), -1, 0.08),
    ("overhead_pass", "shallow_load"): (lambda t: at(t, "right_knee", "deepest_load"), -1, 20),
    ("overhead_pass", "incomplete_extension"): (lambda t: at(t, "right_elbow", "follow_through"), 1, 25),
    ("overhead_pass", "uneven_arms"): (lambda t: left_right_m(t, "wrist", 0), 1, 0.06),
    ("overhead_pass", "late_leg_drive"): (lambda t: at(t, "right_knee", "contact"), 1, 8),
    ("overhead_pass", "arched_back"): (lambda t: lean_forward_deg(t, "contact"), -1, 12),
    ("overhead_pass", "no_follow_through"): (wrists_raised_s, -1, 0.2),
    ("sit_up", "incomplete_rise"): (lambda t: trunk_inclination_deg(t).max(), -1, 15),
    ("sit_up", "arm_swing_momentum"): (
        lambda t: np.linalg.norm(
            t.motion.positions_m[:, INDEX["left_wrist"]] - t.motion.positions_m[:, 3], axis=1
        ).max(),
        1,
        0.1,
    ),
    ("sit_up", "feet_lift"): (lambda t: t.motion.positions_m[:, INDEX["left_ankle"], 2].max(), 1, 0.06),
    ("sit_up", "jerky_rise"): (rise_stall, -1, 0.2),
    ("sit_up", "incomplete_return"): (rest_between_m, 1, 0.08),
    ("sit_up", "uneven_trunk"): (lambda t: left_right_m(t, "shoulder", 0), 1, 0.06),
    ("sit_up", "slow_tempo"): (lambda t: duration(t, 0, 4), 1, 0.8),
}


def test_every_fault_is_measured():
    assert set(MEASURES) == {(action, fault) for action in TECHNIQUES for fault in fault_names(action)}
    assert {action: set(stages) for action, stages in STAGE_OF.items()} == {
        action: set(fault_names(action)) for action in TECHNIQUES
    }


@pytest.mark.parametrize(("action", "fault"), list(MEASURES))
def test_a_fault_shows_in_the_positions_and_costs_points_in_its_stage(action, fault):
    measure, sign, least = MEASURES[action, fault]
    changes, losses, stage_losses = [], [], []
    for seed in range(3):
        clean, faulty = (simulate(action, seed=seed, faults=f, rate_hz=100.0) for f in ((), (fault,)))
        changes.append(sign * (measure(faulty) - measure(clean)))
        losses.append(clean.total - faulty.total)
        stage_losses.append((clean.stage_marks - faulty.stage_marks)[STAGE_OF[action][fault]])
        assert (faulty.stage_marks <= clean.stage_marks + 2.0).all()
    assert min(changes) > least
    assert min(losses) > 3.0
    assert min(stage_losses) > 8.0


def test_more_severe_is_worse():
    totals = [simulate("free_throw", seed=1, faults=("elbow_flare",), severity=s).total for s in (0.0, 0.5, 1.0, 1.4)]
    assert totals == sorted(totals, reverse=True)
    assert totals[0] > totals[-1] + 8


def test_good_technique_scores_as_good():
    totals = [simulate(a, seed=s, rate_hz=30.0).total for a in TECHNIQUES for s in range(8)]
    assert min(totals) >= 85
    assert max(totals) <= 100


def test_three_raters_agree_as_in_the_founding_paper():
    technique = TECHNIQUES["standing_long_jump"]
    rng = np.random.default_rng(5)
    # Totals with the deviation that the raters are made for, clear of the scale's ends.
    quality = rng.normal(55.0, POPULATION_SD[technique.action], 4000)
    marks = np.repeat(quality[:, None], len(technique.stages), axis=1)
    given = np.stack([rater_marks(technique, m, rng=rng)[:, -1] for m in marks])
    assert given.shape == (4000, RATERS)
    assert icc_2_1(given) == pytest.approx(TARGET_ICC, abs=0.012)
    truth = np.array([total_mark(technique, m) for m in marks])
    assert np.abs(given.mean(axis=1) - truth).mean() < 4.0


@pytest.mark.parametrize("action", list(TECHNIQUES))
def test_students_spread_over_the_scale(action):
    rng = np.random.default_rng(8)
    trials = [sample_trial(rng, action, rate_hz=20.0) for _ in range(60)]
    totals = np.array([t.total for t in trials])
    assert 0.75 < totals.std() / POPULATION_SD[action] < 1.25
    assert totals.min() < 60
    assert totals.max() > 93
    given = np.stack([t.rater_marks[:, -1] for t in trials])
    assert 0.88 < icc_2_1(given) < 0.96


def test_a_persons_trials_are_alike():
    rng = np.random.default_rng(2)
    people = [sample_person(rng, "free_throw") for _ in range(8)]
    totals = np.array([[sample_person_trial(rng, p, rate_hz=20.0).total for _ in range(3)] for p in people])
    assert totals.std(axis=1).mean() < 0.7 * totals.mean(axis=1).std()


def test_the_document_lists_every_criterion_and_fault_as_it_is():
    text = (Path(__file__).resolve().parents[2] / "docs" / "rubric.md").read_text(encoding="utf-8")
    rows = set(text.splitlines())
    for technique in TECHNIQUES.values():
        for c in technique.criteria:
            assert f"| {c.stage} | {c.parameter} | {c.low:g} | {c.high:g} | {c.span:g} | {c.cost:g} |" in rows
        for name, fault in technique.faults.items():
            shifts = ", ".join(f"{parameter} {value:+g}" for parameter, value in fault.shifts.items())
            assert f"| {name} | {shifts} |" in rows
