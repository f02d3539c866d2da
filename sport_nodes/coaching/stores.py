"""Where knowledge is kept: Qdrant's engine inside this process on disk, or a Qdrant server or cluster by its URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from sport_nodes.coaching.embedding import require_packages
from sport_nodes.coaching.points import Found, Point

#: A store that lives as long as the process.
IN_MEMORY: Final = ":memory:"


class Store(Protocol):
    """Points, found by meaning and by words. action: only entries of that action or of all; fault: only on that."""

    def held(self, ids: Sequence[str]) -> dict[str, str]:
        """Of these points those that are stored, with their entry as it is written."""
        ...

    def add(self, points: Sequence[Point]) -> None:
        """Store points; one of the same id is replaced. What was added outlives a kill of the process."""
        ...

    def keep_shipped(self, ids: Sequence[str]) -> None:
        """Remove shipped entries that are none of these."""
        ...

    def by_meaning(
        self, meaning: NDArray[np.float32], *, action: str | None, fault: str | None, limit: int
    ) -> list[Found]:
        """The nearest first; score: the cosine."""
        ...

    def by_words(self, words: Mapping[int, float], *, action: str | None, fault: str | None, limit: int) -> list[Found]:
        """Those that share words, the best first; score: BM25."""
        ...

    def count(self) -> int:
        """How many points are stored."""
        ...

    def optimise(self) -> None:
        """Index what was added, so that a search stays quick; nothing has to be."""
        ...

    def close(self) -> None:
        """Let go, so that another process may open it."""
        ...


def open_store(where: str, *, model: str, dimensions: int) -> Store:
    """A store for the vectors of one embedding model, each model's apart from the others'.

    where: IN_MEMORY, the URL of a Qdrant server, or a folder. Raises InputError for missing packages, a folder that
    another process has open, a server that does not answer, or vectors of another length.
    """
    require_packages()
    if where == IN_MEMORY or is_server(where):
        from sport_nodes.coaching.qdrant_store import QdrantStore

        return QdrantStore(where, collection=f"knowledge-{model}", dimensions=dimensions)
    from sport_nodes.coaching.edge_store import EdgeStore

    return EdgeStore(Path(where) / model, dimensions=dimensions)


def is_server(where: str) -> bool:
    """It is a URL."""
    return where.startswith(("http://", "https://"))
