"""`sport diagnose`: the lab's own measurement error from repeated trials."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sport_nodes.cli import Output
from sport_nodes.commands.options import add_action, add_json, add_output


def register(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    parser = commands.add_parser("diagnose", help="measurement error of the lab")
    kinds = parser.add_subparsers(dest="diagnose_command", metavar="WHAT", required=True)
    parser = kinds.add_parser("calibrate", help="each metric's measurement error, from repeats by one athlete")
    parser.add_argument(
        "motion", type=Path, nargs="+", metavar="MOTION", help="5 repeats or more: .csv, .trc, .c3d or bags"
    )
    add_action(parser)
    parser.add_argument("--rig", default="lab", help="of bags that hold sensor data only (default: lab)")
    add_output(parser, "another file than the lab's own, which diagnosis looks for by itself", required=False)
    add_json(parser)
    parser.set_defaults(handler=calibrate_command)


def calibrate_command(options: argparse.Namespace) -> Output:
    from sport_nodes.diagnosis.calibration import calibrate, calibration_path, save_calibration
    from sport_nodes.diagnosis.diagnose import diagnose
    from sport_nodes.diagnosis.measurement_error import mdc95
    from sport_nodes.keyframes.align import align
    from sport_nodes.keyframes.target import load_target

    motions = [_motion(path, options.rig) for path in options.motion]
    target = load_target(options.action, motions[0])
    diagnoses = [diagnose(motion, align(motion, target), options.action, target) for motion in motions]
    calibration = calibrate(diagnoses, motions)
    path = options.output or calibration_path(options.action)
    save_calibration(calibration, path)
    figures = {m: {"sem": round(v, 4), "mdc95": round(mdc95(v), 4)} for m, v in calibration.sem.items()}
    units = {f.metric: f.unit for d in diagnoses for f in d.findings}
    lines = [f"{m:28s} SEM {f['sem']:8.3g}  MDC95 {f['mdc95']:8.3g} {units[m]}" for m, f in figures.items()]
    lines.append(f"from {calibration.trials} trials of {options.action}, written to {path}")
    data = {"action": options.action, "trials": calibration.trials, "metrics": figures, "file": str(path)}
    return Output(data, "\n".join(lines))


def _motion(path: Path, rig: str) -> Any:
    from sport_nodes.commands.movements import from_zero, fused
    from sport_nodes.io.bag import OnlySensorsError
    from sport_nodes.io.motion_files import read_motion

    try:
        return read_motion(path)
    except OnlySensorsError:
        return from_zero(fused(path, rig)[0])
