"""Finds the action's own words for its metrics and their deviations in a clause, whatever stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sport_nodes.coaching.claims import FAULT, PRAISE, Clause, clause_of, sides_of
from sport_nodes.coaching.evidence import Evidence, labels_of
from sport_nodes.coaching.facts import Facts
from sport_nodes.coaching.lexicon import lexicon
from sport_nodes.coaching.retrieval import terms
from sport_nodes.diagnosis.findings import DEVIATES

_ORDER = re.compile(r"\W*([a-z]+?)\s+(?:your|the|both)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class _Label:
    """deviates: the words of a deviation, else of the metric itself. is_true: this trial deviates so."""

    metric: str
    text: str
    stems: frozenset[str]
    sides: tuple[str, ...]
    deviates: bool
    is_true: bool


class KnownLabels:
    """All labels of an action's metrics, with which of them are true of a trial."""

    def __init__(self, facts: Facts, evidence: Iterable[Evidence], language: str) -> None:
        self._language = language
        self._lexicon = lexicon(language)
        self._places = labels_of(facts, language)
        self._evidence: dict[str, list[Evidence]] = {}
        for item in evidence:
            self._evidence.setdefault(item.name.removeprefix("metric:"), []).append(item)
        signs = {(f.metric, f.deviation < 0) for f in facts.diagnosis.findings if f.verdict == DEVIATES}
        self._labels: list[_Label] = []
        for metric in facts.action.metrics:
            for text, is_low in ((metric.low_label, True), (metric.high_label, False)):
                self._add(
                    metric.name, text.in_language(language), deviates=True, is_true=(metric.name, is_low) in signs
                )
            self._add(metric.name, metric.label.in_language(language), deviates=False, is_true=False)

    def _add(self, metric: str, text: str, *, deviates: bool, is_true: bool) -> None:
        sides = sides_of(text.lower(), self._language)
        self._labels.append(_Label(metric, text, frozenset(terms(text)), sides, deviates, is_true))

    @property
    def words(self) -> set[str]:
        """All words of all labels."""
        return {stem for label in self._labels for stem in label.stems}

    def without_labels(self, text: str) -> str:
        """A text without the labels that it names as they are written."""
        for label in self._labels:
            text = re.sub(re.escape(label.text), " ", text, flags=re.IGNORECASE)
        return text

    def check(self, clause: Clause) -> tuple[str, ...] | None:
        """What bears a clause that names labels, () where one of them is not true; None where it names none."""
        named = self._named(clause.text)
        if not named:
            return None
        if any(label.deviates for label in named):
            if self._orders(clause.text, named):
                return ()
            true = [label for label in named if label.is_true]
            return () if self._is_denied(named) else self._bearing(true, clause.text, allowed=("", FAULT))
        return self._bearing(named, clause.text, allowed=("", FAULT, PRAISE))

    def names_deviation(self, text: str) -> bool:
        """The text names a deviation, be it one of this trial or not."""
        return any(label.deviates for label in self._named(text))

    def denies(self, text: str) -> bool:
        """The text names a deviation that this trial does not have."""
        return self._is_denied(self._named(text))

    @staticmethod
    def _orders(text: str, named: Sequence[_Label]) -> bool:
        """It asks for the deviation: "flare your elbow out"."""
        order = _ORDER.match(text)
        return order is not None and any({*terms(order[1])} & label.stems for label in named)

    def _is_denied(self, named: Sequence[_Label]) -> bool:
        # Several metrics can share the words of a deviation: one that is true bears them.
        wordings = {(label.stems, label.sides) for label in named if label.deviates}
        return wordings != {(label.stems, label.sides) for label in named if label.is_true}

    def _named(self, text: str) -> list[_Label]:
        """The labels whose words all occur, without those that are part of a longer one that does."""
        stems, sides = frozenset(terms(text)), sides_of(text.lower(), self._language)
        found = [
            label
            for label in self._labels
            if label.stems <= stems and (len(label.sides) < 2 or label.sides == sides[: len(label.sides)])
        ]
        return [label for label in found if not any(label.stems < other.stems for other in found)]

    def _bearing(self, labels: Sequence[_Label], text: str, *, allowed: tuple[str, ...]) -> tuple[str, ...]:
        """The metrics whose evidence bears what the clause says beside their labels."""
        rest = clause_of(self._without(text, labels), self._lexicon, language=self._language, labels=self._places)
        items = [item for label in labels for item in self._evidence.get(label.metric, ())]
        if (
            rest.unmeasured
            or rest.polarity not in allowed
            or (PRAISE not in allowed and self._lexicon.negation.search(rest.text))
        ):
            return ()
        bearing = [
            item
            for item in items
            if (PRAISE not in allowed or rest.polarity in ("", item.polarity))
            and rest.directions <= item.directions | {direction for _, direction in item.pairs}
            and all(item.has_number(number) for number in rest.numbers)
            and rest.phrases <= item.phrases
            and (set(rest.sides) <= item.sides or set(rest.sides) == {"left", "right"})
        ]
        parts = frozenset(part for item in bearing for part in item.parts)
        return tuple(dict.fromkeys(item.name for item in bearing)) if bearing and rest.parts <= parts else ()

    def _without(self, text: str, labels: Sequence[_Label]) -> str:
        if self._language == "zh":
            for label in labels:
                text = text.replace(label.text, "")
            return text
        stems = frozenset(stem for label in labels for stem in label.stems)
        return _WORD.sub(lambda word: "" if set(terms(word.group())) & stems else word.group(), text)
