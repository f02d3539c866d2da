"""Intervals and familiarity from people the network was not trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.scoring.familiarity import ALL_FEATURES, Familiarity
from sport_nodes.scoring.intervals import COVERAGE, IntervalTable, conformal_half_width, unmeasured_share
from sport_nodes.scoring.network import ScoringNetwork
from sport_nodes.skeleton import INDEX, JOINT_COUNT, TRUNK_JOINTS
from sport_nodes.training.batches import predict
from sport_nodes.training.trial_set import TrialSet, mean_per_trial

Array = NDArray[np.float64]

#: Joints that are made to die in the validation trials, to learn how far intervals must widen.
DEAD_COUNTS: Final = (1, 2, 3, 4, 5)
#: An interval widens by at least this much per unmeasured share, whatever the sample says.
LEAST_WIDENING: Final = 1.0
#: ... and by at least this factor for a dead joint that counts: what simulated people lose by it is the least that real
#: ones may.
LEAST_JOINT_FACTOR: Final = 1.15


def calibrate_intervals(network: ScoringNetwork, validation: TrialSet, *, seed: int) -> IntervalTable:
    """Half-widths per action and stage, and their widening over the unmeasured share."""
    total_error, stage_error, first = _errors(network, validation)
    action = validation.action[first]
    total, stages = {}, {}
    for index, name in enumerate(validation.action_names.tolist()):
        rows = action == index
        total[name] = conformal_half_width(total_error[rows])
        stages[name] = tuple(conformal_half_width(stage_error[rows, k]) for k in range(stage_error.shape[1]))
    whole = np.array([total[name] for name in validation.action_names.tolist()])
    shares, factors = [0.0], [1.0]
    rng = np.random.default_rng(seed)
    for count in DEAD_COUNTS:
        degraded = with_dead_joints(validation, count, rng=rng)
        error, _, _ = _errors(network, degraded)
        share = float(np.mean([unmeasured_share(row) for row in degraded.unmeasured]))
        shares.append(share)
        least = max(factors[-1], 1.0 + LEAST_WIDENING * share)
        factors.append(max(least, conformal_half_width(error / whole[action], coverage=COVERAGE)))
    joints = []
    for joint in range(JOINT_COUNT):
        alive = np.ones((len(validation), JOINT_COUNT))
        alive[:, joint] = 0.0
        error, _, _ = _errors(network, with_joints(validation, alive))
        least = LEAST_JOINT_FACTOR if unmeasured_share(1.0 - alive[0]) > 0 else 1.0
        joints.append(max(least, conformal_half_width(error / whole[action], coverage=COVERAGE)))
    return IntervalTable(total, stages, tuple(shares), tuple(factors), tuple(joints))


def fit_familiarity(training: TrialSet) -> Familiarity:
    """From the training movements' summary features."""
    found = training.summary.shape[1]
    if found != len(ALL_FEATURES):
        raise ValueError(f"the training set has {found} summary features, {len(ALL_FEATURES)} are used")
    return Familiarity.fitted(training.summary, training.action_names[training.action])


def with_dead_joints(trials: TrialSet, count: int, *, rng: np.random.Generator) -> TrialSet:
    """The same trials with `count` random joints dead in each; at most one of them of the trunk, no eyes or ears."""
    trunk = [INDEX[name] for name in TRUNK_JOINTS]
    others = [j for j in range(JOINT_COUNT) if j not in trunk and j not in range(1, 5)]
    alive = np.ones((len(trials), JOINT_COUNT))
    for row in range(len(trials)):
        pool = [*others, int(rng.choice(trunk))]
        alive[row, rng.choice(pool, size=count, replace=False)] = 0.0
    return with_joints(trials, alive)


def with_joints(trials: TrialSet, alive: Array) -> TrialSet:
    """The same trials without the joints that are 0 in alive (N, 17)."""
    there = alive[:, :, None].astype(np.float32)
    return replace(
        trials,
        pose=trials.pose * there[..., None],
        velocity=trials.velocity * there[..., None],
        mask=trials.mask * there,
        unmeasured=np.where(alive > 0, trials.unmeasured, 1.0),
    )


def _errors(network: ScoringNetwork, trials: TrialSet) -> tuple[Array, Array, NDArray[np.intp]]:
    """Per trial: error of the total (T,), of the stages (T, 4), and the trial's first row."""
    predictions = predict(network, trials)
    score, first = mean_per_trial(predictions.score, trials)
    stages, _ = mean_per_trial(predictions.stages, trials)
    return score - trials.total[first], stages - trials.stages[first], first
