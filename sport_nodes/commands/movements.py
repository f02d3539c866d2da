"""Commands on one recorded movement: assess, align, fuse, target."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sport_nodes.cli import Output
from sport_nodes.commands.options import add_action, add_json, add_language, add_output, add_rig
from sport_nodes.errors import InputError

if TYPE_CHECKING:
    from sport_nodes.assessment import Assessment
    from sport_nodes.measurements import AlignedTrial, DeviceClock, Recording
    from sport_nodes.motion import Motion
    from sport_nodes.rig import Rig
    from sport_nodes.sync.latency import Latency

Commands = Any


def register(commands: Commands) -> None:
    """Add the parsers of this module's commands."""
    parser = commands.add_parser("assess", help="score, keyframes, diagnosis and coaching of one recorded movement")
    parser.add_argument("motion", type=Path, metavar="MOTION", help=".csv, .trc, .c3d or a rosbag2 folder or file")
    add_action(parser)
    add_rig(parser)
    parser.add_argument(
        "--target",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="target model; of several the nearest is used (default: the shipped one nearest in height)",
    )
    parser.add_argument(
        "--earlier", type=Path, action="append", default=[], metavar="FILE", help="an earlier trial of the same athlete"
    )
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="write the trial report too")
    parser.add_argument("--teacher", default="", metavar="NAME", help="score by this rater's own standard")
    parser.add_argument("--model", metavar="NAME", help="coach with this model of the local Ollama server")
    add_language(parser)
    add_json(parser)
    parser.set_defaults(handler=assess_command)

    parser = commands.add_parser("align", help="align a recording with a target model or another recording")
    parser.add_argument("query", type=Path, metavar="QUERY", help="the recording")
    parser.add_argument("target", type=Path, metavar="TARGET", help="target model (.json) or a good recording")
    add_action(parser)
    add_json(parser)
    parser.set_defaults(handler=align_command)

    parser = commands.add_parser(
        "fuse", help="sync and fusion of a recorded bag of sensor data, or of a Pose2Sim trial"
    )
    parser.add_argument("bag", type=Path, metavar="BAG", help="rosbag2 folder, .mcap, .db3, or a Pose2Sim trial folder")
    parser.add_argument("--rig", default="lab", help="name in config/rigs, path of a rig YAML, or a Calib.toml")
    add_output(parser, "the fused motion (.csv or .trc)")
    add_json(parser)
    parser.set_defaults(handler=fuse_command)

    parser = commands.add_parser("target", help="target models")
    targets = parser.add_subparsers(dest="target_command", metavar="COMMAND", required=True)
    parser = targets.add_parser("make", help="a target model from good recordings")
    parser.add_argument("motion", type=Path, nargs="+", metavar="MOTION")
    add_action(parser)
    parser.add_argument(
        "--keyframe",
        action="append",
        default=[],
        metavar="NAME=SECONDS",
        help="a known keyframe of the first recording",
    )
    add_output(parser, "the target model (.json)")
    parser.set_defaults(handler=target_make_command)


def assess_command(options: argparse.Namespace) -> Output:
    from sport_nodes.assess import assess
    from sport_nodes.coaching.language_model import LanguageModel
    from sport_nodes.io.bag import OnlySensorsError
    from sport_nodes.io.motion_files import read_motion
    from sport_nodes.keyframes.align import nearest
    from sport_nodes.keyframes.target import read_target
    from sport_nodes.scoring.marking import scorer_of

    clocks: tuple[DeviceClock, ...] = ()
    simulated = False
    try:
        motion = read_motion(options.motion)
    except OnlySensorsError:
        motion, _, recording, _ = fused(options.motion, options.rig)
        motion = from_zero(motion)
        clocks, simulated = recording.clocks, recording.truth is not None
    result = assess(
        motion,
        options.action,
        target=nearest(motion, [read_target(path) for path in options.target]) if options.target else None,
        scorer=scorer_of(None, options.teacher),
        trial=options.motion.stem,
        language=options.language,
        model=LanguageModel(options.model) if options.model else None,
        clocks=clocks,
        simulated=simulated,
        earlier=[read_motion(path) for path in options.earlier],
    )
    if options.report:
        from sport_nodes.report.report import write_report

        write_report(result, options.report)
    return Output(result.to_json(), summary(result, options.report))


