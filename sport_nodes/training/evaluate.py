"""How good the scores are on people the network has never seen, beside what simpler things achieve. All simulated."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.scoring.intervals import IntervalTable
from sport_nodes.scoring.network import ScoringNetwork
from sport_nodes.skeleton import JOINT_COUNT, JOINTS
from sport_nodes.training.baselines import baseline_predictions
from sport_nodes.training.batches import predict
from sport_nodes.training.calibrate import with_joints
from sport_nodes.training.metrics import bootstrap_mae, metrics_per_height, score_metrics
from sport_nodes.training.trial_set import TrialSet, mean_per_trial

Array = NDArray[np.float64]

#: Test movements on which every joint in turn is made to die.
DEAD_JOINT_ROWS: Final = 150


def evaluate(
    network: ScoringNetwork, intervals: IntervalTable, *, training: TrialSet, validation: TrialSet, test: TrialSet
) -> dict[str, Any]:
    """Metrics on the test people: whole, per action, height and condition; baselines; intervals; dead joints."""
    predictions = predict(network, test)
    score, first = mean_per_trial(predictions.score, test)
    stages, _ = mean_per_trial(predictions.stages, test)
    marks, action = test.total[first], test.action[first]
    low, high = bootstrap_mae(score, marks, test.person[first])
    raters = np.abs(marks - test.true_total[first])
    return {
        "simulated": True,
        "people": {"training": _people(training), "validation": _people(validation), "test": _people(test)},
        "trials": len(first),
        "ours": score_metrics(score, marks) | {"mae_low": low, "mae_high": high},
        "baselines": _baselines(training, validation, test),
        "raters_off_rubric_mae": float(raters.mean()),
        "per_action": {
            name: score_metrics(score[action == i], marks[action == i])
            for i, name in enumerate(test.action_names.tolist())
            if (action == i).any()
        },
        "per_height_m": metrics_per_height(score, marks, test.height_m[first]),
        "per_condition": {
            str(name): score_metrics(score[rows], marks[rows])
            for name in np.unique(test.condition)
            if (rows := test.condition[first] == name).any()
        },
        "per_source": {
            name: score_metrics(score[rows], marks[rows])
            for name, rows in (("fused", test.fused[first]), ("sensor-like", ~test.fused[first]))
            if rows.any()
        },
        "stage_mae": np.abs(stages - test.stages[first]).mean(axis=0).tolist(),
        "boundary_mae_s": _boundary_error_s(predictions.bounds, test),
        "intervals": _interval_figures(score, marks, test, intervals, first),
        "dead_joint": _dead_joints(network, test, intervals),
    }


def _people(trials: TrialSet) -> int:
    return len(np.unique(trials.person))


def _baselines(training: TrialSet, validation: TrialSet, test: TrialSet) -> dict[str, dict[str, float]]:
    results = {}
    for name, rows in baseline_predictions(training, validation, test).items():
        score, first = mean_per_trial(rows, test)
        results[name] = score_metrics(score, test.total[first])
    return results


def _boundary_error_s(bounds: Array, trials: TrialSet) -> list[float]:
    """Mean absolute error of the three inner boundaries, seconds."""
    duration_s = 2.0 ** (trials.tempo + 1.0)
    return (np.abs(bounds - trials.bounds).mean(axis=0) * duration_s.mean()).tolist()


def _interval_figures(
    score: Array, marks: Array, test: TrialSet, intervals: IntervalTable, first: NDArray[np.intp]
) -> dict[str, float]:
    """Share of marks inside the interval and its mean whole width, on trials as they came."""
    unmeasured, _ = mean_per_trial(test.unmeasured, test)
    names = test.action_names.tolist()
    half = np.array(
        [
            intervals.total_half_width(names[a], unmeasured=row)
            for a, row in zip(test.action[first], unmeasured, strict=True)
        ]
    )
    return {"coverage": float((np.abs(score - marks) <= half).mean()), "mean_width": float(2.0 * half.mean())}


def _dead_joints(network: ScoringNetwork, test: TrialSet, intervals: IntervalTable) -> dict[str, Any]:
    """MAE with each joint dead all along, on evenly chosen test movements; `none` is the same with all joints."""
    test = test.take(np.unique(np.linspace(0, len(test) - 1, DEAD_JOINT_ROWS).round().astype(int)))
    errors = {"none": float(np.abs(predict(network, test).score - test.total).mean())}
    for joint, name in enumerate(JOINTS):
        alive = np.ones((len(test), JOINT_COUNT))
        alive[:, joint] = 0.0
        errors[name] = float(np.abs(predict(network, with_joints(test, alive)).score - test.total).mean())
    worst = max(errors, key=lambda name: errors[name])
    widening = {name: intervals.widening(np.eye(JOINT_COUNT)[joint]) for joint, name in enumerate(JOINTS)}
    return {"mae": errors, "worst": worst, "widening": widening}
