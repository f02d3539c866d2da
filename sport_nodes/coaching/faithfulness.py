"""Keeps of a language model's text only what was measured, supplied or retrieved."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from sport_nodes.coaching.claims import FAULT, PRAISE, Clause, asks, clauses_of, numbers_of, sides_of
from sport_nodes.coaching.coach_report import CoachReport
from sport_nodes.coaching.evidence import evidence_of, labels_of
from sport_nodes.coaching.facts import Advice, Facts
from sport_nodes.coaching.known_labels import KnownLabels
from sport_nodes.coaching.lexicon import lexicon
from sport_nodes.coaching.retrieval import terms
from sport_nodes.coaching.vocabulary import Vocabulary
from sport_nodes.coaching.words import GRADE_WORDS, choose

#: A sentence repeats a supplied one when this share of its words, and of its pairs of neighbours, is found there.
_QUOTED_WORDS: Final = 0.85
_QUOTED_PAIRS: Final = 0.6
#: One word is no quotation: "what arms!".
_LEAST_QUOTED_WORDS: Final = 2
#: Share of Chinese characters from which a text counts as Chinese.
_CHINESE_SHARE: Final = 0.3
#: Signs and figures that the template does not use: pictures, ticks, arrows, tables, "10/10", digits of other scripts.
_STRANGE: Final = re.compile(
    r"""[^\w\s.,;:!?'"“”\u2018\u2019()（）…–—\-°%/±+−、。，；：！？·]|_|\d\s*/\s*\d|(?![0-9])\d|[a-z]\d|\d(?!deg)[a-z]{3}"""
)


_ENCOURAGES: Final = ("rule:encouragement",)


@dataclass(frozen=True)
class Verdict:
    """What became of one sentence. evidence: names of what it rests on, () when it is struck."""

    evidence: tuple[str, ...]
    claims: int
    rejected: int

    @property
    def stands(self) -> bool:
        return bool(self.evidence)


@dataclass(frozen=True)
class _Source:
    """A supplied text that may be repeated. is_advice: a cue, a drill or what tells that it worked; no statement."""

    text: str
    evidence: tuple[str, ...]
    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    is_advice: bool


