"""What a store keeps of an entry: a vector of its meaning, the weights of its words, and the entry itself."""

from __future__ import annotations

import json
import re
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sport_nodes.coaching.embedding import Embedder
from sport_nodes.coaching.knowledge import Entry
from sport_nodes.coaching.retrieval import term_weights, terms

#: Names of the two vectors and of the payload's fields, in every store.
MEANING: Final = "meaning"
WORDS: Final = "words"
ENTRY: Final = "entry"
ACTION: Final = "action"
FAULT: Final = "fault"
ORIGIN: Final = "origin"
#: Where an entry came from.
SHIPPED: Final = "shipped"
ADDED: Final = "added"


@dataclass(frozen=True)
class Point:
    """An entry ready to be stored. meaning: (D,); words: the weight of each word by its number."""

    id: str
    meaning: NDArray[np.float32]
    words: Mapping[int, float]
    payload: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """A stored entry that a search found, the likeness to what was looked for, and its vector of meaning."""

    id: str
    entry: Entry
    score: float
    meaning: NDArray[np.float32]


def point_id(entry: Entry) -> str:
    """The same for the same words, whatever their case, spaces and points, so that a double is stored once."""
    words = " ".join(re.findall(r"\w+", f"{entry.question} {entry.answer}".lower()))
    return str(uuid.uuid5(uuid.NAMESPACE_OID, words))


def points_of(entries: Sequence[Entry], embedder: Embedder, *, origin: str) -> list[Point]:
    """The points of entries, in their order. origin: SHIPPED or ADDED."""
    return [
        Point(point_id(entry), meaning, numbered(term_weights(entry)), payload_of(entry, origin=origin))
        for entry, meaning in zip(entries, meanings(entries, embedder), strict=True)
    ]


def payload_of(entry: Entry, *, origin: str) -> dict[str, str]:
    """What is stored beside the vectors: the entry, and what can be filtered by."""
    text = json.dumps({k: v for k, v in asdict(entry).items() if v}, ensure_ascii=False)
    return {ENTRY: text, ACTION: entry.action, FAULT: entry.fault, ORIGIN: origin}


def found(point: Any, score: float, payload: Mapping[str, Any], meaning: Any) -> Found:
    """A store's answer as Found."""
    return Found(str(point), Entry(**json.loads(payload[ENTRY])), score, np.asarray(meaning, dtype=np.float32))


def numbered(weights: Mapping[str, float]) -> dict[int, float]:
    """Weights by the words' numbers: 32 bits of a hash, so that two words of a query as good as never meet."""
    return {zlib.crc32(word.encode()): weight for word, weight in weights.items()}


def query_words(query: str) -> dict[int, float]:
    """The words of a query by their numbers, each once."""
    return numbered(dict.fromkeys(terms(query), 1.0))


def meanings(entries: Sequence[Entry], embedder: Embedder) -> NDArray[np.float32]:
    """(N, D): the mean direction of an entry's views (see views_of)."""
    views = [views_of(entry) for entry in entries]
    vectors = embedder([text for texts in views for text in texts])
    starts = np.cumsum([0, *map(len, views[:-1])])
    total = np.add.reduceat(vectors, starts, axis=0) if views else vectors
    return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True), dtype=np.float32)


def views_of(entry: Entry) -> list[str]:
    """Question, other ways of asking, answer, and question and answer together with the names of action and fault.

    People ask in the words of the question as often as in those of the answer, and as one text a long answer outweighs
    the question.
    """
    whole = " ".join((entry.question, entry.answer, entry.action, entry.fault)).replace("_", " ")
    return [entry.question, *entry.other_questions, entry.answer, whole]
