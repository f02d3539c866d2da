"""From a data set of recorded trials to a model in a versioned folder, promoted only where it is better."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np

from sport_nodes.errors import InputError
from sport_nodes.paths import data_directory
from sport_nodes.scoring.backends import INPUTS, OnnxRuntimeBackend
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.sidecar import SHORT_HASH, Sidecar, file_sha256
from sport_nodes.training import processes
from sport_nodes.training.calibrate import calibrate_intervals, fit_familiarity
from sport_nodes.training.config import TrainConfig, begin_run
from sport_nodes.training.dataset import read_rows
from sport_nodes.training.evaluate import evaluate
from sport_nodes.training.export import export_onnx
from sport_nodes.training.people import write_people
from sport_nodes.training.pretrain import FEW_MARKED
from sport_nodes.training.promotion import Promotion, judge
from sport_nodes.training.recorded import RECORDED, TRAINING, evened, recorded_parts, unmarked_movements, with_simulated
from sport_nodes.training.retrain_card import retrain_card
from sport_nodes.training.simulated import simulated_trials
from sport_nodes.training.train import MODEL_FILE, MODEL_NAME, golden_outputs, train_network
from sport_nodes.training.trial_set import Array, TrialSet, mean_per_trial
from sport_nodes.training.unseen import predicted_totals

log = logging.getLogger(__name__)

#: In a version's folder, beside the model: inputs and outputs by which a copy can be checked without this package.
GOLDEN_FILE: Final = "golden.npz"
REPORT_FILE: Final = "report.json"
#: In the run's folder: further movements of its training people.
UNMARKED_FILE: Final = "unmarked.npz"


def retrain(data: Path, config: TrainConfig, present_model: Path | None = None) -> tuple[Path, Promotion] | None:
    """Train (or go on with) the run of this configuration on a data set; the version's folder, and the judgement.

    The version is in `versions/` of the run; where it is promoted, it is in `models/` of the data directory too.
    None in all `processes` but the first, which writes. Raises InputError when the data set is none, has too few marks,
    or is not the one that the run began with.
    """
    present = Scorer.load(present_model)
    directory = config.run_directory
    sha256 = _digest_of(data)
    if processes.rank() == 0:
        begin_run(config, dataset_sha256=sha256)
        _make_parts(data, config, present, sha256)
    processes.wait()
    training, validation, test = parts = [TrialSet.load(path) for path in _part_files(directory)]
    log.info("%d training, %d validation, %d test movements", *map(len, parts))
    unmarked = directory / UNMARKED_FILE
    more = TrialSet.load(unmarked) if unmarked.is_file() else None
    network = train_network(config, evened(training), validation, more)
    if processes.rank() > 0:
        return None
    intervals = calibrate_intervals(network, validation, seed=config.seed)
    report = evaluate(network, intervals, training=training, validation=validation, test=test)
    version = directory / "version.unfinished"
    shutil.rmtree(version, ignore_errors=True)
    version.mkdir()
    model = version / MODEL_FILE
    export_onnx(network, model)
    golden = golden_outputs(model, len(network.config.actions))
    provenance = {"config": config.as_dict(), "data_sha256": sha256, "figures_on_recorded_people": report}
    digest = file_sha256(model)
    familiarity = fit_familiarity(training)
    Sidecar(MODEL_NAME, digest, network.config.actions, intervals, familiarity, golden, provenance).write(
        model.with_suffix(".json")
    )
    promotion = compare(Scorer.load(model), present, training, test)
    unbounded = sorted(name for name, width in intervals.total.items() if not np.isfinite(width))
    if unbounded:
        reason = f"too few validation trials to calibrate the intervals of {', '.join(unbounded)}"
        promotion = dataclasses.replace(promotion, reasons=(*promotion.reasons, reason))
    report |= {"promotion": dataclasses.asdict(promotion), "present": present.identity, "data_sha256": sha256}
    (version / REPORT_FILE).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (version / "scorer.md").write_text(
        retrain_card(f"{MODEL_NAME} {digest[:SHORT_HASH]}", config.as_dict(), report, _recorded_movements(test)),
        encoding="utf-8",
    )
    _write_golden(version / GOLDEN_FILE, model, len(network.config.actions))
    return _put_in_place(version, directory, digest, promotion), promotion


def begins_without_marks(config: TrainConfig, training: TrialSet, unmarked: TrialSet) -> bool:
    """Whether pre-training pays: without weights to begin with, few marks, and as many movements more without."""
    return config.start_from is None and len(training) < FEW_MARKED and len(unmarked) >= len(training)


def compare(new: Scorer, present: Scorer, training: TrialSet, test: TrialSet) -> Promotion:
    """Both models on the test people's trials.

    A movement that the present model does not know is worth the training people's median mark to it. A new model that
    does not know one of the present's is not promoted.
    """
    new_total, first = mean_per_trial(predicted_totals(new, test), test)
    present_total, _ = mean_per_trial(_totals_or_median(present, training, test), test)
    promotion = judge(
        new=new_total,
        present=present_total,
        marks=test.total[first],
        people=test.person[first],
        movements=test.action_names[test.action[first]],
        height_m=test.height_m[first],
    )
    lost = [action for action in present.actions if action not in new.actions]
    reasons = [f"it does not know {action}, which the present model does" for action in lost]
    return dataclasses.replace(promotion, reasons=(*promotion.reasons, *reasons))


def _totals_or_median(scorer: Scorer, training: TrialSet, test: TrialSet) -> Array:
    known = np.isin(test.action_names[test.action], scorer.actions)
    totals = np.empty(len(test))
    totals[known] = predicted_totals(scorer, test.take(known))
    for action in np.unique(test.action[~known]):
        totals[~known & (test.action == action)] = np.median(training.total[training.action == action])
    return totals


def _digest_of(data: Path) -> str:
    try:
        return str(json.loads((data / "dataset.json").read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{data} is not a data set; `sport dataset build DIR... -o {data}` makes one") from error


def _part_files(directory: Path) -> list[Path]:
    return [directory / f"{name}.npz" for name in ("training", "validation", "test")]


def _make_parts(data: Path, config: TrainConfig, present: Scorer, sha256: str) -> None:
    """Prepared once and kept in the run: the same arrays after every stop."""
    files = _part_files(config.run_directory)
    if all(path.is_file() for path in files):
        return
    parts, people = recorded_parts(read_rows(data), present)
    if len(np.unique(parts[0].action)) < len(parts[0].action_names):
        simulated = simulated_trials(
            people=config.people,
            trials_per_person=config.trials_per_person,
            seed=config.seed,
            workers=config.workers,
        )
        parts = with_simulated(parts, simulated, seed=config.seed)
    unmarked, unmarked_people = unmarked_movements(read_rows(data), present, parts[0].action_names.tolist())
    if unmarked is not None and begins_without_marks(config, parts[0], unmarked):
        people[TRAINING] |= unmarked_people
        unmarked.save(config.run_directory / UNMARKED_FILE)
    write_people(config.run_directory / "people.json", people, dataset_sha256=sha256)
    for path, part in zip(files, parts, strict=True):
        part.save(path)


def _recorded_movements(trials: TrialSet) -> list[str]:
    return [
        str(n) for i, n in enumerate(trials.action_names) if (trials.condition[trials.action == i] == RECORDED).any()
    ]


def _write_golden(path: Path, model: Path, action_count: int) -> None:
    inputs = golden_inputs(action_count)
    outputs = OnnxRuntimeBackend(model).run(inputs)
    arrays: dict[str, Any] = {f"input_{n}": inputs[n] for n in INPUTS}
    arrays |= {f"output_{name}": values for name, values in outputs.items()}
    np.savez(path, **arrays)


def _put_in_place(version: Path, directory: Path, digest: str, promotion: Promotion) -> Path:
    """Under its own name at once, whole; a promoted version also beside the other models of this machine."""
    name = f"{MODEL_NAME}-{digest[:SHORT_HASH]}"
    placed = directory / "versions" / name
    placed.parent.mkdir(exist_ok=True)
    shutil.rmtree(placed, ignore_errors=True)
    version.replace(placed)
    if not promotion.promoted:
        return placed
    models = data_directory() / "models"
    models.mkdir(parents=True, exist_ok=True)
    unfinished = models / f"{name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(placed, unfinished)
    shutil.rmtree(models / name, ignore_errors=True)
    unfinished.replace(models / name)
    return models / name
