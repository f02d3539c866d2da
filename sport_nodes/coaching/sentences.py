"""Text in sentences, each with what it rests on."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Ends at a full stop, question or exclamation mark that is followed by a space (or is Chinese), and at line breaks;
# closing quotes and brackets stay with their sentence. "1.5" and "e.g. x" of lower case do not end one.
_END = re.compile(r"(?<=[.!?])[”\"')\]]*\s+(?=[^a-z\s])|(?<=[。！？])(?![”」』）])|(?<=[。！？][”」』）])|\n+")


@dataclass(frozen=True)
class Sentence:
    """A statement and the names of what it rests on.

    Evidence reads `metric:NAME`, `cause:NAME`, `stage:NAME`, `keyframe:NAME`, `attribute:NAME`, `keypoint:DIMENSION`,
    `knowledge:ID`, `progress:METRIC`, `total`, `alignment` or `rule:NAME`.
    """

    text: str
    evidence: tuple[str, ...]


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, without the white space between them."""
    pieces: list[str] = []
    begin = 0
    for match in _END.finditer(text):
        # A closing quote belongs to the sentence before it.
        closing = len(match.group()) - len(match.group().lstrip("”\"')]"))
        pieces.append(text[begin : match.start() + closing])
        begin = match.end()
    pieces.append(text[begin:])
    return [piece.strip() for piece in pieces if piece.strip()]


def cut_sentences(text: str) -> tuple[list[str], str]:
    """The sentences of a growing text that are complete, and the rest."""
    ends = [match.end() for match in _END.finditer(text)]
    return (split_sentences(text[: ends[-1]]), text[ends[-1] :]) if ends else ([], text)