class Faithfulness:
    """Checks sentences about one trial."""

    def __init__(self, facts: Facts, template: CoachReport) -> None:
        self._language = template.language
        self._lexicon = lexicon(self._language)
        self._labels = labels_of(facts, self._language)
        self._evidence = evidence_of(facts, self._language)
        self._known_labels = KnownLabels(facts, self._evidence, self._language)
        advice = tuple(text for item in facts.advice for text in _advice_texts(item, self._language))
        self._sources = [
            _source(text, evidence, is_advice=any(text in given or given in text for given in advice))
            for text, evidence in _supplied(facts, template)
        ]
        self._verbatim = dict(template.evidence)
        self._vocabulary = Vocabulary(
            self._lexicon,
            self._language,
            texts=(*self._labels, *(source.text for source in self._sources)),
            stems=self._known_labels.words,
        )
        self._wrong_grades = [
            choose(pair, self._language) for grade, pair in GRADE_WORDS.items() if grade != facts.scores.grade
        ]

    def check(self, sentence: str) -> Verdict:
        """Whether everything that the sentence claims is so."""
        if self._lexicon.forbidden.search(sentence) or not self._is_in_language(sentence):
            return Verdict((), 1, 1)
        clauses = clauses_of(sentence, language=self._language, labels=self._labels)
        claims = max(1, sum(clause.count for clause in clauses))
        if verbatim := self._verbatim.get(sentence):
            return Verdict(verbatim, claims, 0)
        if _STRANGE.search(sentence):
            return Verdict((), claims, claims)
        if quoted := self._quoted(sentence):
            return Verdict(quoted, claims, 0)
        if self._lexicon.only_as_supplied.search(self._known_labels.without_labels(sentence)):
            return Verdict((), claims, claims)
        evidence: list[str] = []
        rejected = 0
        earlier: Clause | None = None
        bears: tuple[str, ...] = ()
        for clause in clauses:
            whole = clause.about(earlier) if earlier and not clause.has_subject and clause.says_something else clause
            # What is nothing but numbers is of what the clause before rests on, not of all that has its subject.
            if bears := self._numbered(clause, bears) if self._is_bare(clause) else self._bearing(whole):
                evidence.extend(bears)
            else:
                rejected += max(1, clause.count)
            earlier = whole if whole.has_subject else earlier
        tells = self._lexicon.statement.search(sentence) and set(evidence) <= set(_ENCOURAGES)
        if tells or (_ENCOURAGES[0] in evidence and any(map(self._only_mentions, clauses))):
            # "You are ready for more" is no mere encouragement; "landing: check!" praises by what is no word of praise.
            return Verdict((), claims, claims)
        return Verdict((), claims, rejected) if rejected else Verdict(tuple(dict.fromkeys(evidence)), claims, 0)

    def _bearing(self, clause: Clause) -> tuple[str, ...]:
        """The names of what bears a clause; () when nothing does."""
        if (labelled := self._known_labels.check(clause)) is not None:
            return () if self._vocabulary.has_unknown(clause.text, idle=False) else labelled
        if quoted := self._quoted(clause.text):
            return quoted
        if not clause.says_something and not clause.has_subject:
            return () if self._vocabulary.has_unknown(clause.text, idle=True) else _ENCOURAGES
        if clause.unmeasured or self._vocabulary.has_unknown(clause.text, idle=False):
            return ()
        if clause.of_score:
            if any(self._names_grade(clause.text, word) for word in self._wrong_grades):
                return ()
            clause = replace(clause, polarity="", directions=frozenset())
        if clause.directions and not clause.subjects and asks(clause.text.lower(), self._lexicon):
            # "Bring the elbow further out" does not say what of the elbow is to change.
            return ()
        # What only mentions something, in words of its own, cannot be told from a claim about it.
        if not clause.has_subject or not clause.says_something:
            return ()
        if whole := self._named(clause):
            return whole
        # "Hips and knees": each part may rest on a finding of its own.
        by_part = [self._named(replace(clause, parts=frozenset({part}))) for part in sorted(clause.parts)]
        return tuple(name for names in by_part for name in names) if len(by_part) > 1 and all(by_part) else ()

    def _only_mentions(self, clause: Clause) -> bool:
        says = clause.says_something or self._known_labels.names_deviation(clause.text)
        return clause.has_subject and not says and not asks(clause.text.lower(), self._lexicon)

    def _is_bare(self, clause: Clause) -> bool:
        said = clause.has_subject or clause.directions or clause.polarity or clause.sides or clause.unmeasured
        return bool(clause.numbers) and not said

    def _numbered(self, clause: Clause, before: tuple[str, ...]) -> tuple[str, ...]:
        """Which of what bore the clause before has the numbers of one that is nothing but numbers."""
        if self._vocabulary.has_unknown(clause.text, idle=False):
            return ()
        items = (e for e in self._evidence if e.name in before and all(map(e.has_number, clause.numbers)))
        return tuple(dict.fromkeys(item.name for item in items))

    def _named(self, clause: Clause) -> tuple[str, ...]:
        """What bears the clause; nothing bears praise of what a fault is about, or something too close to call."""
        if clause.polarity == PRAISE and any(
            e.is_about(clause) for e in self._evidence if e.polarity == FAULT or (not e.polarity and not e.of_score)
        ):
            return ()
        return tuple(dict.fromkeys(item.name for item in self._evidence if item.bears(clause)))

    def _quoted(self, text: str) -> tuple[str, ...]:
        """The evidence of a supplied text that this one repeats, with the same sides, numbers and denials."""
        is_advice = asks(text.lower(), self._lexicon)
        mine = _source(self._lexicon.lead_in.sub("", text) if is_advice else text, (), is_advice=is_advice)
        if len(mine.words) < _LEAST_QUOTED_WORDS or self._known_labels.denies(text):
            return ()
        for source in self._sources:
            if (
                len(mine.words & source.words) >= _QUOTED_WORDS * len(mine.words)
                and len(mine.pairs & source.pairs) >= _QUOTED_PAIRS * len(mine.pairs)
                and self._same_details(text, source.text)
                # "Land softly" is supplied; "you landed softly" is another claim.
                and mine.is_advice >= source.is_advice
            ):
                return source.evidence
        return ()

    def _same_details(self, text: str, source: str) -> bool:
        mine, theirs = text.lower(), source.lower()
        sides, their_sides = sides_of(mine, self._language), sides_of(theirs, self._language)
        numbers = numbers_of(theirs)
        patterns = [
            self._lexicon.negation,
            self._lexicon.praise,
            self._lexicon.fault,
            *self._lexicon.directions.values(),
        ]
        patterns += [*self._lexicon.parts.values(), self._lexicon.unmeasured]
        return (
            (not sides or sides == their_sides)
            and all(any(map(n.repeats, numbers)) for n in numbers_of(mine))
            and bool(self._lexicon.negation.search(mine)) == bool(self._lexicon.negation.search(theirs))
            and all(_found(pattern, mine) <= _found(pattern, theirs) for pattern in patterns)
        )

    def _names_grade(self, text: str, word: str) -> bool:
        pattern = re.escape(word) if self._language == "zh" else rf"\b{re.escape(word)}\b"
        return bool(re.search(pattern, text, re.IGNORECASE))

    def _is_in_language(self, sentence: str) -> bool:
        letters = [c for c in sentence if c.isalpha()]
        chinese = sum("\u4e00" <= c <= "\u9fff" for c in letters)
        foreign = sum(c > "\u024f" for c in letters) - chinese
        if foreign > 0:
            return False
        return chinese >= _CHINESE_SHARE * len(letters) if self._language == "zh" else chinese == 0


def _found(pattern: re.Pattern[str], text: str) -> set[str]:
    return {match.group() for match in pattern.finditer(text)}


def _source(text: str, evidence: tuple[str, ...], *, is_advice: bool) -> _Source:
    stems = terms(text)
    return _Source(text, evidence, frozenset(stems), frozenset(pairwise(stems)), is_advice)


def _advice_texts(advice: Advice, language: str) -> tuple[str, ...]:
    spec = advice.spec
    texts = (spec.cue.in_language(language), spec.check.in_language(language), spec.drill.in_language(language))
    return (*texts, advice.entry.drill_in(language)) if advice.entry else texts


def _supplied(facts: Facts, template: CoachReport) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The template's sentences (lists item by item, since mixing two items makes a new claim) and the entries."""
    for sentence, evidence in template.evidence:
        for item in re.split("[;；]", sentence):
            yield item, evidence
    for advice in facts.advice:
        spec, name = advice.spec, f"cause:{advice.spec.name}"
        for words in (spec.cue, spec.check, spec.drill, spec.reason, spec.label):
            yield words.in_language(template.language), (name,)
        if advice.entry:
            for text in (advice.entry.answer, advice.entry.drill_in(template.language)):
                yield text, (f"knowledge:{advice.entry.id}",)
