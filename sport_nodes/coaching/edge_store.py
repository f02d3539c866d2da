"""Knowledge in a folder: Qdrant Edge, Qdrant's own engine in this process, with its indices on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from sport_nodes.coaching.points import ACTION, ENTRY, FAULT, MEANING, ORIGIN, SHIPPED, WORDS, Found, Point, found
from sport_nodes.errors import InputError

#: Links of a node and candidates while building: Malkov & Yashunin (2018), HNSW, section 4, 5 to 48 and 100 or more.
_LINKS: Final = 16
_BUILD_CANDIDATES: Final = 100
#: Candidates of a search; recall at 10 against exact search is in scripts/knowledge_study.py.
_SEARCH_CANDIDATES: Final = 128
#: The int8 vectors choose so many times the wanted ones, which the stored vectors then put in order.
_OVERSAMPLING: Final = 3.0
#: Smaller stores are searched whole, which is exact [kB of vectors].
_INDEX_FROM_KB: Final = 10_000


class EdgeStore:
    """See stores.Store."""

    def __init__(self, folder: Path, *, dimensions: int) -> None:
        self._shard = _open(folder, dimensions)

    def held(self, ids: Sequence[str]) -> dict[str, str]:
        return {str(p.id): (p.payload or {})[ENTRY] for p in self._shard.retrieve(list(ids), [ENTRY], False)}

    def add(self, points: Sequence[Point]) -> None:
        vectors = [
            {MEANING: p.meaning.tolist(), WORDS: edge.SparseVector(list(p.words), list(p.words.values()))}
            for p in points
        ]
        self._shard.update(
            edge.UpdateOperation.upsert_points(
                [edge.Point(p.id, v, dict(p.payload)) for p, v in zip(points, vectors, strict=True)]
            )
        )

    def keep_shipped(self, ids: Sequence[str]) -> None:
        stale = edge.Filter(must=[_is(ORIGIN, SHIPPED)], must_not=[edge.HasIdCondition(set(ids))])
        self._shard.update(edge.UpdateOperation.delete_points_by_filter(stale))

    def by_meaning(
        self, meaning: NDArray[np.float32], *, action: str | None, fault: str | None, limit: int
    ) -> list[Found]:
        query = edge.Query.Nearest(meaning.tolist(), using=MEANING)
        rescored = edge.QuantizationSearchParams(rescore=True, oversampling=_OVERSAMPLING)
        params = edge.SearchParams(hnsw_ef=_SEARCH_CANDIDATES, quantization=rescored)
        return self._search(query, action, fault, limit, params)

    def by_words(self, words: Mapping[int, float], *, action: str | None, fault: str | None, limit: int) -> list[Found]:
        if not words:
            return []
        query = edge.Query.Nearest(edge.SparseVector(list(words), list(words.values())), using=WORDS)
        return self._search(query, action, fault, limit, None)

    def count(self) -> int:
        return int(self._shard.info().points_count)

    def optimise(self) -> None:
        self._shard.optimize()
        self._shard.flush()

    def close(self) -> None:
        self._shard.close()

    def _search(
        self, query: Any, action: str | None, fault: str | None, limit: int, params: edge.SearchParams | None
    ) -> list[Found]:
        conditions: list[Any] = []
        if action is not None:
            conditions.append(edge.FieldCondition(ACTION, match=edge.MatchAny(["", action])))
        if fault is not None:
            conditions.append(_is(FAULT, fault))
        request = edge.QueryRequest(
            limit=limit,
            query=query,
            filter=edge.Filter(must=conditions) if conditions else None,
            params=params,
            with_payload=[ENTRY],
            with_vector=[MEANING],
        )
        points: list[Any] = self._shard.query(request)
        return [found(p.id, p.score, p.payload, p.vector[MEANING]) for p in points]


def _is(key: str, value: str) -> Any:
    return edge.FieldCondition(key, match=edge.MatchValue(value))


def _open(folder: Path, dimensions: int) -> edge.EdgeShard:
    config = edge.EdgeConfig(
        vectors={
            MEANING: edge.EdgeVectorParams(
                size=dimensions,
                distance=edge.Distance.Cosine,
                # The int8 vectors are kept in memory; the exact ones are only read of the few that are put in order.
                datatype=edge.VectorStorageDatatype.Float16,
                memory=edge.Memory.Cold,
                quantization_config=edge.ScalarQuantizationConfig(edge.ScalarType.Int8, memory=edge.Memory.Pinned),
                hnsw_config=edge.HnswIndexConfig(_LINKS, _BUILD_CANDIDATES, _INDEX_FROM_KB, memory=edge.Memory.Cached),
            )
        },
        sparse_vectors={
            WORDS: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf, memory=edge.Memory.Cached),
        },
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=_INDEX_FROM_KB),
    )
    new = not folder.exists() or not any(folder.iterdir())
    folder.mkdir(parents=True, exist_ok=True)
    try:
        shard = edge.EdgeShard.create(str(folder), config) if new else edge.EdgeShard.load(str(folder), config)
    except Exception as error:
        # The engine's errors have no type of their own.
        raise InputError(
            f"the knowledge in {folder} cannot be opened ({error}); it is in use by another process, or was written "
            "by another version: close the other, or move the folder away and add again"
        ) from error
    if new:
        for key in (ACTION, FAULT, ORIGIN):
            shard.update(edge.UpdateOperation.create_field_index(key, edge.PayloadSchemaType.Keyword))
    return shard
