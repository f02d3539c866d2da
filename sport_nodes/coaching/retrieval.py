"""Finding the entries of the knowledge base that speak to a question: lexical ranking with BM25."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from sport_nodes.coaching.knowledge import Entry, shipped_entries

# Saturation of repeated terms and strength of the length correction: Robertson & Zaragoza (2009), The Probabilistic
# Relevance Framework: BM25 and Beyond, section 3.2, where 0.5..0.8 and 1.2..2 are given as reasonable.
_K1: Final = 1.2
_B: Final = 0.75
#: A word of the question (or of the fault's name) counts as often as this many in the answer.
_QUESTION_WEIGHT: Final = 2
#: Words of a usual entry, to which the length correction refers: the mean of the shipped ones. A constant, so that an
#: entry's weights do not change with the entries beside it and can be stored.
TYPICAL_WORDS: Final = 54
_SHORTEST_STEM: Final = 3

_TOKEN = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]+")
_SUFFIXES: Final = ("ings", "ing", "edly", "ed", "es", "s", "ly")
_COMMON_WORDS: Final = (
    "a an and are as at be by can do does for from has have how i in is it its of on or so that the their them then "
    "they this to was what when where which who why will with you your should"
)
_STOP_WORDS: Final = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True)
class Hit:
    """An entry that was found. score: BM25, higher is better; terms: the query's words that it shares."""

    entry: Entry
    score: float
    terms: tuple[str, ...]


class LexicalIndex:
    """BM25 over a set of entries."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = tuple(entries)
        self._postings: dict[str, dict[int, float]] = defaultdict(dict)
        for number, entry in enumerate(self._entries):
            for term, weight in term_weights(entry).items():
                self._postings[term][number] = weight

    def search(self, query: str, *, action: str | None = None, fault: str | None = None, limit: int = 5) -> list[Hit]:
        """The best entries first; ties keep the order of the knowledge base.

        action: only entries of that action or of all actions. fault: only entries on that fault. With a fault, entries
        that share no word with the query are still found, after the others: they speak about the fault all the same.
        """
        scores: dict[int, float] = defaultdict(float)
        shared: dict[int, list[str]] = defaultdict(list)
        for term in dict.fromkeys(terms(query)):
            postings = self._postings.get(term, {})
            rarity = math.log(1.0 + (len(self._entries) - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, weight in postings.items():
                scores[number] += rarity * weight
                shared[number].append(term)
        if fault is not None:
            scores.update({n: 0.0 for n, e in enumerate(self._entries) if e.fault == fault and n not in scores})
        chosen = [n for n in scores if _matches(self._entries[n], action=action, fault=fault)]
        chosen.sort(key=lambda n: (-scores[n], n))
        return [Hit(self._entries[n], scores[n], tuple(shared.get(n, ()))) for n in chosen[:limit]]


def search(query: str, action: str | None = None, fault: str | None = None, limit: int = 5) -> list[Hit]:
    """Search the shipped knowledge base; see LexicalIndex.search."""
    return _shipped_index().search(query, action=action, fault=fault, limit=limit)


@cache
def _shipped_index() -> LexicalIndex:
    return LexicalIndex(shipped_entries())


def _matches(entry: Entry, *, action: str | None, fault: str | None) -> bool:
    if fault is not None and entry.fault != fault:
        return False
    return action is None or entry.action in ("", action)


def term_weights(entry: Entry) -> dict[str, float]:
    """What each word of an entry adds to its BM25 score, but for the word's rarity among all entries."""
    counts = Counter(terms(weighted_text(entry)))
    saturation = _K1 * (1.0 - _B + _B * counts.total() / TYPICAL_WORDS)
    return {term: count * (_K1 + 1.0) / (count + saturation) for term, count in counts.items()}


def weighted_text(entry: Entry) -> str:
    """What of an entry is searched by words, as often as it counts."""
    names = " ".join((entry.action, entry.stage, entry.dimension, entry.fault)).replace("_", " ")
    return " ".join(
        [f"{entry.question} {names}"] * _QUESTION_WEIGHT
        + [*entry.other_questions, entry.answer, entry.drill, entry.drill_zh]
    )


def terms(text: str) -> list[str]:
    """Stemmed words without the most common ones; Chinese as overlapping pairs of characters."""
    terms: list[str] = []
    for token in _TOKEN.findall(text.lower().replace("_", " ")):
        if token[0] >= "\u4e00":
            terms.extend(_pairs(token))
        elif token not in _STOP_WORDS:
            terms.append(_stem(token))
    return terms


def _pairs(characters: str) -> Sequence[str]:
    return [characters[i : i + 2] for i in range(len(characters) - 1)] or [characters]


def _stem(word: str) -> str:
    """Cuts plural, -ed, -ing and a mute e, so that "flared" and "flaring" meet; the root need not be a word."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            word = word.removesuffix(suffix)
            break
    ends_mute = word.endswith("e") and not word.endswith("ee") and len(word) > _SHORTEST_STEM
    return word[:-1] if ends_mute else word
