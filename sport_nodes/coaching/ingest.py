"""Adds a folder of Markdown, JSON lines and PDF to the knowledge that `sport knowledge search` looks through."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sport_nodes.coaching.knowledge import Entry, read_entries, shipped_entries
from sport_nodes.errors import InputError
from sport_nodes.paths import data_directory

#: Length in characters that a piece of running text is split at, at the end of a paragraph.
_PIECE_LENGTH: Final = 900
_ID_LENGTH: Final = 16
_HEADING: Final = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


@dataclass(frozen=True)
class Added:
    """files: read now; known_files: unchanged since they were added; entries: new; doubles: left out."""

    files: int
    known_files: int
    entries: int
    doubles: int


def store_directory() -> Path:
    """Where added entries and their embeddings are kept."""
    return data_directory() / "knowledge"


def added_entries(store: Path) -> tuple[Entry, ...]:
    """What was added so far; of a file that was being added when the program ended, nothing."""
    done, path = _done_files(store), store / "added"
    return tuple(e for name in sorted(done) for e in read_entries(path / f"{name}.jsonl"))


def add_folder(folder: Path, store: Path, *, progress: Callable[[str], None] = lambda name: None) -> Added:
    """Add every Markdown, JSON-lines and PDF file below a folder, one file at a time.

    Each file is written whole before the next is read: run again after an interruption, it goes on where it stopped.
    Raises InputError for a missing folder, one without such files, or a file that cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; give one with .md, .jsonl or .pdf files")
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in _READERS)
    if not files:
        raise InputError(f"{folder} holds no .md, .jsonl or .pdf file")
    done = _done_files(store)
    seen = {_words(entry) for entry in (*shipped_entries(), *added_entries(store))}
    (store / "added").mkdir(parents=True, exist_ok=True)
    known = entries = doubles = 0
    for path in files:
        name = _digest(path.read_bytes())
        if name in done:
            known += 1
            continue
        fresh = []
        for entry in _READERS[path.suffix.lower()](path):
            if (words := _words(entry)) in seen:
                doubles += 1
                continue
            seen.add(words)
            fresh.append(entry)
        lines = "".join(json.dumps(asdict(entry), ensure_ascii=False) + "\n" for entry in fresh)
        unfinished = store / "added" / f"{name}.part"
        unfinished.write_text(lines, encoding="utf-8")
        unfinished.replace(store / "added" / f"{name}.jsonl")
        done.add(name)
        entries += len(fresh)
        progress(str(path.relative_to(folder)))
    return Added(len(files) - known, known, entries, doubles)


def _done_files(store: Path) -> set[str]:
    return {path.stem for path in (store / "added").glob("*.jsonl")}


def _from_lines(path: Path) -> Iterator[Entry]:
    for entry in read_entries(path):
        # The file's ids may be those of other entries.
        yield Entry(**{**asdict(entry), "id": f"added-{_digest(f'{entry.id} {_words(entry)}'.encode())}"})


def _from_markdown(path: Path) -> Iterator[Entry]:
    pieces = _HEADING.split(path.read_text(encoding="utf-8"))
    for heading, text in zip([path.stem, *pieces[1::2]], pieces[::2], strict=True):
        yield from _split(heading, text, source=path.name)


def _from_pdf(path: Path) -> Iterator[Entry]:
    if find_spec("pypdf") is None:
        raise InputError(f"{path.name} needs pypdf, which is not installed; install the extra 'coach'")
    from pypdf import PdfReader
    from pypdf.errors import PdfReadError

    try:
        for number, page in enumerate(PdfReader(path).pages, start=1):
            yield from _split(path.stem, page.extract_text(), source=f"{path.name}, page {number}")
    except PdfReadError as error:
        raise InputError(
            f"{path.name} is not a PDF that can be read ({error}); save it anew or leave it out"
        ) from error


_READERS: Final = {".jsonl": _from_lines, ".md": _from_markdown, ".pdf": _from_pdf}


def _split(heading: str, text: str, *, source: str) -> Iterator[Entry]:
    """Pieces of whole paragraphs, as long as may be."""
    piece = ""
    for paragraph in [*(" ".join(p.split()) for p in re.split(r"\n\s*\n", text)), ""]:
        if piece and (not paragraph or len(piece) + len(paragraph) > _PIECE_LENGTH):
            digest = _digest(f"{source} {heading} {piece}".encode())
            yield Entry(id=f"added-{digest}", question=heading, answer=piece, source=source)
            piece = ""
        piece = f"{piece} {paragraph}".strip()


def _words(entry: Entry) -> str:
    """What makes two entries the same, whatever their case, spaces and points."""
    return " ".join(re.findall(r"\w+", f"{entry.question} {entry.answer}".lower()))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_ID_LENGTH]
