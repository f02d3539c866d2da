"""How a model does on simulated people made for this question, beside baselines fitted in the same run."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.scoring.scorer import Scorer
from sport_nodes.training.baselines import baseline_predictions
from sport_nodes.training.metrics import bootstrap_mae, metrics_per_height, score_metrics
from sport_nodes.training.simulated import simulated_trials
from sport_nodes.training.trial_set import TrialSet, mean_per_trial, split_by_person
from sport_nodes.training.viewpoint import viewpoint_swing

Array = NDArray[np.float64]

TRIALS_PER_PERSON: Final = 8
#: Rows the network takes at once.
BATCH: Final = 32


def figures_on_unseen_people(scorer: Scorer, *, people: int, seed: int, workers: int) -> dict[str, Any]:
    """Metrics of the model and of the baselines on the test people of a fresh simulated set.

    seed: another than the model was trained with. The baselines are fitted on the other people of the same set.
    """
    trials = simulated_trials(people=people, trials_per_person=TRIALS_PER_PERSON, seed=seed, workers=workers)
    trials = trials.take(np.isin(trials.action_names[trials.action], scorer.actions))
    training, validation, test = split_by_person(trials, seed=seed)
    ours, first = mean_per_trial(predicted_totals(scorer, test), test)
    marks, action, condition = test.total[first], test.action[first], test.condition[first]
    low, high = bootstrap_mae(ours, marks, test.person[first])
    baselines = baseline_predictions(training, validation, test)
    return {
        "simulated": True,
        "model": scorer.identity,
        "seed": seed,
        "people": len(np.unique(test.person)),
        "trials": len(first),
        "ours": score_metrics(ours, marks) | {"mae_low": low, "mae_high": high},
        "baselines": {
            name: score_metrics(mean_per_trial(values, test)[0], marks) for name, values in baselines.items()
        },
        "per_action": {
            str(name): score_metrics(ours[action == kind], marks[action == kind])
            for kind, name in enumerate(test.action_names)
            if (action == kind).any()
        },
        "per_condition": {
            str(name): score_metrics(ours[condition == name], marks[condition == name]) for name in np.unique(condition)
        },
        "per_height_m": metrics_per_height(ours, marks, test.height_m[first]),
        "viewpoint_points": viewpoint_swing(scorer, seed=seed),
        "raters_off_rubric_mae": float(np.abs(marks - test.true_total[first]).mean()),
    }


def predicted_totals(scorer: Scorer, trials: TrialSet) -> Array:
    """(N,) total of each row, as the network gives it; all of movements that the model knows."""
    kinds = np.eye(len(scorer.actions))[[scorer.actions.index(n) for n in trials.action_names[trials.action].tolist()]]
    totals = []
    for begin in range(0, len(trials), BATCH):
        rows = slice(begin, begin + BATCH)
        condition = np.hstack([kinds[rows], trials.tempo[rows, None]]).astype(np.float32)
        inputs = {name: getattr(trials, name)[rows] for name in ("pose", "velocity", "mask")}
        totals.append(scorer.network_outputs({**inputs, "condition": condition})["score"])
    return np.concatenate([np.empty(0), *totals]).reshape(-1)
