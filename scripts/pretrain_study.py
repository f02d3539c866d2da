#!/usr/bin/env python3
"""What pre-training without marks is worth when few people's movements are marked, on simulated people.

Of the training people some are marked; the network is trained on those from nothing, after pre-training on those alone,
and after pre-training on all. Error on the same test people.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from sport_nodes.training.batches import TensorSet, predict
from sport_nodes.training.config import TrainConfig
from sport_nodes.training.loop import device_of, fit, new_network
from sport_nodes.training.metrics import score_metrics
from sport_nodes.training.pretrain import pretrain
from sport_nodes.training.train import made_trials
from sport_nodes.training.trial_set import TrialSet, mean_per_trial, split_by_person

WAYS = ("from nothing", "pre-trained on the marked", "pre-trained on all")


def of_people(trials: TrialSet, count: int, rng: np.random.Generator) -> TrialSet:
    return trials.take(np.isin(trials.person, rng.permutation(np.unique(trials.person))[:count]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder for the simulated people and the trainings")
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument(
        "--marked", type=int, nargs="+", default=[20, 60, 120], help="people whose movements are marked"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=24)
    options = parser.parse_args()
    base = TrainConfig(people=options.people, fused_share=0.0, epochs=options.epochs, run_directory=options.run)
    training, validation, test = split_by_person(made_trials(base), seed=base.seed)
    for marked in options.marked:
        for seed in range(1, options.seeds + 1):
            rng = np.random.default_rng(seed)
            few, judges = of_people(training, marked, rng), of_people(validation, max(8, marked // 3), rng)
            for way, movements in zip(WAYS, (None, few, training), strict=True):
                folder = options.run / f"{marked}-{seed}-{way.replace(' ', '-')}"
                config = replace(base, seed=seed, run_directory=folder)
                start = None
                if movements is not None:
                    start = new_network(config, tuple(training.action_names.tolist()))
                    pretrain(start, TensorSet(movements, device_of(config)), seed=seed)
                network = fit(config, few, judges, start=start)
                score, first = mean_per_trial(predict(network, test).score, test)
                figures = score_metrics(score, test.total[first])
                row = {"marked": marked, "rows": len(few), "seed": seed, "way": way, "mae": figures["mae"]}
                print(json.dumps(row | {"srcc": figures["srcc"]}), flush=True)


if __name__ == "__main__":
    main()
