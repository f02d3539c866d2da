"""Reads files of knowledge: Markdown and PDF in pieces, JSON lines as entries, one entry after the other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sport_nodes.coaching.knowledge import Entry, each_entry
from sport_nodes.errors import InputError

#: Length in characters that a piece of running text is split at, at the end of a paragraph.
_PIECE_LENGTH: Final = 900
_ID_LENGTH: Final = 16
_HEADING: Final = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def files_of_knowledge(folder: Path) -> list[Path]:
    """The files below a folder that can be read, in order.

    Raises InputError for a missing folder, or one without such files.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; give one with .md, .jsonl or .pdf files")
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() in _READERS)
    if not files:
        raise InputError(f"{folder} holds no .md, .jsonl or .pdf file")
    return files


def read_file(path: Path) -> Iterator[Entry]:
    """The entries of a file as they are read. Raises InputError where it cannot be read."""
    return _READERS[path.suffix.lower()](path)


def _from_lines(path: Path) -> Iterator[Entry]:
    for entry in each_entry(path):
        # The file's ids may be those of other entries.
        yield Entry(**{**asdict(entry), "id": _new_id(f"{entry.id} {entry.question} {entry.answer}")})


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


_READERS: Final[dict[str, Callable[[Path], Iterator[Entry]]]] = {
    ".jsonl": _from_lines,
    ".md": _from_markdown,
    ".pdf": _from_pdf,
}


def _split(heading: str, text: str, *, source: str) -> Iterator[Entry]:
    """Pieces of whole paragraphs, as long as may be."""
    piece = ""
    for paragraph in [*(" ".join(p.split()) for p in re.split(r"\n\s*\n", text)), ""]:
        if piece and (not paragraph or len(piece) + len(paragraph) > _PIECE_LENGTH):
            yield Entry(id=_new_id(f"{source} {heading} {piece}"), question=heading, answer=piece, source=source)
            piece = ""
        piece = f"{piece} {paragraph}".strip()


def _new_id(text: str) -> str:
    return f"added-{hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]}"
