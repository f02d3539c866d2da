"""`sport bench`: speed, each figure beside its peer's, measured in the same run on the same data."""

from __future__ import annotations

import importlib
from typing import Any, Final

from sport_nodes.bench.timing import Row

#: Rooms that have a benchmark: modules of this package with a `rows() -> list[Row]`.
ROOMS: Final = ("fusion", "scorer", "keyframes")


def bench(room: str | None = None) -> list[dict[str, Any]]:
    """Rows of `name, ours_ms, peer, peer_ms, ratio` for one room, or all. ratio > 1: ours is faster."""
    rows: list[Row] = []
    for name in (room,) if room else ROOMS:
        rows += importlib.import_module(f"sport_nodes.bench.{name}").rows()
    return [row.as_dict() for row in rows]
