"""How often the coach's search finds the right entries, by words, by meaning, and by both.

Run it: python -m sport_nodes.bench.retrieval test/coaching/questions.jsonl
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from sport_nodes.coaching.hybrid import HybridIndex, VectorIndex
from sport_nodes.coaching.knowledge import Entry, shipped_entries
from sport_nodes.coaching.retrieval import LexicalIndex

_LIMIT: Final = 5

Search = Callable[[str, str], Sequence[Entry]]


def figures(questions: Sequence[dict[str, Any]], search: Search) -> tuple[float, float]:
    """Shares of questions with a right entry first, and with one among the first five."""
    first = found = 0
    for question in questions:
        ids = [entry.id for entry in search(question["question"], question["action"])]
        right = set(question["right"])
        first += bool(right & set(ids[:1]))
        found += bool(right & set(ids[:_LIMIT]))
    return first / len(questions), found / len(questions)


def main() -> None:
    """Print the figures of the three searches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, help='JSON lines of {"question", "action", "right": [ids]}')
    questions = [json.loads(line) for line in parser.parse_args().questions.read_text(encoding="utf-8").splitlines()]
    entries = shipped_entries()
    words, vectors, both = LexicalIndex(entries), VectorIndex(entries), HybridIndex(entries)
    searches: dict[str, Search] = {
        "words": lambda q, action: [hit.entry for hit in words.search(q, action=action)],
        "meaning": lambda q, action: vectors.search(q, action=action, fault=None, limit=_LIMIT),
        "both": lambda q, action: [hit.entry for hit in both.search(q, action=action)],
    }
    for name, search in searches.items():
        first, found = figures(questions, search)
        print(f"{name:8s} first right {first:.3f}, right among the first {_LIMIT} {found:.3f}")


if __name__ == "__main__":
    main()