def summary(result: Assessment, report: Path | None = None) -> str:
    """An assessment in a few lines for the terminal."""
    from sport_nodes.diagnosis.progress import UNCHANGED
    from sport_nodes.report.labels import why_nothing_to_improve

    scores = result.scores
    lines = [f"{result.action}, {result.trial or 'trial'}" + (" (simulated)" if result.simulated else "")]
    if scores.withheld:
        lines.append(f"  score      withheld: {scores.withheld}")
    else:
        lines.append(f"  score      {scores.value:.0f} of 100 ({scores.low:.0f} to {scores.high:.0f}), {scores.grade}")
        stages = ", ".join(f"{stage.name} {stage.score:.0f}" for stage in scores.stages)
        lines.append(f"  stages     {stages}")
        lines.append(f"  model      {scores.model}")
        lines += [f"  note       {warning}" for warning in scores.warnings]
    if result.alignment.reason:
        lines.append(f"  keyframes  none: {result.alignment.reason}")
    else:
        keyframes = ", ".join(f"{k.name} {k.time_s:.2f} s" for k in result.alignment.keyframes)
        lines.append(f"  keyframes  {keyframes}")
        lines.append(f"  target     {result.alignment.target}")
    for number, improvement in enumerate(result.coaching.improvements, 1):
        lines.append(f"  improve {number}  {improvement.title}: {improvement.cue}")
    if not result.coaching.improvements:
        lines.append(f"  improve    {why_nothing_to_improve(result.diagnosis, 'en')}")
    moved = [c for c in result.progress if c.verdict != UNCHANGED]
    lines += [f"  {c.verdict:9s}  {c.label}: {c.before:.3g} before, now {c.now:.3g} {c.unit}" for c in moved]
    if report:
        lines.append(f"  report     {report}")
    return "\n".join(lines)


def align_command(options: argparse.Namespace) -> Output:
    from sport_nodes.assessment import without_nan
    from sport_nodes.io.motion_files import read_motion
    from sport_nodes.keyframes.align import align
    from sport_nodes.keyframes.target import make_target, read_target

    if options.target.suffix == ".json":
        target = read_target(options.target)
    else:
        target = make_target([read_motion(options.target)], options.action)
    alignment = align(read_motion(options.query), target)
    data = without_nan(
        {
            "windows_s": alignment.windows_s.tolist(),
            "path": alignment.path_s.tolist(),
            "distance": alignment.distance,
            "keyframes": [dataclasses.asdict(k) for k in alignment.keyframes],
            "reason": alignment.reason or None,
        }
    )
    lines = [f"{k.name:20s} {k.time_s:7.3f} s  (target {k.target_time_s:.3f} s)" for k in alignment.keyframes]
    return Output(data, "\n".join(lines) or f"not aligned: {alignment.reason}")


def fuse_command(options: argparse.Namespace) -> Output:
    from sport_nodes.assessment import without_nan
    from sport_nodes.fusion.evaluate import fusion_report
    from sport_nodes.io.motion_files import write_motion

    motion, aligned, recording, latencies = fused(options.bag, options.rig)
    write_motion(from_zero(motion), options.output)
    figures = fusion_report(motion, aligned, rig_of(options.rig), truth=recording.truth, latencies=latencies)
    text = f"{figures['frames']} frames at {figures['rate_hz']:.0f} Hz written to {options.output}"
    truth = figures.get("ground_truth")
    if truth:
        text += f"; mean joint error {truth['mpjpe_mm']:.1f} mm against the simulated truth"
    return Output(without_nan(figures), text)


def from_zero(motion: Motion) -> Motion:
    """The motion with seconds in the trial for the host's clock."""
    return motion.moved(motion.positions_m, motion.times_s - motion.times_s[0])


def fused(bag: Path, rig_name: str) -> tuple[Motion, AlignedTrial, Recording, dict[str, Latency]]:
    """The motion of a bag of sensor data, or of a Pose2Sim trial, what it was made from, and the IMUs' latencies."""
    from sport_nodes.fusion.fuse import fuse_and_time
    from sport_nodes.fusion.pose2sim import is_pose2sim, read_pose2sim
    from sport_nodes.fusion.triangulated import triangulate_trial
    from sport_nodes.io.bag import read_recording
    from sport_nodes.sync.align import align_recording

    rig = rig_of(rig_name)
    if is_pose2sim(bag):
        recording, rate_hz = read_pose2sim(bag, rig)
        aligned = align_recording(recording, rig, rate_hz=rate_hz)
        return triangulate_trial(aligned, rig), aligned, recording, {}
    recording = read_recording(bag)
    aligned = align_recording(recording, rig)
    motion, latencies = fuse_and_time(aligned, rig, imus=recording.imus)
    return motion, aligned, recording, latencies


def rig_of(name: str) -> Rig:
    """A rig by name or path, or the cameras of a calibration in TOML."""
    from sport_nodes.capture.calib_toml import import_toml
    from sport_nodes.rig import load_rig

    return import_toml(Path(name)) if name.endswith(".toml") else load_rig(name)


def target_make_command(options: argparse.Namespace) -> Output:
    from sport_nodes.io.motion_files import read_motion
    from sport_nodes.keyframes.target import make_target, save_target

    keyframes: dict[str, float] = {}
    for pair in options.keyframe:
        name, _, seconds = pair.partition("=")
        try:
            keyframes[name] = float(seconds)
        except ValueError as error:
            raise InputError(f"--keyframe needs NAME=SECONDS, found '{pair}'") from error
    target = make_target([read_motion(path) for path in options.motion], options.action, keyframes=keyframes or None)
    save_target(target, options.output)
    return Output(text=f"target model written to {options.output}")
