"""Commands around the scorer's model: train, evaluate, export, bench."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sport_nodes.bench import ROOMS
from sport_nodes.cli import Output
from sport_nodes.commands.options import add_json, add_output, seed
from sport_nodes.commands.records import require_pyarrow
from sport_nodes.errors import InputError

if TYPE_CHECKING:
    from sport_nodes.training.config import TrainConfig

#: Options of `sport train` that are settings of the run by the same name.
SETTINGS: Final = ("people", "fused_share", "epochs", "pruned_epochs", "batch", "learning_rate", "seed")


def register(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    parser = commands.add_parser("train", help="train the scorer on the simulated lab; resumes a run that stopped")
    parser.add_argument("--run", type=Path, metavar="DIR", help="folder of the run (default: in the data directory)")
    parser.add_argument(
        "--from",
        dest="start_from",
        type=Path,
        metavar="CHECKPOINT",
        help="weights to begin with; with --teacher the model (.onnx)",
    )
    parser.add_argument("--people", type=int, metavar="N", help="simulated people in the data set")
    parser.add_argument("--fused-share", type=float, metavar="S", help="of their trials through sensors and fusion")
    parser.add_argument("--epochs", type=int, metavar="N")
    parser.add_argument("--pruned-epochs", type=int, metavar="N", help="after pruning; 0 leaves all channels")
    parser.add_argument("--batch", type=int, metavar="N", help="movements a step, of all processes together")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="the highest")
    parser.add_argument("--seed", type=seed)
    parser.add_argument("--data", type=Path, metavar="DATASET", help="train on recorded trials (`sport dataset build`)")
    parser.add_argument("--present", type=Path, metavar="MODEL", help="the model to beat (default: the shipped one)")
    parser.add_argument("--teacher", metavar="NAME", help="learn only this rater's own standard, on top of the model")
    parser.add_argument(
        "--teachers-prior", action="store_true", help="of a finished run: learn only the prior of teachers, again"
    )
    parser.set_defaults(handler=train_command)

    parser = commands.add_parser("evaluate", help="the scorer on simulated people never seen, beside baselines")
    parser.add_argument("--model", type=Path, metavar="FILE", help="the model (default: the shipped one)")
    parser.add_argument("--people", type=int, default=500, metavar="N", help="of whom a fifth are tested on")
    parser.add_argument("--seed", type=seed, default=1000, help="of the people; not one the model was trained with")
    add_json(parser)
    parser.set_defaults(handler=evaluate_command)
    evaluations = parser.add_subparsers(dest="recordings", metavar="RECORDINGS")
    parser = evaluations.add_parser("uiprmd", help="UI-PRMD's real rehabilitation exercises, by person")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the folder that holds kinect/")
    parser.add_argument("--test-data", type=Path, metavar="DIR", help="other people to test on (default: folds of DIR)")
    parser.add_argument("--task", choices=("binary", "score"), default="binary", help="correct or not, or m01's score")
    add_json(parser)
    parser.set_defaults(handler=evaluate_uiprmd_command)

    parser = evaluations.add_parser("ablation", help="the network without one module each, and a plain ST-GCN, trained")
    parser.add_argument("--people", type=int, default=600, metavar="N", help="simulated people (default: 600)")
    parser.add_argument("--epochs", type=int, default=30, metavar="N", help="of every variant (default: 30)")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings of every variant (default: 3)")
    parser.add_argument("--batch", type=int, metavar="N", help="movements a step (default: as `sport train`)")
    parser.add_argument("--learning-rate", type=float, metavar="R", help="the highest (default: as `sport train`)")
    parser.add_argument("--run", type=Path, metavar="DIR", help="goes on there (default: in the data directory)")
    add_json(parser)
    parser.set_defaults(handler=evaluate_ablation_command)

    parser = evaluations.add_parser("tables", help="a paper's tables and pictures from a finished training run")
    parser.add_argument("--run", type=Path, metavar="DIR", help="of `sport train` (default: in the data directory)")
    parser.add_argument("--ablation", type=Path, metavar="FILE", help="what `sport evaluate ablation --json` printed")
    add_output(parser, "the folder for tables.md and the pictures")
    parser.set_defaults(handler=evaluate_tables_command)

    parser = commands.add_parser("export", help="a checkpoint of a run as ONNX")
    parser.add_argument("checkpoint", type=Path)
    add_output(parser, "the model (.onnx)")
    parser.set_defaults(handler=export_command)

    parser = commands.add_parser("bench", help="speed, each figure beside its peer, in one run")
    parser.add_argument("room", nargs="?", choices=ROOMS, help="only this room")
    add_json(parser)
    parser.set_defaults(handler=bench_command)


def train_command(options: argparse.Namespace) -> Output:
    if options.teacher:
        return _teacher_command(options)
    require_torch()
    from sport_nodes.training import processes
    from sport_nodes.training.config import TrainConfig
    from sport_nodes.training.train import teachers_prior_of_run, train

    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    given = {"start_from": options.start_from, "run_directory": options.run}
    given |= {name: getattr(options, name) for name in SETTINGS}
    config = replace(TrainConfig(), **{k: v for k, v in given.items() if v is not None})
    if options.teachers_prior:
        return Output(text=str(teachers_prior_of_run(config.run_directory)))
    with processes.together():
        if processes.rank() == 0:
            logging.getLogger("sport_nodes").setLevel(logging.INFO)
        if options.data is not None:
            return _retrain_command(options, config)
        model = train(config)
    return Output(text=f"{model}\n{model.with_suffix('.md')}" if model else "")


def _retrain_command(options: argparse.Namespace, config: TrainConfig) -> Output:
    require_pyarrow()
    from sport_nodes.training.retrain import retrain

    if options.run is None:
        config = replace(
            config, run_directory=config.run_directory.with_name(f"recorded-{options.data.resolve().name}")
        )
    trained = retrain(options.data, config, options.present)
    if trained is None:
        return Output()
    version, promotion = trained
    change = f"{promotion.difference:+.2f} points ({promotion.low:+.2f} to {promotion.high:+.2f})"
    if promotion.promoted:
        return Output(
            text=f"promoted: error {change}\n{version}\nuse it: /scorer/reload with {version / 'scorer.onnx'}"
        )
    return Output(text="\n".join([f"not promoted: error {change}", *promotion.reasons, str(version)]))


def _teacher_command(options: argparse.Namespace) -> Output:
    if options.data is None:
        raise InputError("--teacher needs the marked trials: --data DATASET (`sport dataset build`)")
    require_pyarrow()
    from sport_nodes.scoring.teacher import teacher_file
    from sport_nodes.training.dataset import read_rows
    from sport_nodes.training.personalise import learn_teacher

    teacher = learn_teacher(read_rows(options.data), options.teacher, model=options.start_from)
    lines = [f"{teacher.identity}: {teacher_file(teacher.name)}"]
    for action, marking in teacher.markings.items():
        if (standard := marking.standard) is not None:
            lines.append(
                f"{action}: {standard.marked} marked trials; on trials left out off by {standard.error:.1f} points, "
                f"without the standard by {standard.base_error:.1f}"
            )
        else:
            lines.append(f"{action}: no standard: {marking.why}")
    return Output(text="\n".join(lines))


def evaluate_command(options: argparse.Namespace) -> Output:
    from sport_nodes.assessment import without_nan
    from sport_nodes.scoring.scorer import Scorer
    from sport_nodes.training.unseen import figures_on_unseen_people

    figures = figures_on_unseen_people(
        Scorer.load(options.model), people=options.people, seed=options.seed, workers=os.cpu_count() or 1
    )
    rows = {figures["model"]: figures["ours"], **figures["baselines"]}
    rows |= {f"ours, {name}": row for name, row in {**figures["per_action"], **figures["per_condition"]}.items()}
    rows |= {f"ours, {band} m tall": row for band, row in figures["per_height_m"].items()}
    lines = [f"{figures['trials']} trials of {figures['people']} simulated people never seen"]
    for name, row in rows.items():
        lines.append(
            f"{name:28s} MAE {row['mae']:5.2f}  RMSE {row['rmse']:5.2f}  SRCC {row['srcc']:6.3f}"
            f"  within 5: {row['acc5']:4.0%}  within 10: {row['acc10']:4.0%}"
        )
    for name, moved in figures["viewpoint_points"].items():
        words = "mean {mean:.2f}, p95 {p95:.2f}, at most {max:.2f}".format(**moved)
        lines.append(f"the score when the scene is {name.replace('_', ' ')}: moves by {words} points")
    return Output(without_nan(figures), "\n".join(lines))


def evaluate_uiprmd_command(options: argparse.Namespace) -> Output:
    require_torch()
    from sport_nodes.assessment import without_nan
    from sport_nodes.training.evaluate_uiprmd import evaluate_uiprmd

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    figures = evaluate_uiprmd(options.data, test_data=options.test_data, task=options.task)
    metrics = [name for name in ("accuracy", "mae", "rmse", "srcc") if name in figures]
    lines = [f"{figures['test_episodes']} repetitions of {len(figures['test_people'])} people, none trained on"]
    for name, row in {"ours": figures, **figures["baselines"], **figures["checks"]}.items():
        folds = "  ".join(f"{fold} {of_fold[metrics[0]]:.4f}" for fold, of_fold in row["per_fold"].items())
        lines.append(f"{name:26s}" + "  ".join(f"{m} {row[m]:.4f}" for m in metrics) + f"   by fold: {folds}")
    return Output(without_nan(figures), "\n".join(lines))


def evaluate_ablation_command(options: argparse.Namespace) -> Output:
    require_torch()
    from sport_nodes.assessment import without_nan
    from sport_nodes.training.ablation import ablation_of
    from sport_nodes.training.config import TrainConfig

    directory = options.run or TrainConfig().run_directory.with_name("ablation")
    given = {name: getattr(options, name) for name in ("people", "epochs", "batch", "learning_rate")}
    config = replace(TrainConfig(), run_directory=directory, **{k: v for k, v in given.items() if v is not None})

    def progress(row: dict[str, Any]) -> None:
        print(f"{row['variant']}, seed {row['seed']}: MAE {row['mae']:.2f}", file=sys.stderr, flush=True)

    table = ablation_of(config, seeds=options.seeds, progress=progress)
    lines = [f"simulated people {options.people}, {options.epochs} epochs, {options.seeds} seeds"]
    for row in table:
        words = f"without {row['without']}" if row["without"] else row["variant"]
        lines.append(
            f"{words:34s} MAE {row['mae']:5.2f} (sd {row['mae_sd']:4.2f})  SRCC {row['srcc']:6.3f}"
            f"  loses {row['mae_loss']:+5.2f}  {'pays' if row['pays'] else 'does not pay'}"
        )
    return Output([without_nan(row) for row in table], "\n".join(lines))


def evaluate_tables_command(options: argparse.Namespace) -> Output:
    require_torch()
    from sport_nodes.training.config import default_run_directory
    from sport_nodes.training.table_pictures import draw
    from sport_nodes.training.tables import ablation_text, read_ablation, results_of, tables, write_tables

    ablation = read_ablation(options.ablation) if options.ablation else None
    results = results_of(options.run or default_run_directory())
    drawn = tables(results) + ([ablation_text(ablation)] if ablation else [])
    path = write_tables(drawn, draw(results, ablation, options.output), options.output)
    return Output(text=f"{len(drawn)} tables written to {path}")


def export_command(options: argparse.Namespace) -> Output:
    require_torch()
    from sport_nodes.training.config import TrainConfig
    from sport_nodes.training.export import export_onnx
    from sport_nodes.training.loop import load_network

    export_onnx(load_network(options.checkpoint, TrainConfig()), options.output)
    return Output(text=f"written to {options.output}")


def bench_command(options: argparse.Namespace) -> Output:
    from sport_nodes.bench import bench

    rows = bench(options.room)
    lines = [
        f"{r['name']:34s} {r['ours_ms']:9.3f} ms   {r['peer']:34s} {r['peer_ms']:9.3f} ms   x{r['ratio']:.1f}"
        for r in rows
    ]
    return Output(rows, "\n".join(lines))


def require_torch() -> None:
    """Raises InputError, with the way to mend it, where the training extras are absent."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise InputError(
            "training needs torch, which is not installed: .venv/bin/pip install -c constraints.txt '.[train]'"
        ) from error
