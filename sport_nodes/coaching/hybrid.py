"""Retrieval by words and by meaning together: BM25 and embeddings, fused by rank, put in order for diversity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.coaching.embedding import Embedder
from sport_nodes.coaching.facts import MOST_ENTRIES, Finder
from sport_nodes.coaching.knowledge import Entry, shipped_entries
from sport_nodes.coaching.points import (
    ENTRY,
    SHIPPED,
    Found,
    payload_of,
    point_id,
    points_of,
    query_words,
)
from sport_nodes.coaching.retrieval import term_weights, terms
from sport_nodes.coaching.stores import Store, open_store

#: Damping of high ranks: Cormack, Clarke & Buettcher (2009), Reciprocal rank fusion, who used 60 throughout.
_FUSION_CONSTANT: Final = 60.0
#: How many of each list are fused, and how many of the fused are put in order.
_DEPTH: Final = 50
_CANDIDATES: Final = 30
#: What the best match of words is worth in units of the cosine, and what it is worth that an entry is on the movement
#: asked about, not on all. Chosen on 170 questions apart from the 200 of the test: 0.1 and 0.2, and no such worth, put
#: the right entry first in 1 to 2 of 100 questions less; 0.02 to 0.1 of it did alike.
_WORDS_WORTH: Final = 0.15
_OWN_MOVEMENT_WORTH: Final = 0.04
#: Weight of relevance against likeness to what was chosen: Carbonell & Goldstein (1998), maximal marginal relevance.
_RELEVANCE: Final = 0.9


@dataclass(frozen=True)
class FusedHit:
    """An entry that was found. Ranks count from 1, 0 where that search did not find it; score: the fused one.

    terms: the query's words that it shares.
    """

    entry: Entry
    score: float
    lexical_rank: int
    embedding_rank: int
    terms: tuple[str, ...]


class HybridIndex:
    """Both searches over one store."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self.store = store
        self.embedder = embedder

    def search(
        self, query: str, *, action: str | None = None, fault: str | None = None, limit: int = 5
    ) -> list[FusedHit]:
        """The best first, each a little different from those before it; ties by id, so that the order never changes.

        action: only entries of that action or of all actions. fault: only entries on that fault.
        """
        meaning = self.embedder([query])[0]
        near = self.store.by_meaning(meaning, action=action, fault=fault, limit=_DEPTH)
        sharing = self.store.by_words(query_words(query), action=action, fault=fault, limit=_DEPTH)
        by_meaning = {hit.id: rank for rank, hit in enumerate(near, start=1)}
        by_words = {hit.id: rank for rank, hit in enumerate(sharing, start=1)}
        hits = {hit.id: hit for hit in (*sharing, *near)}
        fused = {
            name: sum(1.0 / (_FUSION_CONSTANT + ranks[name]) for ranks in (by_words, by_meaning) if name in ranks)
            for name in hits
        }
        names = sorted(hits, key=lambda name: (-fused[name], name))[:_CANDIDATES]
        most = max((hit.score for hit in sharing), default=1.0)
        shared = {hit.id: hit.score / most for hit in sharing}
        relevance = [
            float(hits[n].meaning @ meaning)
            + _WORDS_WORTH * shared.get(n, 0.0)
            + _OWN_MOVEMENT_WORTH * (hits[n].entry.action == action)
            for n in names
        ]
        chosen = diverse(relevance, [hits[n].meaning for n in names], limit)
        wanted = terms(query)
        return [
            _fused_hit(hits[name], fused[name], by_words.get(name, 0), by_meaning.get(name, 0), wanted)
            for name in (names[i] for i in chosen)
        ]

    def add(self, entries: Sequence[Entry], *, origin: str) -> None:
        """Embed and store entries."""
        self.store.add(points_of(entries, self.embedder, origin=origin))

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()


def open_index(where: str, embedder: Embedder, *, progress: Callable[[str], None] = lambda words: None) -> HybridIndex:
    """The index of a store (see open_store) that holds the shipped entries as they are now, beside what was added.

    progress: told what takes a while. Raises InputError as open_store does.
    """
    dimensions = embedder(["length of a vector"]).shape[1]
    index = HybridIndex(open_store(where, model=embedder.name, dimensions=dimensions), embedder)
    shipped = {point_id(entry): entry for entry in shipped_entries()}
    held = index.store.held(list(shipped))
    changed = [e for name, e in shipped.items() if held.get(name) != payload_of(e, origin=SHIPPED)[ENTRY]]
    if changed:
        progress(f"storing {len(changed)} shipped entries, once for this store")
        index.store.keep_shipped(list(shipped))
        index.add(changed, origin=SHIPPED)
    return index


def finder(index: HybridIndex) -> Finder:
    """The coach's way to what a store holds; for one thread at a time, the others wait."""
    lock = Lock()

    def find(question: str, action: str, fault: str) -> list[Entry]:
        with lock:
            return [hit.entry for hit in index.search(question, action=action, fault=fault, limit=MOST_ENTRIES)]

    return find


def diverse(relevance: Sequence[float], meanings: Sequence[NDArray[np.float32]], limit: int) -> list[int]:
    """Which to choose, in order: the most relevant, less its greatest likeness to one chosen before."""
    left = list(range(len(relevance)))
    likeness = np.array(meanings) @ np.array(meanings).T if meanings else np.empty((0, 0))
    chosen: list[int] = []
    for _ in islice(range(len(relevance)), limit):
        worth = {
            i: _RELEVANCE * relevance[i] - (1.0 - _RELEVANCE) * max((float(likeness[i, j]) for j in chosen), default=0)
            for i in left
        }
        best = max(left, key=lambda i: (worth[i], -i))
        chosen.append(best)
        left.remove(best)
    return chosen


def _fused_hit(hit: Found, score: float, lexical: int, embedding: int, wanted: Iterable[str]) -> FusedHit:
    words = term_weights(hit.entry)
    return FusedHit(hit.entry, score, lexical, embedding, tuple(dict.fromkeys(t for t in wanted if t in words)))
