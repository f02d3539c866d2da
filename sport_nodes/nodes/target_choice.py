"""Which target model a trial is compared with: the same choice in every node that needs one."""

from __future__ import annotations

from pathlib import Path

from sport_nodes.keyframes.target import TargetModel, load_target, read_target
from sport_nodes.motion import Motion
from sport_nodes.nodes.guarded import GuardedNode


class TargetChoice:
    """Declares the node's parameter `target` and follows it."""

    def __init__(self, node: GuardedNode) -> None:
        self._node = node
        node.parameter("target", "", "Path of a target model; empty for the shipped one nearest in body height.")
        node.parameter("action", "standing_long_jump", "The movement to be ready for; others take longer at first.")

    def load(self) -> TargetModel:
        """Read the target now: a wrong path shows on activation, and the first trial need not wait.

        Raises InputError when there is none.
        """
        return read_target(self._path()) if self._node.value("target") else load_target(self._node.value("action"))

    def for_motion(self, action: str, motion: Motion) -> TargetModel:
        """Raises InputError when there is no target for the action."""
        if self._node.value("target"):
            target = read_target(self._path())
            if target.action == action:
                return target
        return load_target(action, motion)

    def _path(self) -> Path:
        return Path(self._node.value("target")).expanduser()
