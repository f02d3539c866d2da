"""From nothing to a scoring model: data, training, calibration, export, figures, model card."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from sport_nodes.errors import InputError
from sport_nodes.scoring.backends import OnnxRuntimeBackend
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.scoring.network import ScoringNetwork
from sport_nodes.scoring.sidecar import SHORT_HASH, Sidecar, file_sha256
from sport_nodes.training import processes
from sport_nodes.training.batches import TensorSet
from sport_nodes.training.calibrate import calibrate_intervals, fit_familiarity
from sport_nodes.training.config import CONFIG_FILE, TrainConfig, begin_run
from sport_nodes.training.cost import network_cost
from sport_nodes.training.evaluate import evaluate
from sport_nodes.training.export import export_onnx
from sport_nodes.training.loop import device_of, fit, load_network, new_network, save_network
from sport_nodes.training.model_card import model_card
from sport_nodes.training.pretrain import pretrain
from sport_nodes.training.prune import pruned
from sport_nodes.training.simulated import simulated_trials
from sport_nodes.training.teachers_prior import make_teachers_prior
from sport_nodes.training.trial_set import TrialSet, split_by_person

log = logging.getLogger(__name__)

MODEL_NAME: Final = "scorer"
MODEL_FILE: Final = "scorer.onnx"
TRIALS_FILE: Final = "trials.npz"
#: In a run's folder: what comes after pruning.
PRUNED_DIRECTORY: Final = "pruned"
PRETRAINED_FILE: Final = "pretrained.pt"
#: Highest learning rate after pruning, as a share of the first.
PRUNED_LEARNING_SHARE: Final = 0.4
#: Digits kept of the stored outputs: far below golden.TOLERANCE.
_GOLDEN_DECIMALS: Final = 5


def train(config: TrainConfig) -> Path | None:
    """Run (or resume) the whole of it; the path of the exported model, its sidecar and card beside it.

    None in all `processes` but the first, which writes. Raises InputError when the run began with other settings.
    """
    directory = config.run_directory
    if processes.rank() == 0:
        begin_run(config)
        made_trials(config)
    processes.wait()
    trials = made_trials(config)
    training, validation, test = split_by_person(trials, seed=config.seed)
    log.info("%d training, %d validation, %d test movements", len(training), len(validation), len(test))
    network = train_network(config, training, validation)
    if processes.rank() > 0:
        return None
    intervals = calibrate_intervals(network, validation, seed=config.seed)
    report = evaluate(network, intervals, training=training, validation=validation, test=test)
    model = directory / MODEL_FILE
    export_onnx(network, model)
    sidecar = Sidecar(
        name=MODEL_NAME,
        sha256=file_sha256(model),
        actions=network.config.actions,
        intervals=intervals,
        familiarity=fit_familiarity(training),
        golden=golden_outputs(model, len(network.config.actions)),
        provenance={
            "config": config.as_dict(),
            "data_sha256": trials.sha256,
            "blocks": network.config.blocks,
            "familiarity_rows": len(training),
            "figures_on_simulated_people": report,
        },
    )
    sidecar.write(model.with_suffix(".json"))
    card = model_card(
        identity=f"{MODEL_NAME} {sidecar.sha256[:SHORT_HASH]}",
        config=config.as_dict(),
        data_sha256=trials.sha256,
        cost=network_cost(network),
        report=report,
    )
    model.with_suffix(".md").write_text(card, encoding="utf-8")
    make_teachers_prior(model, validation, seed=config.seed)
    log.info("wrote %s with MAE %.2f on unseen simulated people", model, report["ours"]["mae"])
    return model


def teachers_prior_of_run(directory: Path) -> Path:
    """Learn the prior of teachers of a finished run's model (again), from the run's own validation people; the file.

    Raises InputError when the folder holds no finished run on simulated people.
    """
    model = directory / MODEL_FILE
    try:
        seed = int(json.loads((directory / CONFIG_FILE).read_text(encoding="utf-8"))["seed"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{directory} is no training run ({error!r}); `sport train --run DIR` makes one") from error
    _, validation, _ = split_by_person(TrialSet.load(directory / TRIALS_FILE), seed=seed)
    return make_teachers_prior(model, validation, seed=seed)


def train_network(
    config: TrainConfig, training: TrialSet, validation: TrialSet, unmarked: TrialSet | None = None
) -> ScoringNetwork:
    """Train the whole network, prune it, and train what is left on.

    unmarked: further movements of the training people, from which a new network learns first, without marks.
    """
    actions = tuple(training.action_names.tolist())
    start = None if config.start_from is None else load_network(config.start_from, config, actions)
    if unmarked is not None:
        start = _pretrained(config, training.joined(unmarked))
    network = fit(config, training, validation, start=start, known=config.start_from is not None)
    if not config.pruned_epochs:
        return network
    narrow = replace(
        config,
        epochs=config.pruned_epochs,
        learning_rate=PRUNED_LEARNING_SHARE * config.learning_rate,
        run_directory=config.run_directory / PRUNED_DIRECTORY,
    )
    return fit(narrow, training, validation, start=pruned(network), known=True)


def _pretrained(config: TrainConfig, movements: TrialSet) -> ScoringNetwork:
    """A network that has learned the order of movements without their marks; kept in the run's folder."""
    path = config.run_directory / PRETRAINED_FILE
    actions = tuple(movements.action_names.tolist())
    if not path.is_file() and processes.rank() == 0:
        network = new_network(config, actions)
        pretrain(network, TensorSet(movements, device_of(config)), seed=config.seed)
        save_network(network, path)
    processes.wait()
    return load_network(path, config, actions)


def made_trials(config: TrainConfig) -> TrialSet:
    """The simulated training set of this configuration, kept in the run's folder once it was made."""
    path = config.run_directory / TRIALS_FILE
    if not path.is_file():
        trials = simulated_trials(
            people=config.people,
            trials_per_person=config.trials_per_person,
            seed=config.seed,
            workers=config.workers,
            fused_share=config.fused_share,
        )
        trials.save(path)
    return TrialSet.load(path)


def golden_outputs(model: Path, action_count: int) -> dict[str, Any]:
    outputs = OnnxRuntimeBackend(model).run(golden_inputs(action_count))
    return {
        name: np.round(outputs[name].astype(float), _GOLDEN_DECIMALS).tolist() for name in ("score", "stages", "bounds")
    }
