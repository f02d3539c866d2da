"""Runs one node as a process of its own."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from sport_nodes.errors import InputError
from sport_nodes.nodes.base import SportNode

#: How often a node looks whether it was asked to stop [s]: rclpy's wait does not end with a signal of our own.
STOP_CHECK_S: Final = 0.1
#: Exit status of a node whose parameters or files cannot be used: starting it again would not help.
EXIT_UNUSABLE: Final = 2


class _ToRosLog(logging.Handler):
    """What the core logs, in the node's name. A line for each severity: rclpy knows calls by where they are made."""

    def __init__(self, node: SportNode) -> None:
        super().__init__()
        self._logger = node.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        words = self.format(record)
        if record.levelno >= logging.ERROR:
            self._logger.error(words)
        elif record.levelno >= logging.WARNING:
            self._logger.warning(words)
        else:
            self._logger.info(words)


def run_node(make: Callable[[], SportNode]) -> None:
    """Spin the node until SIGINT or SIGTERM (or its supervisor is gone), then deactivate it and leave with status 0.

    The signals are handled here, not by rclpy: its handlers invalidate the context at once, and a node could not
    close its bag or its devices in order.
    """
    stop = False

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGTERM, ask_to_stop)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = make()
    except (InputError, ParameterException) as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_UNUSABLE)
    logging.getLogger("sport_nodes").addHandler(_ToRosLog(node))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    if node.value("autostart"):
        node.start()
    supervisor = os.environ.get("SPORT_SUPERVISOR")
    while not stop and (supervisor is None or os.getppid() == int(supervisor)):
        executor.spin_once(timeout_sec=STOP_CHECK_S)
    # A second signal (a terminal's, then the launcher's) must not end the node before it has closed what it holds.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    node.trigger_shutdown()
    executor.remove_node(node)
    node.destroy_node()
    rclpy.shutdown()
