"""How often the coach's search finds the right entries, by words, by meaning, and by both."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from sport_nodes.coaching.embedding import MiniLM
from sport_nodes.coaching.hybrid import open_index
from sport_nodes.coaching.knowledge import Entry, shipped_entries
from sport_nodes.coaching.retrieval import LexicalIndex
from sport_nodes.coaching.stores import IN_MEMORY
from sport_nodes.errors import InputError

_LIMIT: Final = 5

Search = Callable[[str, str], Sequence[Entry]]


def evaluate_retrieval(questions_file: Path) -> dict[str, Any]:
    """Figures of the three searches over the shipped entries.

    questions_file: JSON lines of {"question", "action", "right": [ids]}. Raises InputError where it is not that.
    """
    try:
        lines = questions_file.read_text(encoding="utf-8").splitlines()
        questions = [(q["question"], q["action"], set(q["right"])) for q in map(json.loads, lines)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{questions_file} cannot be read ({error}); expected JSON lines of "
            '{"question": TEXT, "action": NAME, "right": [IDS]}'
        ) from error
    embedder, words = MiniLM(), LexicalIndex(shipped_entries())
    index = open_index(IN_MEMORY, embedder)
    searches: dict[str, Search] = {
        "words": lambda q, action: [hit.entry for hit in words.search(q, action=action)],
        "meaning": lambda q, action: [
            hit.entry for hit in index.store.by_meaning(embedder([q])[0], action=action, fault=None, limit=_LIMIT)
        ],
        "both": lambda q, action: [hit.entry for hit in index.search(q, action=action, limit=_LIMIT)],
    }
    rows = {}
    for name, search in searches.items():
        found = [([entry.id for entry in search(q, action)], right) for q, action, right in questions]
        rows[name] = {
            "first": sum(bool(right & set(ids[:1])) for ids, right in found) / len(questions),
            "found": sum(bool(right & set(ids[:_LIMIT])) for ids, right in found) / len(questions),
        }
    return {"questions": len(questions), "entries": len(shipped_entries()), "searches": rows}
