"""The graph as processes of this machine: starts them, forwards what they say, restarts what dies, stops all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import yaml

from sport_nodes.errors import InputError
from sport_nodes.graph import GraphSettings, NodeSpec, default_params_file, nodes_of

#: A node that dies is started again after this long, twice as long each time, up to a limit [s].
FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 10.0
#: A node that ran this long before it died begins with the first delay again [s].
PROVEN_S: Final = 30.0
#: How long a node may take to stop by itself [s].
STOP_S: Final = 5.0
POLL_S: Final = 0.1
#: The exit status of a node that cannot use its parameters or files.
EXIT_UNUSABLE: Final = 2
#: ROS 2 domains whose ports are free of the system's ephemeral ones on every platform.
DOMAINS: Final = range(1, 102)

Listener = Callable[[str, str], None]  # node, line


@dataclass
class _Child:
    spec: NodeSpec
    process: subprocess.Popen[str] | None = None
    started_s: float = 0.0
    restart_at_s: float = 0.0
    delay_s: float = FIRST_DELAY_S
    restarts: int = 0


class Supervisor:
    """Runs nodes as processes. `listener` hears each line they say and what happens to them (in the node's name).

    Use as a context manager: leaving it stops every node.
    """

    def __init__(
        self,
        nodes: Sequence[NodeSpec],
        *,
        listener: Listener,
        params_file: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._children = {spec.name: _Child(spec) for spec in nodes}
        self._listener = listener
        self._params_file = params_file or default_params_file()
        self._environment = {**os.environ, **node_environment(), **(environment or {}), "PYTHONUNBUFFERED": "1"}
        self._folder = tempfile.TemporaryDirectory(prefix="sport-")
        if not self._params_file.is_file():
            raise InputError(f"there is no parameter file {self._params_file}")

    def __enter__(self) -> Supervisor:
        for child in self._children.values():
            self._start(child)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def process_id(self, node: str) -> int | None:
        """Of the running process; None while it is down."""
        process = self._children[node].process
        return process.pid if process and process.poll() is None else None

    def restarts(self, node: str) -> int:
        return self._children[node].restarts

    def poll(self) -> None:
        """Look after the nodes: call this a few times a second.

        Raises InputError when a node cannot use what it was given: starting it again would not help.
        """
        now = time.monotonic()
        for name, child in self._children.items():
            if child.process is None:
                if now >= child.restart_at_s:
                    child.restarts += 1
                    self._start(child)
                continue
            status = child.process.poll()
            if status is None:
                continue
            if status == EXIT_UNUSABLE:
                raise InputError(f"the node {name} cannot start with what it was given; see its message above")
            proven = now - child.started_s > PROVEN_S
            child.delay_s = FIRST_DELAY_S if proven else child.delay_s
            self._listener(name, f"ended with status {status}; starting it again in {child.delay_s:.1f} s")
            child.process, child.restart_at_s = None, now + child.delay_s
            child.delay_s = min(2.0 * child.delay_s, LONGEST_DELAY_S)

    def stop(self) -> None:
        """Ask every node to stop, and end those that do not."""
        running = [c.process for c in self._children.values() if c.process and c.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._folder.cleanup()

    def _start(self, child: _Child) -> None:
        spec = child.spec
        parameters = Path(self._folder.name) / f"{spec.name}.yaml"
        parameters.write_text(yaml.safe_dump({spec.name: {"ros__parameters": _as_ros(spec.parameters)}}), "utf-8")
        command = [sys.executable, "-m", spec.module, "--ros-args", "-r", f"__node:={spec.name}"]
        command += ["--params-file", str(self._params_file), "--params-file", str(parameters)]
        environment = {**self._environment, "SPORT_SUPERVISOR": str(os.getpid())}
        # A session of its own: Ctrl-C reaches the supervisor, which stops the nodes in order.
        child.process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        child.started_s = time.monotonic()
        assert child.process.stdout is not None
        threading.Thread(target=self._forward, args=(spec.name, child.process.stdout), daemon=True).start()

    def _forward(self, name: str, stream: IO[str]) -> None:
        for line in stream:
            self._listener(name, line.rstrip())


def node_environment() -> dict[str, str]:
    """What every node's process needs in its environment, unless the lab has set it otherwise.

    One thread a process for linear algebra: the nodes share the machine's cores already, and small matrices wait for
    the threads of others (measured on two busy cores: 20 times as long).
    """
    threads = {name: os.environ.get(name, "1") for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return {**localhost_only(), **threads}


def localhost_only() -> dict[str, str]:
    """The environment that keeps ROS discovery on this machine, unless the lab has set it otherwise."""
    if os.environ.get("ROS_DISTRO") == "humble":
        return {"ROS_LOCALHOST_ONLY": os.environ.get("ROS_LOCALHOST_ONLY", "1")}
    return {"ROS_AUTOMATIC_DISCOVERY_RANGE": os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")}


def free_domain() -> int:
    """A ROS domain in which nobody on this machine is, as far as its first discovery port tells."""
    begin = os.getpid() % len(DOMAINS)
    for domain in [*DOMAINS[begin:], *DOMAINS[:begin]]:
        # RTPS 2.2, 9.6.1.1: the first participant of a domain hears unicast discovery at 7400 + 250 domain + 10.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", 7400 + 250 * domain + 10))
            except OSError:
                continue
            return domain
    raise InputError("every ROS domain of this machine is in use; stop a graph, or set ROS_DOMAIN_ID")


def run_up(*, rig: str, action: str, params: Path | None, record: bool) -> int:
    """`sport up`: the lab's nodes until Ctrl-C."""
    nodes = nodes_of(GraphSettings(action=action, rig=rig, record=record))

    def forward(node: str, line: str) -> None:
        print(f"[{node}] {line}", file=sys.stderr, flush=True)

    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    with Supervisor(nodes, listener=forward, params_file=params) as supervisor:
        try:
            while True:
                supervisor.poll()
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            return 0


def _as_ros(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as ROS takes them: never empty."""
    return {k: list(v) or [""] if isinstance(v, (list, tuple)) else v for k, v in parameters.items()}
