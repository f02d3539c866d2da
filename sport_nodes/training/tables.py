"""The tables of a scoring paper, from one training run: data, peers, movements, conditions, stages, size and speed.

All on the run's simulated test people, whom nothing was trained or chosen on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from sport_nodes.actions import load_action
from sport_nodes.bench.timing import compare
from sport_nodes.errors import InputError
from sport_nodes.scoring.backends import INPUTS, OnnxRuntimeBackend
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.scoring.network import ScoringNetwork
from sport_nodes.skeleton import JOINT_COUNT, JOINTS
from sport_nodes.training import ablation
from sport_nodes.training.baselines import baseline_predictions
from sport_nodes.training.batches import predict
from sport_nodes.training.calibrate import with_joints
from sport_nodes.training.config import CONFIG_FILE, TrainConfig
from sport_nodes.training.cost import PAPER_OPERATIONS, PAPER_PARAMETERS, network_cost
from sport_nodes.training.loop import BEST, device_of, load_network
from sport_nodes.training.metrics import metrics_per_height, score_metrics
from sport_nodes.training.st_gcn import StGcn, fit_st_gcn, predict_st_gcn
from sport_nodes.training.train import MODEL_FILE, PRUNED_DIRECTORY, TRIALS_FILE
from sport_nodes.training.trial_set import TrialSet, mean_per_trial, split_by_person

Array = NDArray[np.float64]

OURS: Final = "this network"
WHOLE: Final = "this network, not pruned"
ST_GCN: Final = "plain ST-GCN"
#: The plain ST-GCN gains nothing after so many epochs.
ST_GCN_EPOCHS: Final = 12
ERROR_HEADINGS: Final = ("MAE", "RMSE", "SRCC", "within 5", "within 10")
#: Repeats of a timing, of which the median counts.
_REPEATS: Final = 50


@dataclass(frozen=True)
class Table:
    """Cells as text. name: also of its file."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", _line(self.columns), _line(["---"] * len(self.columns))]
        return "\n".join([*lines, *map(_line, self.rows), ""])


@dataclass(frozen=True, eq=False)
class Results:
    """What every model gives the test people's trials: totals by model's name, and what the trials are."""

    trials: TrialSet
    test: TrialSet
    first: NDArray[np.intp]
    totals: dict[str, Array]
    stages: Array
    networks: dict[str, ScoringNetwork]
    plain: StGcn
    model: Path

    @property
    def marks(self) -> Array:
        """(M,) of the test people's trials."""
        return self.test.total[self.first]


def results_of(run: Path) -> Results:
    """Every model on the test people of a finished run; the ST-GCN is trained here, the others were or take seconds.

    Raises InputError when the run is not finished.
    """
    needed = [run / TRIALS_FILE, run / CONFIG_FILE, run / BEST, run / PRUNED_DIRECTORY / BEST, run / MODEL_FILE]
    if missing := [str(p) for p in needed if not p.is_file()]:
        raise InputError(
            f"{run} is no finished run with pruning: {missing[0]} is missing; `sport train --run` makes it"
        )
    trials = TrialSet.load(needed[0])
    seed = int(json.loads((run / CONFIG_FILE).read_text(encoding="utf-8"))["seed"])
    training, validation, test = split_by_person(trials, seed=seed)
    config, actions = TrainConfig(seed=seed), tuple(trials.action_names.tolist())
    networks = {
        WHOLE: load_network(run / BEST, config, actions),
        OURS: load_network(run / PRUNED_DIRECTORY / BEST, config, actions),
    }
    plain = fit_st_gcn(
        training,
        epochs=ST_GCN_EPOCHS,
        batch=config.batch,
        learning_rate=config.learning_rate,
        seed=seed,
        device=device_of(config),
    )
    predictions = predict(networks[OURS], test)
    rows = baseline_predictions(training, validation, test) | {
        ST_GCN: predict_st_gcn(plain, test),
        WHOLE: predict(networks[WHOLE], test).score,
        OURS: predictions.score,
    }
    totals = {name: mean_per_trial(values, test)[0] for name, values in rows.items()}
    stages, first = mean_per_trial(predictions.stages, test)
    return Results(trials, test, first, totals, stages, networks, plain, run / MODEL_FILE)


