"""Retrieval by words and by meaning together: BM25 and embeddings, fused by rank."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sport_nodes.coaching.embedding import DIMENSIONS, embed, missing_packages
from sport_nodes.coaching.knowledge import Entry
from sport_nodes.coaching.retrieval import LexicalIndex

#: Damping of high ranks: Cormack, Clarke & Buettcher (2009), Reciprocal rank fusion, who used 60 throughout.
_FUSION_CONSTANT: Final = 60.0
#: How many of each list are fused.
_DEPTH: Final = 50
_COLLECTION: Final = "knowledge"
IN_MEMORY: Final = ":memory:"


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


class VectorIndex:
    """Embeddings of entries in Qdrant: in this process, in memory or in a folder, or on a server by its URL."""

    def __init__(self, entries: Iterable[Entry], *, store: str = IN_MEMORY) -> None:
        """Embeds only what the store does not hold yet. Raises InputError where packages are missing."""
        self._entries = {_point_id(entry): entry for entry in entries}
        # Before the client is imported, so that what is missing is named.
        embed([])
        self._client = _client(store)
        self._fill()

    def search(self, query: str, *, action: str | None, fault: str | None, limit: int) -> list[Entry]:
        """The nearest entries first; action and fault as in LexicalIndex.search."""
        from qdrant_client import models

        conditions = [models.HasIdCondition(has_id=list(self._entries))]
        if action is not None:
            conditions.append(models.FieldCondition(key="action", match=models.MatchAny(any=["", action])))
        if fault is not None:
            conditions.append(models.FieldCondition(key="fault", match=models.MatchValue(value=fault)))
        found = self._client.query_points(
            _COLLECTION, query=embed([query])[0].tolist(), query_filter=models.Filter(must=conditions), limit=limit
        )
        return [self._entries[str(point.id)] for point in found.points]

    def close(self) -> None:
        """Let go of the store, so that another process may open its folder."""
        self._client.close()

    def _fill(self) -> None:
        from qdrant_client import models

        if not self._client.collection_exists(_COLLECTION):
            size = models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)
            self._client.create_collection(_COLLECTION, vectors_config=size)
        held = {str(record.id) for record in self._client.retrieve(_COLLECTION, list(self._entries))}
        missing = {point: entry for point, entry in self._entries.items() if point not in held}
        if missing:
            vectors = embed([_text(entry) for entry in missing.values()])
            points = [
                models.PointStruct(id=point, vector=v.tolist(), payload={"action": e.action, "fault": e.fault})
                for (point, e), v in zip(missing.items(), vectors, strict=True)
            ]
            self._client.upsert(_COLLECTION, points)


class HybridIndex:
    """Both searches over the same entries; by words alone where the packages for embeddings are missing."""

    def __init__(self, entries: Iterable[Entry], *, store: str = IN_MEMORY) -> None:
        entries = tuple(entries)
        self._lexical = LexicalIndex(entries)
        self._vectors = None if missing_packages() else VectorIndex(entries, store=store)

    @property
    def has_embeddings(self) -> bool:
        return self._vectors is not None

    def search(
        self, query: str, *, action: str | None = None, fault: str | None = None, limit: int = 5
    ) -> list[FusedHit]:
        """The best first by reciprocal ranks; ties by the entry's id, so that the order never changes."""
        lexical = self._lexical.search(query, action=action, fault=fault, limit=_DEPTH)
        near = self._vectors.search(query, action=action, fault=fault, limit=_DEPTH) if self._vectors else []
        by_words = {hit.entry: rank for rank, hit in enumerate(lexical, start=1)}
        by_meaning = {entry: rank for rank, entry in enumerate(near, start=1)}
        terms = {hit.entry: hit.terms for hit in lexical}
        hits = [
            FusedHit(
                entry,
                sum(1.0 / (_FUSION_CONSTANT + ranks[entry]) for ranks in (by_words, by_meaning) if entry in ranks),
                by_words.get(entry, 0),
                by_meaning.get(entry, 0),
                terms.get(entry, ()),
            )
            for entry in dict.fromkeys([*by_words, *by_meaning])
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.entry.id))[:limit]

    def close(self) -> None:
        """Let go of the store."""
        if self._vectors:
            self._vectors.close()


def _point_id(entry: Entry) -> str:
    """The same for the same entry and text, so that a changed text is embedded anew."""
    text = "\x1f".join((entry.id, entry.action, entry.fault, _text(entry)))
    return str(uuid.uuid5(uuid.NAMESPACE_OID, text))


def _text(entry: Entry) -> str:
    names = " ".join(name.replace("_", " ") for name in (entry.action, entry.fault) if name)
    return " ".join(part for part in (entry.question, entry.answer, names) if part)


def _client(store: str) -> Any:
    from qdrant_client import QdrantClient

    if store == IN_MEMORY:
        return QdrantClient(IN_MEMORY)
    if store.startswith(("http://", "https://")):
        return QdrantClient(url=store)
    Path(store).mkdir(parents=True, exist_ok=True)
    return QdrantClient(path=store)
