"""Knowledge on a Qdrant server or cluster, or in the memory of this process, through qdrant-client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

from sport_nodes.coaching.points import ACTION, ENTRY, FAULT, MEANING, ORIGIN, SHIPPED, WORDS, Found, Point, found
from sport_nodes.errors import InputError

#: A server may index while it is asked [s].
_TIMEOUT_S: Final = 60


class QdrantStore:
    """See stores.Store. where: a URL, or ":memory:"."""

    def __init__(self, where: str, *, collection: str, dimensions: int) -> None:
        is_local = where == ":memory:"
        self._collection = collection
        self._client = (
            QdrantClient(where)
            if is_local
            else QdrantClient(url=where, timeout=_TIMEOUT_S, trust_env=False, check_compatibility=False)
        )
        try:
            if not self._client.collection_exists(collection):
                self._create(dimensions)
                if not is_local:  # which has no indices
                    for key in (ACTION, FAULT, ORIGIN):
                        self._client.create_payload_index(collection, key, models.PayloadSchemaType.KEYWORD, wait=True)
            size = self._client.get_collection(collection).config.params.vectors[MEANING].size
        except (ApiException, OSError) as error:
            raise InputError(
                f"the Qdrant server at {where} gave no answer that could be used ({error}); start it, or leave --store "
                "away to keep knowledge on this machine"
            ) from error
        if size != dimensions:
            raise InputError(f"'{collection}' at {where} holds vectors of {size} numbers, the model gives {dimensions}")

    def held(self, ids: Sequence[str]) -> dict[str, str]:
        return {str(p.id): p.payload[ENTRY] for p in self._client.retrieve(self._collection, list(ids), [ENTRY])}

    def add(self, points: Sequence[Point]) -> None:
        structs = [
            models.PointStruct(
                id=p.id,
                vector={
                    MEANING: p.meaning.tolist(),
                    WORDS: models.SparseVector(indices=list(p.words), values=list(p.words.values())),
                },
                payload=dict(p.payload),
            )
            for p in points
        ]
        self._client.upsert(self._collection, structs, wait=True)

    def keep_shipped(self, ids: Sequence[str]) -> None:
        stale = models.Filter(must=[_is(ORIGIN, SHIPPED)], must_not=[models.HasIdCondition(has_id=list(ids))])
        self._client.delete(self._collection, models.FilterSelector(filter=stale), wait=True)

    def by_meaning(
        self, meaning: NDArray[np.float32], *, action: str | None, fault: str | None, limit: int
    ) -> list[Found]:
        return self._search(meaning.tolist(), MEANING, action, fault, limit)

    def by_words(self, words: Mapping[int, float], *, action: str | None, fault: str | None, limit: int) -> list[Found]:
        if not words:
            return []
        query = models.SparseVector(indices=list(words), values=list(words.values()))
        return self._search(query, WORDS, action, fault, limit)

    def count(self) -> int:
        return int(self._client.count(self._collection).count)

    def optimise(self) -> None:
        """A server does so by itself."""

    def close(self) -> None:
        self._client.close()

    def _search(self, query: Any, using: str, action: str | None, fault: str | None, limit: int) -> list[Found]:
        conditions: list[Any] = []
        if action is not None:
            conditions.append(models.FieldCondition(key=ACTION, match=models.MatchAny(any=["", action])))
        if fault is not None:
            conditions.append(_is(FAULT, fault))
        answer = self._client.query_points(
            self._collection,
            query=query,
            using=using,
            query_filter=models.Filter(must=conditions),
            limit=limit,
            with_payload=[ENTRY],
            with_vectors=[MEANING],
        )
        return [found(p.id, p.score, p.payload, p.vector[MEANING]) for p in answer.points]

    def _create(self, dimensions: int) -> None:
        int8 = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
        self._client.create_collection(
            self._collection,
            vectors_config={
                MEANING: models.VectorParams(
                    size=dimensions,
                    distance=models.Distance.COSINE,
                    datatype=models.Datatype.FLOAT16,
                    on_disk=True,
                    quantization_config=models.ScalarQuantization(scalar=int8),
                )
            },
            sparse_vectors_config={WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )


def _is(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
