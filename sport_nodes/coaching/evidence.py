"""The facts of a trial in the form that claims are checked against."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sport_nodes.coaching.claims import (
    FAULT,
    POINTS,
    PRAISE,
    Clause,
    Number,
    direction_words,
    found_directions,
    numbers_of,
    phrases_of,
)
from sport_nodes.coaching.facts import STRONG_STAGE_POINTS, Advice, Facts
from sport_nodes.coaching.lexicon import EARLY, LATE, LESS, MORE, OPPOSITE, lexicon
from sport_nodes.coaching.words import deviation_words, metric_words
from sport_nodes.diagnosis.findings import DEVIATES, WITHIN_TOLERANCE, Finding
from sport_nodes.scoring.scores import GRADE_BOUNDS

#: A number with its unit and its role (see claims.Number); role "" is any.
_Quantity = tuple[float, str, str]
#: Below "fair" a stage may be named as one to work on.
_ROUNDING = 1e-9
_WEAK_STAGE_POINTS = GRADE_BOUNDS[1]
_FULL_SCORE: _Quantity = (100.0, POINTS, "")
_INTERVAL_PERCENT: _Quantity = (90.0, "%", "")


@dataclass(frozen=True)
class Evidence:
    """One thing that is known. pairs: (subject, direction) that are true of it; sides: () for both alike."""

    name: str
    polarity: str
    parts: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    directions: frozenset[str] = frozenset()
    direction_words: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()
    sides: frozenset[str] = frozenset()
    phrases: frozenset[str] = frozenset()
    numbers: tuple[_Quantity, ...] = ()
    of_score: bool = False

    def bears(self, clause: Clause) -> bool:
        """Everything that the clause claims follows from this."""
        return (
            self.is_about(clause)
            and self._bears_direction(clause)
            and clause.polarity in ("", self.polarity)
            and clause.of_score <= self.of_score
            and all(self.has_number(number) for number in clause.numbers)
        )

    def is_about(self, clause: Clause) -> bool:
        """What the clause speaks of is part of what this speaks of; points without a stage are the total's."""
        return (
            not (self.of_score and self.phrases and not clause.phrases)
            and clause.parts <= self.parts
            and clause.subjects <= self.subjects
            and clause.phrases <= self.phrases
            and (set(clause.sides) <= self.sides or (set(clause.sides) == {"left", "right"} and not self.sides))
        )

    def has_number(self, number: Number) -> bool:
        """It is one of this evidence's, within rounding. A sign may be left out, as in "54° behind", but not added."""
        return any(
            abs(abs(value) - number.value) <= number.half_step + _ROUNDING
            and (not number.units or unit in number.units)
            and (not role or role == number.role or (role == "value" and number.role == "time"))
            and not (number.negative and value > number.half_step)
            for value, unit, role in self.numbers
        )

    def _bears_direction(self, clause: Clause) -> bool:
        if not clause.parts and not clause.subjects and not self.of_score:
            # "The landing was stiff" names a finding by its own word; "the landing was bad" is about the whole stage.
            return bool(clause.direction_words & self.direction_words)
        if clause.directions and clause.subjects:
            return all(any((s, d) in self.pairs for s in clause.subjects) for d in clause.directions)
        return clause.directions <= self.directions


def evidence_of(facts: Facts, language: str) -> tuple[Evidence, ...]:
    """All that may be claimed about the trial."""
    items = [*_score(facts), *_stages(facts, language)]
    for finding in facts.assessed:
        items.extend(_finding(finding, facts, language))
    items.extend(_advice(advice, facts, language) for advice in facts.advice)
    return tuple(items)


def labels_of(facts: Facts, language: str) -> tuple[str, ...]:
    """The labels of stages and keyframes, in the language."""
    return tuple(dict.fromkeys(_named_labels(facts, language).values()))


def _named_labels(facts: Facts, language: str) -> dict[str, str]:
    """By name; a stage goes before a keyframe of the same name, which it begins or ends with."""
    keyframes = {k.name: k.label.in_language(language) for k in facts.action.keyframes}
    return keyframes | {s.name: s.label.in_language(language) for s in facts.action.stages}


def _score(facts: Facts) -> Iterator[Evidence]:
    scores = facts.scores
    if facts.scored:
        numbers = tuple((value, POINTS, "") for value in (scores.value, scores.low, scores.high))
        polarity = PRAISE if scores.value >= STRONG_STAGE_POINTS else FAULT if scores.value < _WEAK_STAGE_POINTS else ""
        yield Evidence("total", polarity, numbers=(*numbers, _FULL_SCORE, _INTERVAL_PERCENT), of_score=True)