def tables(results: Results) -> list[Table]:
    """All but the ablation, which is a study of its own."""
    return [
        data_table(results.trials),
        comparison_table(results),
        grouped_table(results, "movements", "By movement", results.test.action_names[results.test.action]),
        grouped_table(results, "conditions", "By condition", results.test.condition),
        height_table(results),
        dead_joint_table(results),
        stage_table(results),
        cost_table(results),
    ]


def data_table(trials: TrialSet) -> Table:
    """Who and what is in the data."""
    rows = []
    for kind, name in enumerate(trials.action_names.tolist()):
        own = trials.take(trials.action == kind)
        first = np.unique(own.trial, return_index=True)[1]
        marks, condition = own.total[first], own.condition[first]
        shares = [f"{np.mean(condition == c):.0%}" for c in ("poor_light", "occlusion")]
        people = len(np.unique(own.person))
        rows.append(
            (name, str(people), str(len(first)), str(len(own)), *shares, f"{marks.mean():.1f} ({marks.std():.1f})")
        )
    columns = ("movement", "people", "trials", "repetitions", "poor light", "occlusion", "mark, mean (sd)")
    return Table("data", "The simulated data set", columns, tuple(rows))


def comparison_table(results: Results) -> Table:
    """Every model on all trials."""
    rows = tuple((_words(name), *_errors(score, results.marks)) for name, score in results.totals.items())
    return Table("comparison", "Beside simpler models", ("model", *ERROR_HEADINGS), rows)


def grouped_table(results: Results, name: str, title: str, label: NDArray[np.str_]) -> Table:
    """Ours by a label of the test rows, and the MAE of ridge and ST-GCN on the same trials."""
    label = label[results.first]
    rows = []
    for value in np.unique(label):
        of = label == value
        peers = [f"{np.abs(results.totals[peer] - results.marks)[of].mean():.2f}" for peer in ("ridge", ST_GCN)]
        rows.append((_words(str(value)), str(of.sum()), *_errors(results.totals[OURS][of], results.marks[of]), *peers))
    return Table(name, title, ("", "trials", *ERROR_HEADINGS, "MAE of ridge", "of ST-GCN"), tuple(rows))


def height_table(results: Results) -> Table:
    """Ours by bands of body height."""
    heights = results.test.height_m[results.first]
    bands = metrics_per_height(results.totals[OURS], results.marks, heights)
    return Table(
        "heights", "By body height", ("height [m]", *ERROR_HEADINGS), tuple((b, *_cells(f)) for b, f in bands.items())
    )


def dead_joint_table(results: Results) -> Table:
    """MAE per row with each joint dead all along."""
    rows = []
    for joint, name in enumerate(("none", *JOINTS)):
        alive = np.ones((len(results.test), JOINT_COUNT))
        if joint:
            alive[:, joint - 1] = 0.0
        seen = with_joints(results.test, alive)
        scores = {OURS: predict(results.networks[OURS], seen).score, ST_GCN: predict_st_gcn(results.plain, seen)}
        rows.append((_words(name), *(f"{np.abs(s - seen.total).mean():.2f}" for s in scores.values())))
    constant = f"{np.abs(results.totals['constant'] - results.marks).mean():.2f}"
    return Table(
        "dead_joints",
        f"With one joint dead (the constant's MAE is {constant})",
        ("joint", "MAE", "of ST-GCN"),
        tuple(rows),
    )


def stage_table(results: Results) -> Table:
    """MAE of each stage's mark, by movement."""
    error = np.abs(results.stages - results.test.stages[results.first])
    action = results.test.action[results.first]
    rows = []
    for kind, name in enumerate(results.test.action_names.tolist()):
        for stage, value in zip(load_action(name).stages, error[action == kind].mean(axis=0), strict=True):
            rows.append((_words(name), _words(stage.name), f"{value:.2f}"))
    return Table("stages", "Stage marks", ("movement", "stage", "MAE"), tuple(rows))


