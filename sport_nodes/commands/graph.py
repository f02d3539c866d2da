"""Commands around the ROS graph: demo, up, replay, and the simulated lab into a bag."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sport_nodes.cli import Output
from sport_nodes.commands.options import add_action, add_language, add_output, add_rig, seed
from sport_nodes.errors import InputError

DEMO_ACTION = "standing_long_jump"


def register(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    parser = commands.add_parser("demo", help="simulated lab, whole graph over DDS, a report at the end")
    add_action(parser, default=DEMO_ACTION)
    parser.add_argument("--seed", type=seed, default=7, help="of athlete and sensors (default: 7)")
    parser.add_argument("--fault", action="append", metavar="NAME", help="technical fault of the simulated athlete")
    add_language(parser)
    add_output(parser, "folder for report and bag (default: output/)", required=False)
    parser.set_defaults(handler=demo_command)

    parser = commands.add_parser("up", help="the lab's nodes, without ros2 launch")
    add_rig(parser)
    add_action(parser, default=DEMO_ACTION)
    parser.add_argument("--params", type=Path, metavar="FILE", help="node parameters (default: config/params.yaml)")
    parser.add_argument("--record", action="store_true", help="record every trial")
    parser.set_defaults(handler=up_command)

    parser = commands.add_parser("replay", help="a recorded trial through the whole graph again")
    parser.add_argument("bag", type=Path, metavar="BAG")
    parser.add_argument("--rate", type=float, default=1.0, help="of time; 0: as fast as the graph follows (default: 1)")
    add_rig(parser)
    add_output(parser, "folder for report and bag (default: output/)", required=False)
    parser.set_defaults(handler=replay_command)

    parser = commands.add_parser("lab", help="the simulated lab, into a bag")
    add_action(parser)
    parser.add_argument("--seed", type=seed, required=True, help="makes the same trial again, byte by byte")
    parser.add_argument("--motion", type=Path, metavar="FILE", help="play this recorded motion instead")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="technical fault; may be repeated")
    parser.add_argument("--scenario", default="default", help="what goes wrong with the sensors (default: default)")
    add_rig(parser)
    add_output(parser, "the bag's folder")
    parser.set_defaults(handler=lab_command)


def demo_command(options: argparse.Namespace) -> Output:
    from sport_nodes.demo import run_demo

    status = run_demo(
        action=options.action,
        seed=options.seed,
        faults=options.fault,
        language=options.language,
        output=options.output or Path("output"),
    )
    return Output(status=status)


def up_command(options: argparse.Namespace) -> Output:
    from sport_nodes.up import run_up

    return Output(status=run_up(rig=options.rig, action=options.action, params=options.params, record=options.record))


def replay_command(options: argparse.Namespace) -> Output:
    from sport_nodes.demo import run_replay

    if not 0.0 <= options.rate < float("inf"):
        raise InputError(f"--rate is 0 or more, found {options.rate:g}")
    output = options.output or Path("output")
    return Output(status=run_replay(options.bag, rig=options.rig, output=output, rate=options.rate))


def lab_command(options: argparse.Namespace) -> Output:
    from sport_nodes.io.motion_files import read_motion
    from sport_nodes.lab.bag import write_lab_bag
    from sport_nodes.lab.simulate import simulate
    from sport_nodes.rig import load_rig

    if options.motion:
        movement: Any = read_motion(options.motion)
    else:
        movement = simulate(options.action, seed=options.seed, faults=tuple(options.fault))
    write_lab_bag(
        movement,
        load_rig(options.rig),
        options.output,
        seed=options.seed,
        scenario=options.scenario,
        action=options.action,
    )
    return Output(text=f"simulated {options.action} written to {options.output}")