def _stages(facts: Facts, language: str) -> Iterator[Evidence]:
    labels = {s.name: s.label.in_language(language) for s in facts.action.stages}
    best_and_worst = [stage.name for stage in facts.distinct_stages or ()]
    for stage in facts.scores.stages if facts.scored else ():
        if not math.isfinite(stage.score):
            continue
        praised = stage in facts.strong_stages or stage.name in best_and_worst[:1]
        faulted = stage.score < _WEAK_STAGE_POINTS or stage.name in best_and_worst[1:]
        numbers = (*((value, POINTS, "") for value in (stage.score, stage.low, stage.high)), _FULL_SCORE)
        for polarity in [PRAISE] * bool(praised) + [FAULT] * bool(faulted) or [""]:
            yield Evidence(
                f"stage:{stage.name}",
                polarity,
                phrases=frozenset({labels.get(stage.name, stage.name)}),
                numbers=numbers,
                of_score=True,
            )


def _finding(finding: Finding, facts: Facts, language: str) -> Iterator[Evidence]:
    """The finding; one of a difference between the sides also as what it says of each side."""
    metric = metric_words(facts.action, finding.metric, language)
    deviates = finding.verdict == DEVIATES
    label = deviation_words(facts.action, finding.metric, finding.deviation, language) if deviates else metric
    polarity = FAULT if deviates else PRAISE if finding.verdict == WITHIN_TOLERANCE else ""
    item = _from_words(f"metric:{finding.metric}", polarity, (label, metric), facts, language)
    sign = LESS if finding.deviation < 0 else MORE
    # Less of a moment is earlier.
    signs = {sign, {LESS: EARLY, MORE: LATE}[sign]} if finding.unit == "s" else {sign}
    pairs = item.pairs | {(s, d) for s in _subjects(metric, language) for d in signs} if deviates else frozenset()
    directions = (item.directions or frozenset({sign})) if deviates else frozenset()
    spec = next((m for m in facts.action.metrics if m.name == finding.metric), None)
    named = _named_labels(facts, language)
    where = {finding.stage, *((spec.at, spec.relative_to, *spec.over, *spec.between) if spec else ())}
    unit = finding.unit
    quantities = (
        (finding.value, unit, "value"),
        (finding.target, unit, "target"),
        (finding.deviation, unit, "deviation"),
        (finding.tolerance, unit, "tolerance"),
        (finding.mdc95, unit, "error"),
        (finding.time_s, "s", "time"),
    )
    item = replace(
        item,
        directions=directions,
        pairs=frozenset(pairs),
        sides=frozenset({finding.side} - {""}),
        phrases=item.phrases | {named[name] for name in where if name in named},
        numbers=tuple(quantity for quantity in quantities if math.isfinite(quantity[0])),
    )
    if spec is None or spec.sides != "difference":
        yield item
        return
    # "Left minus right": too little of it means less on the left, and more on the right.
    yield replace(item, sides=frozenset({"left"}))
    turned = frozenset((subject, OPPOSITE[d]) for subject, d in item.pairs)
    yield replace(item, sides=frozenset({"right"}), directions=frozenset(OPPOSITE[d] for d in directions), pairs=turned)
    even = item.subjects | {"symmetry"}
    yield replace(item, subjects=even, directions=frozenset(), pairs=frozenset(), direction_words=frozenset())


def _advice(advice: Advice, facts: Facts, language: str) -> Evidence:
    label = advice.spec.label.in_language(language)
    item = _from_words(f"cause:{advice.spec.name}", FAULT, (label,), facts, language)
    drill = numbers_of(advice.drill(language))
    return replace(item, numbers=tuple((n.value, n.units[0] if n.units else "", "") for n in drill))


def _from_words(name: str, polarity: str, texts: tuple[str, ...], facts: Facts, language: str) -> Evidence:
    """Evidence with the parts and subjects that the texts name; directions from the first of them."""
    words = lexicon(language)
    joined = " ".join(texts).lower()
    directions = found_directions(texts[0].lower(), words)
    subjects = _subjects(texts[0], language)
    return Evidence(
        name,
        polarity,
        parts=frozenset(part for part, pattern in words.parts.items() if pattern.search(joined)),
        subjects=_subjects(joined, language),
        directions=directions,
        direction_words=direction_words(texts[0].lower(), words),
        pairs=frozenset((s, d) for s in subjects for d in directions),
        phrases=phrases_of(joined, labels_of(facts, language)),
    )


def _subjects(text: str, language: str) -> frozenset[str]:
    plain = text.lower()
    return frozenset(name for name, pattern in lexicon(language).subjects.items() if pattern.search(plain))