def cost_table(results: Results) -> Table:
    """Parameters, operations, and milliseconds a movement of 90 frames on one thread of this machine."""
    torch.set_num_threads(1)
    inputs = {name: values[:1] for name, values in golden_inputs(len(results.trials.action_names)).items()}
    tensors = [torch.from_numpy(inputs[name]) for name in INPUTS]
    backend = OnnxRuntimeBackend(results.model)

    def milliseconds(model: torch.nn.Module) -> float:
        def run() -> object:
            with torch.inference_mode():
                return model(*tensors)

        return compare("", run, "", lambda: None, repeats=_REPEATS).ours_ms

    rows: list[tuple[str, ...]] = [
        (
            "founding paper, stated",
            f"{PAPER_PARAMETERS / 1e6:.2f} M",
            f"{PAPER_OPERATIONS / 1e9:.2f}",
            "",
            "28.6 (Jetson Nano, FP16)",
        )
    ]
    for name, network in results.networks.items():
        cost = network_cost(network)
        own_ms = f"{compare('', lambda: backend.run(inputs), '', lambda: None, repeats=_REPEATS).ours_ms:.1f}"
        size = (f"{cost.parameters / 1e6:.2f} M", f"{2 * cost.multiply_adds / 1e9:.2f}")
        rows.append((name, *size, f"{milliseconds(network.eval()):.1f}", own_ms if name == OURS else ""))
    parameters = sum(p.numel() for p in results.plain.parameters())
    rows.append((ST_GCN, f"{parameters / 1e6:.2f} M", "", f"{milliseconds(results.plain.eval()):.1f}", ""))
    return Table("cost", "Size and speed", ("", "parameters", "GFLOPs", "torch [ms]", "ONNX Runtime [ms]"), tuple(rows))


def ablation_text(rows: list[dict[str, Any]]) -> Table:
    """`ablation.ablation_table` as a table."""
    lines = tuple(
        (
            variant_words(row),
            f"{row['mae']:.2f} ({row['mae_sd']:.2f})" if row["mae_sd"] is not None else f"{row['mae']:.2f}",
            f"{row['srcc']:.3f}",
            f"{row['mae_loss']:+.2f}",
            "yes" if row["pays"] else "no",
        )
        for row in rows
    )
    title = f"Ablation, {rows[0]['seeds']} seeds"
    return Table("ablation", title, ("", "MAE (sd)", "SRCC", "MAE lost", "pays for every seed"), lines)


def variant_words(row: dict[str, Any]) -> str:
    """What a row of the ablation is called."""
    names = {ablation.WHOLE: OURS, ablation.ST_GCN: ST_GCN}
    return names.get(row["variant"]) or f"without {_words(row['without'])}"


def read_ablation(path: Path) -> list[dict[str, Any]]:
    """What `sport evaluate ablation --json` printed. Raises InputError for anything else."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        for row in rows:
            _ = [row[k] for k in ("variant", "without", "seeds", "mae", "mae_sd", "srcc", "mae_loss", "pays")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not what `sport evaluate ablation --json` prints: {error!r}") from error
    return list(rows)


def write_tables(written: list[Table], pictures: list[Path], folder: Path) -> Path:
    """All tables and pictures as one page, tables.md; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "tables.md"
    about = "Simulated people, movements and marks throughout; nothing was trained or chosen on the test people."
    head = f"# The scorer in tables\n\n{about}\n"
    shown = [f"![{p.stem.replace('_', ' ')}]({p.name})" for p in pictures]
    page.write_text("\n".join([head, *(t.markdown() for t in written), *shown, ""]), encoding="utf-8")
    return page


def _errors(predicted: Array, marks: Array) -> tuple[str, ...]:
    return _cells(score_metrics(predicted, marks))


def _cells(figures: dict[str, float]) -> tuple[str, ...]:
    mae, rmse, srcc, near, nearer = (figures[k] for k in ("mae", "rmse", "srcc", "acc5", "acc10"))
    return (f"{mae:.2f}", f"{rmse:.2f}", f"{srcc:.3f}", f"{near:.1%}", f"{nearer:.1%}")


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _words(name: str) -> str:
    return name.replace("_", " ")
