"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from sport_nodes.actions import action_names


def add_action(parser: argparse.ArgumentParser, *, default: str | None = None) -> None:
    parser.add_argument(
        "--action",
        required=default is None,
        default=default,
        metavar="ACTION",
        help=f"the movement: {', '.join(action_names())}",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def add_output(parser: argparse.ArgumentParser, help_text: str, *, required: bool = True) -> None:
    parser.add_argument("-o", "--output", type=Path, required=required, metavar="PATH", help=help_text)


def add_rig(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rig", default="lab", help="name in config/rigs, or path of a rig YAML (default: lab)")


def add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--language", choices=("en", "zh"), default="en", help="of the coaching (default: en)")


def seed(text: str) -> int:
    """Type of a --seed option: numpy's generators take no negative ones."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"a seed is 0 or greater, found {value}")
    return value
