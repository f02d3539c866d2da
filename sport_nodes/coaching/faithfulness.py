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
from sport_nodes.coaching.words import GRADE_WORDS, choose

#: A sentence repeats a supplied one when this share of its words, and of its pairs of neighbours, is found there.
_QUOTED_WORDS: Final = 0.85
_QUOTED_PAIRS: Final = 0.6
#: Words of a true clause that neither the facts nor everyday coaching know; more of them is another subject.
_MOST_UNKNOWN_WORDS: Final = 2
#: Chinese is compared by pairs of characters, of which those across the joint of two known words are unknown.
_MOST_UNKNOWN_PAIRS: Final = 0.9
_MOST_UNKNOWN_IDLE_PAIRS: Final = 0.5
#: Share of Chinese characters from which a text counts as Chinese.
_CHINESE_SHARE: Final = 0.3
_EVERYDAY: Final = (
    "about again aim all almost already also always another any around athlete attempt aware away back because become "
    "been before begin best better both bring bit bravo build but calm careful carry check clear clearly coach come "
    "compare concentrate consistent continue control could day detail develop did done during each easy effort "
    "encourage end enjoy enough even every exercise feel few find finish first focus form forward foundation full "
    "further general get give go goal going good great happen happy has hard having help here hold idea important "
    "including instead into job jump just keep know last later lead learn let level like little look lot made main "
    "make many matter may mean means measure measured might mind moment more most motion move movement much must near "
    "need new next nice no nothing notice now off often once one only other out over overall part pass path perform "
    "phase place plan point possible practice practise present proud pull push put quite ready real really recorded "
    "remember rest result right safe same say second see session set shot show side simple since skill slightly slow "
    "small so solid some something soon stage start stay step still stop such sure take target task teacher technique "
    "than thing think third three through time today together towards train trial try two up us use value very want "
    "watch way week went were while whole within work worked working yet you yourself"
)
#: Everyday words that, without a subject that is measured, still tell what somebody did or ask for it.
_TELLING: Final = "look looked jump push pull place path move shot shoot away back forward down up hard fast watch same"
_EVERYDAY_CHINESE: Final = (
    " 继续 加油 努力 练习 保持 动作 阶段 很好 下次 注意 再来 一次 做得 老师 同学 "
    "我们 一起 目标 非常 不错 这次 记录 坚持 表现 数据 数值 数值为 从数据看 "
    "从数据来看 数据显示 录像显示 测量显示 结果显示 "
    "总的来说 整体来看 可以看到 测得"
)


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
        supplied = {stem for source in self._sources for stem in source.words}
        self._everyday = set(terms(_EVERYDAY + _EVERYDAY_CHINESE))
        self._idle = self._everyday - set(terms(_TELLING))
        self._known = supplied | self._known_labels.words | self._everyday
        self._wrong_grades = [
            choose(pair, self._language) for grade, pair in GRADE_WORDS.items() if grade != facts.scores.grade
        ]

    def check(self, sentence: str) -> Verdict:
        """Whether everything that the sentence claims is so."""
        if self._lexicon.forbidden.search(sentence) or not self._is_in_language(sentence):
            return Verdict((), 1, 1)
        clauses = clauses_of(sentence, language=self._language, labels=self._labels)
        claims = max(1, sum(clause.count for clause in clauses))
        if quoted := self._verbatim.get(sentence) or self._quoted(sentence):
            return Verdict(quoted, claims, 0)
        if self._lexicon.only_as_supplied.search(self._known_labels.without_labels(sentence)):
            return Verdict((), claims, claims)
        evidence: list[str] = []
        rejected = 0
        earlier: Clause | None = None
        bears: tuple[str, ...] = ()
        for clause in clauses:
            whole = clause.about(earlier) if earlier and not clause.has_subject and clause.says_something else clause
            if bears := self._bearing(whole) or self._numbered(clause, bears):
                evidence.extend(bears)
            else:
                rejected += max(1, clause.count)
            earlier = whole if whole.has_subject else earlier
        return Verdict((), claims, rejected) if rejected else Verdict(tuple(dict.fromkeys(evidence)), claims, 0)

    def _bearing(self, clause: Clause) -> tuple[str, ...]:
        """The names of what bears a clause; () when nothing does."""
        if (labelled := self._known_labels.check(clause)) is not None:
            return () if self._has_unknown_words(clause.text, idle=False) else labelled
        if quoted := self._quoted(clause.text):
            return quoted
        if not clause.says_something and not clause.has_subject:
            return () if self._has_unknown_words(clause.text, idle=True) else ("rule:encouragement",)
        if clause.unmeasured or self._has_unknown_words(clause.text, idle=False):
            return ()
        if clause.of_score:
            if any(self._names_grade(clause.text, word) for word in self._wrong_grades):
                return ()
            clause = replace(clause, polarity="", directions=frozenset())
        # What only mentions something, in words of its own, cannot be told from a claim about it.
        if not clause.has_subject or not clause.says_something:
            return ()
        if whole := self._named(clause):
            return whole
        # "Hips and knees": each part may rest on a finding of its own.
        by_part = [self._named(replace(clause, parts=frozenset({part}))) for part in sorted(clause.parts)]
        return tuple(name for names in by_part for name in names) if len(by_part) > 1 and all(by_part) else ()

    def _numbered(self, clause: Clause, before: tuple[str, ...]) -> tuple[str, ...]:
        """Which of what bore the clause before has the numbers of one that is nothing but numbers."""
        is_bare = not (clause.has_subject or clause.directions or clause.polarity or clause.sides or clause.unmeasured)
        if not clause.numbers or not is_bare or self._has_unknown_words(clause.text, idle=False):
            return ()
        items = (e for e in self._evidence if e.name in before and all(map(e.has_number, clause.numbers)))
        return tuple(dict.fromkeys(item.name for item in items))

    def _named(self, clause: Clause) -> tuple[str, ...]:
        """What bears the clause; praise of something that a fault is about as well has nothing to rest on."""
        if clause.polarity == PRAISE and any(e.polarity == FAULT and e.is_about(clause) for e in self._evidence):
            return ()
        return tuple(dict.fromkeys(item.name for item in self._evidence if item.bears(clause)))

    def _quoted(self, text: str) -> tuple[str, ...]:
        """The evidence of a supplied text that this one repeats, with the same sides, numbers and denials."""
        is_advice = asks(text.lower(), self._lexicon)
        mine = _source(self._lexicon.lead_in.sub("", text) if is_advice else text, (), is_advice=is_advice)
        if not mine.words or self._known_labels.denies(text):
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
        numbers = {(n.value, n.role) for n in numbers_of(theirs)}
        patterns = [
            self._lexicon.negation,
            self._lexicon.praise,
            self._lexicon.fault,
            *self._lexicon.directions.values(),
        ]
        patterns += [*self._lexicon.parts.values(), self._lexicon.unmeasured]
        return (
            (not sides or sides == their_sides)
            and all((n.value, n.role) in numbers for n in numbers_of(mine))
            and bool(self._lexicon.negation.search(mine)) == bool(self._lexicon.negation.search(theirs))
            and all(_found(pattern, mine) <= _found(pattern, theirs) for pattern in patterns)
        )

    def _has_unknown_words(self, text: str, *, idle: bool) -> bool:
        """More of its words than may be are known neither to the facts nor to everyday coaching.

        idle: the text claims nothing, so that there is nothing but its words to judge it by.
        """
        stems = {stem for stem in terms(text) if not stem.isdigit()}
        unknown = len(stems - (self._idle if idle else self._known))
        if self._language == "zh":
            return unknown > (_MOST_UNKNOWN_IDLE_PAIRS if idle else _MOST_UNKNOWN_PAIRS) * len(stems)
        return unknown > (0 if idle else _MOST_UNKNOWN_WORDS)

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
