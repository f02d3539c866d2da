"""The supervisor with processes that behave badly: no ROS in them, so that each can do one thing wrong."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sport_nodes import up
from sport_nodes.errors import InputError
from sport_nodes.graph import NodeSpec
from sport_nodes.up import Supervisor, free_domain, node_environment

PATIENCE_S = 30.0
WELL = (
    "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nprint('here')\ntime.sleep(600)\n"
)
DYING = "import sys\nprint('dying')\nsys.exit(3)\n"
UNUSABLE = "import sys\nprint('no such rig')\nsys.exit(2)\n"
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf')\ntime.sleep(600)\n"
TELLING = "import os, sys\nprint(sys.argv[1:], os.environ['SPORT_SUPERVISOR'], os.environ['OMP_NUM_THREADS'])\n"


class Run:
    """A supervisor of one node made of these lines of Python."""

    def __init__(self, folder: Path, source: str, **parameters: object) -> None:
        (folder / "some_node.py").write_text(source)
        self.lines: list[str] = []
        self.supervisor = Supervisor(
            [NodeSpec("node", "some_node", "core", parameters)],
            listener=lambda _, line: self.lines.append(line),
            environment={"PYTHONPATH": str(folder)},
        )

    def until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end_s, self.lines
            self.supervisor.poll()
            time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_leaving_stops_every_node(tmp_path: Path) -> None:
    run = Run(tmp_path, WELL)
    with run.supervisor:
        run.until(lambda: "here" in run.lines)
        pid = run.supervisor.process_id("node")
        assert pid is not None
    assert not alive(pid)


def test_a_node_that_does_not_listen_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "STOP_S", 0.2)
    run = Run(tmp_path, DEAF)
    with run.supervisor:
        run.until(lambda: "deaf" in run.lines)
        pid = run.supervisor.process_id("node")
        assert pid is not None
    assert not alive(pid)


def test_a_node_that_dies_is_started_again_ever_later(tmp_path: Path) -> None:
    run = Run(tmp_path, DYING)
    run.supervisor._children["node"].delay_s = 0.1
    with run.supervisor:
        run.until(lambda: run.supervisor.restarts("node") == 3)
    told = [line for line in run.lines if "status 3" in line]
    assert len(told) >= 3
    assert [line.split()[-2] for line in told[:3]] == ["0.1", "0.2", "0.4"]


def test_a_node_that_cannot_use_what_it_was_given_ends_the_graph(tmp_path: Path) -> None:
    run = Run(tmp_path, UNUSABLE)
    with run.supervisor, pytest.raises(InputError, match="the node node cannot start"):
        run.until(lambda: False)


def test_a_node_gets_its_name_its_parameters_and_one_thread(tmp_path: Path) -> None:
    run = Run(tmp_path, TELLING, faults=[], seed=3, store="")
    with run.supervisor:
        run.until(lambda: len(run.lines) > 0)
        written = yaml.safe_load((Path(run.supervisor._folder.name) / "node.yaml").read_text())
    assert written == {"node": {"ros__parameters": {"faults": [""], "seed": 3, "store": ""}}}
    assert "__node:=node" in run.lines[0]
    assert run.lines[0].endswith(f"{os.getpid()} 1") or "OMP_NUM_THREADS" in os.environ


def test_a_parameter_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no parameter file .*absent\.yaml"):
        Supervisor([], listener=lambda *_: None, params_file=tmp_path / "absent.yaml")


def test_discovery_stays_on_this_machine_unless_the_lab_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    monkeypatch.delenv("ROS_AUTOMATIC_DISCOVERY_RANGE", raising=False)
    assert node_environment()["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    assert node_environment()["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
    monkeypatch.setenv("ROS_DISTRO", "humble")
    assert node_environment()["ROS_LOCALHOST_ONLY"] == "1"


def test_a_domain_in_use_is_passed_over() -> None:
    first = free_domain()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("", 7400 + 250 * first + 10))
        assert free_domain() != first
