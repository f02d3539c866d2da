"""The founding paper's ablation (its models A to F), and a plain ST-GCN, on one data set over several seeds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from sport_nodes.scoring.network import ABLATIONS
from sport_nodes.training.batches import predict
from sport_nodes.training.config import TrainConfig, begin_run, write_whole
from sport_nodes.training.loop import device_of, fit
from sport_nodes.training.metrics import score_metrics
from sport_nodes.training.st_gcn import fit_st_gcn, predict_st_gcn
from sport_nodes.training.train import made_trials
from sport_nodes.training.trial_set import TrialSet, mean_per_trial, split_by_person

#: In the run's folder: one line a training that is done.
ROWS_FILE: Final = "rows.jsonl"
WHOLE: Final = "whole"
ST_GCN: Final = "st_gcn"
#: What is compared: the whole network, it without one module each, and the peer.
VARIANTS: Final = (WHOLE, *ABLATIONS, ST_GCN)


@dataclass(frozen=True)
class Parts:
    """One data set, split by person."""

    training: TrialSet
    validation: TrialSet
    test: TrialSet


def ablation_row(variant: str, parts: Parts, config: TrainConfig) -> dict[str, Any]:
    """Train one variant from scratch with config's seed and schedule; its figures on the test people.

    Raises ValueError for a variant that is none of VARIANTS.
    """
    if variant not in VARIANTS:
        raise ValueError(f"there is no variant '{variant}'; known are {', '.join(VARIANTS)}")
    if variant == ST_GCN:
        network = fit_st_gcn(
            parts.training,
            epochs=config.epochs,
            batch=config.batch,
            learning_rate=config.learning_rate,
            seed=config.seed,
            device=device_of(config),
        )
        rows = predict_st_gcn(network, parts.test)
    else:
        directory = config.run_directory / f"{variant}-{config.seed}"
        own = replace(config, ablation="" if variant == WHOLE else variant, run_directory=directory)
        rows = predict(fit(own, parts.training, parts.validation), parts.test).score
        shutil.rmtree(directory)
    score, first = mean_per_trial(rows, parts.test)
    return {"variant": variant, "seed": config.seed, **score_metrics(score, parts.test.total[first])}


def ablation_rows(parts: Parts, config: TrainConfig, *, seeds: int) -> Iterator[dict[str, Any]]:
    """Every variant with the first seed, then with the next: a run that is cut short is whole for fewer seeds.

    Rows that config's run folder holds are not trained again.
    """
    path = config.run_directory / ROWS_FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    done = {(row["variant"], row["seed"]): row for row in map(json.loads, lines)}
    for seed in range(config.seed, config.seed + seeds):
        for variant in VARIANTS:
            row = done.get((variant, seed)) or ablation_row(variant, parts, replace(config, seed=seed))
            if (variant, seed) not in done:
                lines.append(json.dumps(row))
                write_whole(path, "\n".join(lines) + "\n")
            yield row


def ablation_of(
    config: TrainConfig, *, seeds: int, progress: Callable[[dict[str, Any]], None] = lambda row: None
) -> list[dict[str, Any]]:
    """`ablation_table` of every variant, trained on config's simulated people; progress hears each training's row.

    A run that was stopped goes on where it was, also with more seeds. Raises InputError when it began with other
    settings.
    """
    begin_run(config)
    trials = made_trials(config)
    rows = []
    for row in ablation_rows(Parts(*split_by_person(trials, seed=config.seed)), config, seeds=seeds):
        progress(row)
        rows.append(row)
    return ablation_table(rows)


def ablation_table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per variant: mean and standard deviation over the seeds of each figure, and the MAE's loss against the whole.

    pays: the whole's MAE is the lower one for every seed that both have.
    """
    by_variant = {v: {r["seed"]: r for r in rows if r["variant"] == v} for v in VARIANTS}
    whole = by_variant[WHOLE]
    table = []
    for variant, runs in by_variant.items():
        shared = sorted(set(runs) & set(whole))
        if not shared:
            continue
        loss = [runs[s]["mae"] - whole[s]["mae"] for s in shared]
        figures = {k: np.array([runs[s][k] for s in shared]) for k in ("mae", "rmse", "srcc", "acc5", "acc10")}
        table.append(
            {
                "variant": variant,
                "without": ABLATIONS.get(variant, ""),
                "seeds": len(shared),
                **{k: float(v.mean()) for k, v in figures.items()},
                "mae_sd": float(figures["mae"].std(ddof=1)) if len(shared) > 1 else float("nan"),
                "mae_loss": float(np.mean(loss)),
                "pays": bool(min(loss) > 0.0) if variant != WHOLE else True,
            }
        )
    return table
