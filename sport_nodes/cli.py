"""The `sport` command: the core without a running graph, and the graph without `ros2 launch`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from sport_nodes import __version__
from sport_nodes.errors import InputError

OK: Final = 0
FAULT: Final = 1  # of the program
UNUSABLE_INPUT: Final = 2
INTERRUPTED: Final = 130  # as shells say it


@dataclass(frozen=True)
class Output:
    """What a command found out: for programs, for people, and the exit status."""

    data: Any = field(default_factory=dict)
    text: str = ""
    status: int = OK


# The matrices here are small: threads of linear algebra only wait for each other. Read when numpy is imported, later.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

Handler = Callable[[argparse.Namespace], Output]


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the options in one line."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(UNUSABLE_INPUT)


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    from sport_nodes.commands import calibrate, diagnosis, graph, knowledge, models, movements, records, tools

    top = Parser(prog="sport", description="Measure, score and coach movement.")
    top.add_argument("--version", action="version", version=f"sport_coach {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for group in (graph, movements, records, models, knowledge, tools, calibrate, diagnosis):
        group.register(commands)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status. Unusable input is one line on standard error and status 2."""
    options = parser().parse_args(arguments)
    handler: Handler = options.handler
    try:
        output = handler(options)
        if getattr(options, "json", False):
            print(json.dumps(output.data, allow_nan=False, ensure_ascii=False))
        elif output.text:
            print(output.text)
    except InputError as error:
        print(f"sport {options.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return UNUSABLE_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; what it wanted it has.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return output.status


if __name__ == "__main__":
    sys.exit(main())
