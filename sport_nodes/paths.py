"""Where the package's shared files (config, models, rviz) lie, and where results go."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from sport_nodes.errors import InputError

PACKAGE = "sport_coach"


@cache
def share_directory() -> Path:
    """The folder that holds config/, models/ and rviz/: the checkout, the ROS install space, or pip's prefix."""
    candidates = [Path(__file__).resolve().parents[1]]
    candidates += [Path(p) / "share" / PACKAGE for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    candidates.append(Path(sys.prefix) / "share" / PACKAGE)
    for candidate in candidates:
        if (candidate / "config" / "actions").is_dir():
            return candidate
    raise InputError(f"the files of {PACKAGE} were not found in {', '.join(map(str, candidates))}; install it again")


def data_directory() -> Path:
    """Where bags, reports and athletes' records are kept: SPORT_COACH_HOME, else ~/.local/share/sport_coach."""
    home = os.environ.get("SPORT_COACH_HOME")
    return Path(home) if home else Path.home() / ".local" / "share" / PACKAGE
