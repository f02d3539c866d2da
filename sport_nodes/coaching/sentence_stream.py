"""Sentences out of a model's answer as it comes: plain text, or a JSON object with a list of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from sport_nodes.coaching.sentences import cut_sentences, split_sentences

#: A small model that may answer with an empty list does so.
FEWEST_SENTENCES: Final = 3
_MARKUP: Final = re.compile(r"[*_`#>]+|^\s*(?:[-•]|\d+[.)])\s+", re.MULTILINE)
#: The beginning of such an object; a model that was not held to it may put it between the marks of a code block.
_LIST: Final = re.compile(r"\s*(?:```(?:json)?\s*)?\{[^\[]*\[")
_STRING: Final = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")', re.DOTALL)


def answer_schema(facts: int) -> dict[str, Any]:
    """What a model that can is held to (Ollama's `format`): at most a sentence a fact, lest it go in circles."""
    most = max(FEWEST_SENTENCES, facts)
    sentences = {"type": "array", "items": {"type": "string"}, "minItems": FEWEST_SENTENCES, "maxItems": most}
    return {"type": "object", "properties": {"sentences": sentences}, "required": ["sentences"]}


def sentences_of(pieces: Iterator[str]) -> Iterator[str]:
    """The sentences as they are completed, without markup. What is neither text nor such an object ends them."""
    rest = ""
    for piece in pieces:
        rest += piece
        if rest.lstrip()[:1] in ("{", "`"):
            yield from _from_list(rest, pieces)
            return
        if rest.strip():
            break
    complete, rest = cut_sentences(rest)
    yield from _plain(complete)
    for piece in pieces:
        complete, rest = cut_sentences(rest + piece)
        yield from _plain(complete)
    yield from _plain(split_sentences(rest))


def _from_list(text: str, pieces: Iterator[str]) -> Iterator[str]:
    position = 0
    for piece in _with_end(pieces):
        if not position and (begin := _LIST.match(text)):
            position = begin.end()
        while position and (found := _STRING.match(text, position)):
            position = found.end()
            yield from _plain(split_sentences(_decoded(found[1])))
        text += piece


def _with_end(pieces: Iterator[str]) -> Iterator[str]:
    """One turn more, for what the last piece completed."""
    yield from pieces
    yield ""


def _decoded(string: str) -> str:
    try:
        return str(json.loads(string, strict=False))
    except json.JSONDecodeError:
        return ""  # an escape that JSON does not know


def _plain(sentences: list[str]) -> Iterator[str]:
    yield from filter(None, (_MARKUP.sub("", sentence).strip() for sentence in sentences))
