"""The coach's knowledge base: entries with their source, read from JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from sport_nodes.errors import InputError
from sport_nodes.paths import share_directory

_REQUIRED = ("id", "question", "answer", "source")


@dataclass(frozen=True)
class Entry:
    """One question with its answer, in the project's own words, and the published source it follows.

    asked_as: other ways of asking the same, in everyday words, with " | " between them; search reads them.
    action, stage, dimension, fault: names of config/actions, "" for all. level: beginner, intermediate, advanced, any.
    drill, drill_zh: what to practise, "" where there is nothing. contraindication: when not to.
    """

    id: str
    question: str
    answer: str
    source: str
    action: str = ""
    stage: str = ""
    dimension: str = ""
    fault: str = ""
    level: str = "any"
    drill: str = ""
    drill_zh: str = ""
    contraindication: str = ""
    asked_as: str = ""

    @property
    def other_questions(self) -> tuple[str, ...]:
        """The ways of asking that asked_as holds."""
        return tuple(filter(None, map(str.strip, self.asked_as.split("|"))))

    def drill_in(self, language: str) -> str:
        """The drill in `language`, "" where the entry has none in it."""
        return self.drill_zh if language == "zh" else self.drill


def read_entries(path: Path) -> tuple[Entry, ...]:
    """All entries of a JSON-lines file.

    Raises InputError naming the line that is not an entry, lacks a required field, or repeats an id.
    """
    entries: dict[str, Entry] = {}
    for number, entry in _numbered_entries(path):
        if entry.id in entries:
            raise InputError(f"{path.name} line {number} repeats the id '{entry.id}'; ids must be unique")
        entries[entry.id] = entry
    return tuple(entries.values())


def each_entry(path: Path) -> Iterator[Entry]:
    """The entries of a JSON-lines file as they are read, however long it is; an id may come again.

    Raises InputError naming the line that is not an entry, or lacks a required field.
    """
    return (entry for _, entry in _numbered_entries(path))


def read_folder(folder: Path) -> tuple[Entry, ...]:
    """All entries of a folder's JSON-lines files. Raises InputError as read_entries does, also across files."""
    entries: dict[str, Entry] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for entry in read_entries(path):
            if entry.id in entries:
                raise InputError(f"{path.name} repeats the id '{entry.id}' of another file; ids must be unique")
            entries[entry.id] = entry
    return tuple(entries.values())


@cache
def shipped_entries() -> tuple[Entry, ...]:
    """The knowledge base that comes with the package: every JSON-lines file of its folder, in the order of names."""
    return read_folder(share_directory() / "knowledge")


def _numbered_entries(path: Path) -> Iterator[tuple[int, Entry]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _entry(line, where=f"{path.name} line {number}")


def _entry(line: str, *, where: str) -> Entry:
    try:
        data: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{where} is not JSON ({error.msg}); every line must be one JSON object") from error
    known = {f.name for f in fields(Entry)}
    if not isinstance(data, dict) or not all(isinstance(v, str) for v in data.values()):
        raise InputError(f"{where} is not an object of texts; expected the fields {', '.join(sorted(known))}")
    if missing := [name for name in _REQUIRED if not data.get(name)]:
        raise InputError(f"{where} lacks {', '.join(missing)}; every entry needs {', '.join(_REQUIRED)}")
    if unknown := sorted(set(data) - known):
        raise InputError(f"{where} has the unknown field {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return Entry(**data)
