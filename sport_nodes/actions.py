"""A sport as data: what config/actions/<action>.yaml says about one movement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sport_nodes.errors import InputError
from sport_nodes.paths import share_directory


@dataclass(frozen=True)
class Stage:
    """One of an action's stages, in order of time."""

    name: str
    label: str


@dataclass(frozen=True)
class KeyframeSpec:
    """A named instant of an action."""

    name: str
    label: str


@dataclass(frozen=True)
class Action:
    """One movement. repeated: a trial holds several repetitions (sit-ups)."""

    name: str
    label: str
    repeated: bool
    stages: tuple[Stage, ...]
    keyframes: tuple[KeyframeSpec, ...]


def action_names() -> tuple[str, ...]:
    """Every action that has a file in config/actions, sorted."""
    return tuple(sorted(p.stem for p in _directory().glob("*.yaml")))


@cache
def load_action(name: str) -> Action:
    """Read one action by name.

    Raises InputError when there is no such file or it does not describe an action.
    """
    path = _directory() / f"{name}.yaml"
    if not path.is_file():
        raise InputError(f"there is no action '{name}'; known are {', '.join(action_names())}")
    try:
        return _action_from_dict(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} does not describe an action: {error!r}") from error


def _directory() -> Path:
    return share_directory() / "config" / "actions"


def _action_from_dict(data: dict[str, Any]) -> Action:
    return Action(
        name=data["action"],
        label=data["label"],
        repeated=bool(data["repeated"]),
        stages=tuple(Stage(s["name"], s["label"]) for s in data["stages"]),
        keyframes=tuple(KeyframeSpec(k["name"], k["label"]) for k in data["keyframes"]),
    )
