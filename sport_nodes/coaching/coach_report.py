"""The result of coaching."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Improvement:
    """One thing to work on. evidence: names of the metrics and root causes it rests on."""

    title: str
    cue: str
    drill: str
    check: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class CoachReport:
    """Words for the teacher (text) and the student (student_text).

    source: "template", or "ollama:<model>". claims, rejected_claims: how many statements of a model's text were
    checked and how many were struck. evidence: for each sentence of `text`, what it rests on.
    """

    action: str
    language: str
    text: str
    student_text: str
    dimensions: dict[str, str]
    strengths: tuple[str, ...]
    improvements: tuple[Improvement, ...]
    source: str
    claims: int
    rejected_claims: int
    evidence: tuple[tuple[str, tuple[str, ...]], ...]
