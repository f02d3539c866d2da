"""Commands on what a lab keeps: label, dataset, runs."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sport_nodes.cli import Output
from sport_nodes.commands.options import add_json, add_output
from sport_nodes.errors import InputError

if TYPE_CHECKING:
    from sport_nodes.labels import Label


def register(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    parser = commands.add_parser("label", help="teachers' marks of a recorded trial; without marks, what there is")
    parser.add_argument("trial", nargs="?", metavar="TRIAL_OR_BAG", help="trial's id in the store, its folder or a bag")
    parser.add_argument("--rater", metavar="NAME", help="who marks")
    parser.add_argument("--total", type=float, metavar="N", help="0 to 100")
    parser.add_argument(
        "--stages", metavar="A,B,C,D", help="four marks, 0 to 100, in the movement's order; may be left out"
    )
    parser.add_argument("--grade", default="", help="default: the total's")
    parser.add_argument("--note", default="", metavar="TEXT")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="a table of labels in place of the options")
    parser.add_argument("--agreement", type=Path, metavar="DIR", help="how well the raters of these trials agree")
    add_store(parser)
    add_json(parser)
    parser.set_defaults(handler=label_command)

    parser = commands.add_parser("dataset", help="training sets of recorded bags")
    datasets = parser.add_subparsers(dest="dataset_command", metavar="COMMAND", required=True)
    parser = datasets.add_parser("build", help="recorded bags and their labels to Parquet; again: only what changed")
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="folders with bags, such as the store")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="default: 1; the result is the same")
    parser.add_argument("--ray", default="", metavar="ADDRESS", help="on this Ray cluster; `local` starts one here")
    add_output(parser, "folder of the data set")
    add_json(parser)
    parser.set_defaults(handler=dataset_build_command)

    parser = commands.add_parser("runs", help="training runs and their figures, the best first")
    parser.add_argument("folders", type=Path, nargs="*", metavar="DIR", help="runs or folders of runs (default: all)")
    add_json(parser)
    parser.set_defaults(handler=runs_command)


def add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", default="", metavar="DIR", help="folder of trials (default: the data directory)")


def label_command(options: argparse.Namespace) -> Output:
    from sport_nodes.labels import add_label, make_label, read_labels

    if options.agreement:
        return _agreement(options.agreement)
    if options.csv:
        return _label_csv(options.csv, options.store)
    if not options.trial:
        raise InputError("name a trial or bag, or give --csv FILE or --agreement DIR")
    recording = find_recording(options.trial, options.store)
    marks = {"--rater": options.rater, "--total": options.total}
    if all(value is None for value in (*marks.values(), options.stages)):
        labels = read_labels(recording)
        lines = [_line(label) for label in labels]
        return Output([dataclasses.asdict(label) for label in labels], "\n".join(lines) or "no labels yet")
    missing = [name for name, value in marks.items() if value is None]
    if missing:
        raise InputError(f"a label also needs {', '.join(missing)}")
    try:
        stages = [float(mark) for mark in options.stages.split(",")] if options.stages else []
    except ValueError as error:
        raise InputError(f"--stages needs four marks as a,b,c,d, found '{options.stages}'") from error
    label = make_label(rater=options.rater, total=options.total, stages=stages, grade=options.grade, note=options.note)
    path = add_label(recording, label)
    return Output(dataclasses.asdict(label), f"{_line(label)}\nstored in {path}")


def find_recording(name: str, store: str) -> Path:
    """A path as it is, or the trial of that id in the store. Raises InputError when there is none, or several."""
    from sport_nodes.store import TrialStore

    if Path(name).exists():
        return Path(name).resolve()
    if "/" in name:
        raise InputError(f"there is no trial or bag at {name}; give its id, its folder or a bag")
    return TrialStore.at(store).find(name)


def dataset_build_command(options: argparse.Namespace) -> Output:
    require_pyarrow()
    from sport_nodes.training.dataset import build_dataset

    if options.processes < 1:
        raise InputError(f"--processes is 1 or more, found {options.processes}")

    def progress(done: int, of: int) -> None:
        print(f"{done} of {of} shards", file=sys.stderr, end="\n" if done == of else "\r")

    if options.ray:
        require_ray()
    built = build_dataset(
        options.folders, options.output, processes=options.processes, ray_address=options.ray, progress=progress
    )
    lines = [f"{built.trials} trials, {built.built} of them read now; SHA-256 {built.sha256}", str(options.output)]
    lines += [f"left out: {bag}: {reason}" for bag, reason in built.left_out]
    return Output(dataclasses.asdict(built), "\n".join(lines))


def require_pyarrow() -> None:
    """Raises InputError, with the way to mend it, where Parquet cannot be read."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise InputError(
            "data sets need pyarrow, which is not installed: .venv/bin/pip install -c constraints.txt '.[train]'"
        ) from error


def require_ray() -> None:
    """Raises InputError, with the way to mend it, where there is no Ray."""
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise InputError(
            "--ray needs Ray, which is not installed: .venv/bin/pip install -c constraints.txt '.[cluster]'"
        ) from error


def runs_command(options: argparse.Namespace) -> Output:
    from sport_nodes.training.runs import default_runs_directory, find_runs

    runs = find_runs(options.folders or [default_runs_directory()])
    lines = [f"{'run':24s} {'state':14s} {'MAE':>6s} {'SRCC':>6s}  {'data':10s} differs in"]
    for run in runs:
        figures = f"{run.mae:6.2f} {run.srcc:6.3f}" if run.mae is not None else f"{'-':>6s} {'-':>6s}"
        differs = ", ".join(f"{name} {value}" for name, value in run.differs.items())
        lines.append(f"{run.name:24s} {run.state:14s} {figures}  {run.data_sha256[:10] or '-':10s} {differs}")
    return Output([dataclasses.asdict(run) for run in runs], "\n".join(lines) if runs else "no runs yet")


def _label_csv(table: Path, store: str) -> Output:
    from sport_nodes.labels import add_label, labels_file, read_label_csv

    rows = [(find_recording(trial, store), label) for trial, label in read_label_csv(table)]
    for recording, _ in rows:
        labels_file(recording)
    for recording, label in rows:
        add_label(recording, label)
    trials = len({recording for recording, _ in rows})
    return Output({"labels": len(rows), "trials": trials}, f"{len(rows)} labels of {trials} trials stored")


def _agreement(folder: Path) -> Output:
    from sport_nodes.agreement import agreement
    from sport_nodes.assessment import without_nan
    from sport_nodes.labels import find_labels

    found = agreement(find_labels(folder))
    stages = ", ".join(f"{icc:.2f}" for icc in found.stage_icc)
    text = (
        f"ICC(2,1) {found.icc:.2f} of the total; stages {stages}; {len(found.raters)} raters "
        f"({', '.join(found.raters)}), {found.trials} trials that all of them marked"
    )
    return Output(without_nan(dataclasses.asdict(found)), text)


def _line(label: Label) -> str:
    stages = f" ({', '.join(f'{mark:g}' for mark in label.stages)})" if label.stages else ""
    note = f"  {label.note}" if label.note else ""
    return f"{label.when}  {label.rater:12s} {label.total:g}{stages}, {label.grade}{note}"
