"""The coach's words without a language model: sentences put together from the facts."""

from __future__ import annotations

from typing import Final

from sport_nodes.actions import DIMENSIONS
from sport_nodes.coaching.coach_report import CoachReport, Improvement
from sport_nodes.coaching.facts import Advice, Facts
from sport_nodes.coaching.phrases import Phrases
from sport_nodes.coaching.sentences import Sentence, split_sentences
from sport_nodes.coaching.words import DIMENSION_WORDS, GRADE_WORDS, choose, number, reason_words, stage_words
from sport_nodes.diagnosis.findings import DEVIATES, NOT_ASSESSED, WITHIN_ERROR, WITHIN_TOLERANCE, Finding
from sport_nodes.diagnosis.progress import BETTER, WORSE, Change

SOURCE: Final = "template"
_MOST_STRENGTHS: Final = 5
_POINTS: Final = "{:.0f}"


def compose(facts: Facts, language: str) -> CoachReport:
    """The whole report from the template."""
    writer = _Writer(facts, language)
    paragraphs = [
        writer.overall(),
        [s for s in (writer.strengths_sentence(),) if s],
        writer.progress(),
        *(writer.advice_paragraph(rank, advice) for rank, advice in enumerate(facts.advice, start=1)),
        writer.limits(),
    ]
    phrases = Phrases(language)
    text = "\n\n".join(phrases.join([s.text for s in paragraph]) for paragraph in paragraphs if paragraph)
    evidence = tuple(
        (sentence, unit.evidence)
        for paragraph in paragraphs
        for unit in paragraph
        for sentence in split_sentences(unit.text)
    )
    return CoachReport(
        action=facts.action.name,
        language=language,
        text=text,
        student_text=writer.student_text(),
        dimensions=writer.dimensions(),
        strengths=tuple(s.text for s in writer.strengths),
        improvements=tuple(writer.improvement(advice) for advice in facts.advice),
        source=SOURCE,
        claims=0,
        rejected_claims=0,
        evidence=evidence,
    )


class _Writer:
    def __init__(self, facts: Facts, language: str) -> None:
        self._facts = facts
        self._language = language
        self._say = Phrases(language)
        self.strengths = self._strengths()

    def overall(self) -> list[Sentence]:
        facts, scores, say = self._facts, self._facts.scores, self._say
        label = facts.action.label.in_language(self._language)
        sentences = []
        if facts.scored:
            points = {
                k: _POINTS.format(v) for k, v in (("value", scores.value), ("low", scores.low), ("high", scores.high))
            }
            grade = choose(GRADE_WORDS[scores.grade], self._language)
            sentences.append(Sentence(say("total", action=label, grade=grade, **points), ("total",)))
        else:
            reason = _as_clause(scores.withheld)
            sentences.append(Sentence(say("withheld", action=label, reason=reason), ("total",)))
        if distinct := facts.distinct_stages:
            best, worst = distinct
            sentences.append(
                Sentence(
                    say(
                        "stage_range",
                        best=self._stage(best.name),
                        best_score=_POINTS.format(best.score),
                        worst=self._stage(worst.name),
                        worst_score=_POINTS.format(worst.score),
                    ),
                    (f"stage:{best.name}", f"stage:{worst.name}"),
                )
            )
        if reason := facts.alignment.reason or facts.diagnosis.reason:
            sentences.append(Sentence(say("no_comparison", reason=_as_clause(reason)), ("alignment",)))
        elif facts.score_is_unexplained:
            sentences.append(Sentence(say("unexplained_score"), ("total", *_metrics(facts.assessed))))
        elif facts.is_good:
            sentences.append(Sentence(say("confirmed"), _metrics(facts.assessed)))
        return sentences

    def strengths_sentence(self) -> Sentence | None:
        if not self.strengths:
            return None
        evidence = tuple(name for s in self.strengths for name in s.evidence)
        return Sentence(self._say("strengths", items=self._say.enumerate([s.text for s in self.strengths])), evidence)

    def progress(self) -> list[Sentence]:
        """What is nearer to the target, or further from it, than in the athlete's earlier trials."""
        sentences = []
        for verdict in (BETTER, WORSE):
            changes = [c for c in self._facts.changes if c.verdict == verdict]
            if changes:
                items = self._say.enumerate([self._change(c) for c in changes])
                evidence = tuple(f"progress:{c.metric}" for c in changes)
                sentences.append(Sentence(self._say(verdict, items=items), evidence))
        return sentences

    def advice_paragraph(self, rank: int, advice: Advice) -> list[Sentence]:
        say, spec, language = self._say, advice.spec, self._language
        cause, metrics = f"cause:{spec.name}", _metrics(advice.findings)
        drill_source = f"knowledge:{advice.entry.id}" if advice.entry and advice.entry.drill_in(language) else cause
        measured = say.enumerate([self._deviation(f) for f in advice.findings])
        title = spec.label.in_language(language)
        return [
            Sentence(say("work_on", rank=say(f"rank_{rank}"), title=title), (cause, *metrics)),
            Sentence(say("measured", items=measured), metrics),
            Sentence(say("why", reason=spec.reason.in_language(language)), (cause,)),
            Sentence(say("cue", cue=spec.cue.in_language(language)), (cause,)),
            Sentence(say("drill", drill=advice.drill(language)), (cause, drill_source)),
            Sentence(say("check", check=spec.check.in_language(language)), (cause,)),
        ]

    def limits(self) -> list[Sentence]:
        """What is not said, and why, and the rule about pain."""
        facts, say = self._facts, self._say
        sentences = []
        if uncaused := facts.uncaused:
            items = say.enumerate([self._deviation(f) for f in uncaused])
            sentences.append(Sentence(say("uncaused", items=items), _metrics(uncaused)))
        if unsure := facts.of_verdict(WITHIN_ERROR):
            items = say.enumerate([facts.words(f, self._language) for f in unsure])
            sentences.append(Sentence(say("unsure", items=items), _metrics(unsure)))
        if unassessed := facts.of_verdict(NOT_ASSESSED):
            items = say.enumerate(self._with_reasons(unassessed))
            sentences.append(Sentence(say("unassessed", items=items), _metrics(unassessed)))
        sentences.append(Sentence(say("pain"), ("rule:pain",)))
        return sentences

    def dimensions(self) -> dict[str, str]:
        """The commentary of each of the seven dimensions, by name."""
        dimension_of = {m.name: m.dimension for m in self._facts.action.metrics}
        return {
            name: self._dimension(
                name, [f for f in self._facts.diagnosis.findings if dimension_of.get(f.metric) == name]
            )
            for name in DIMENSIONS
        }

    def improvement(self, advice: Advice) -> Improvement:
        spec, language = advice.spec, self._language
        return Improvement(
            title=spec.label.in_language(language),
            cue=spec.cue.in_language(language),
            drill=advice.drill(language),
            check=spec.check.in_language(language),
            evidence=(spec.name, *(f.metric for f in advice.findings)),
        )

    def student_text(self) -> str:
        facts, say, language = self._facts, self._say, self._language
        sentences = []
        if facts.is_good and not facts.score_is_unexplained:
            sentences.append(say("student_good"))
        elif strength := self._student_strength():
            sentences.append(say("student_strength", item=strength))
        if better := next((c for c in facts.changes if c.verdict == BETTER), None):
            sentences.append(say("student_better", item=facts.change_words(better, language)))
        if facts.advice:
            first = facts.advice[0]
            sentences.append(say("student_cue", cue=first.spec.cue.in_language(language)))
            sentences.append(say("student_drill", drill=first.drill(language)))
            sentences.append(say("student_check", check=first.spec.check.in_language(language)))
        if not sentences:
            sentences.append(say("student_nothing"))
        sentences.append(say("pain"))
        return say.join(sentences)

    def _strengths(self) -> list[Sentence]:
        facts, say, language = self._facts, self._say, self._language
        strengths = [
            Sentence(
                say("strong_stage", stage=self._stage(s.name), score=_POINTS.format(s.score)), (f"stage:{s.name}",)
            )
            for s in facts.strong_stages
        ]
        for attribute in facts.strong_attributes:
            words = say("strong_attribute", attribute=_inside_sentence(attribute.label.in_language(language)))
            evidence = (f"attribute:{attribute.name}", *(f"metric:{m}" for m in attribute.metrics))
            strengths.append(Sentence(words, evidence))
        for finding in facts.strong_metrics(_MOST_STRENGTHS):
            words = facts.words(finding, language)
            value = number(finding.value, finding.unit, language)
            strengths.append(Sentence(say("strong_metric", metric=words, value=value), _metrics([finding])))
        return strengths[:_MOST_STRENGTHS]

    def _student_strength(self) -> str:
        """One thing that went well, in words without numbers; "" where nothing can be confirmed."""
        facts, language = self._facts, self._language
        if facts.strong_stages:
            return self._stage(facts.strong_stages[0].name)
        if facts.strong_attributes:
            return _inside_sentence(facts.strong_attributes[0].label.in_language(language))
        return next((facts.words(f, language) for f in facts.strong_metrics(1)), "")

    def _dimension(self, name: str, findings: list[Finding]) -> str:
        facts, say, language = self._facts, self._say, self._language
        if not findings:
            spec = facts.action.dimensions.get(name)
            keypoints = [k.in_language(language) for k in spec.keypoints] if spec else []
            return say("dimension_by_eye", items=say.enumerate(keypoints or [choose(DIMENSION_WORDS[name], language)]))
        sentences = []
        for verdict, phrase in (
            (WITHIN_TOLERANCE, "dimension_well"),
            (DEVIATES, "dimension_improve"),
            (WITHIN_ERROR, "dimension_unsure"),
            (NOT_ASSESSED, "dimension_unassessed"),
        ):
            chosen = [f for f in findings if f.verdict == verdict]
            if chosen:
                read = self._deviation if verdict == DEVIATES else lambda f: facts.words(f, language)
                sentences.append(say(phrase, items=say.enumerate([read(f) for f in chosen])))
        return say.join(sentences)

    def _with_reasons(self, findings: list[Finding]) -> list[str]:
        by_reason: dict[str, list[str]] = {}
        for finding in findings:
            by_reason.setdefault(reason_words(finding.reason, self._language), []).append(
                self._facts.words(finding, self._language)
            )
        comma = "、" if self._language == "zh" else ", "
        items = {reason: comma.join(words) for reason, words in by_reason.items()}
        return [
            self._say("unassessed_because", items=words, reason=_as_clause(reason)) if reason else words
            for reason, words in items.items()
        ]

    def _deviation(self, finding: Finding) -> str:
        language = self._language
        return self._say(
            "deviation",
            words=self._facts.words(finding, language),
            value=number(finding.value, finding.unit, language),
            target=number(finding.target, finding.unit, language),
        )

    def _change(self, change: Change) -> str:
        language = self._language
        return self._say(
            "change",
            metric=self._facts.change_words(change, language),
            now=number(change.now, change.unit, language),
            before=number(change.before, change.unit, language),
        )

    def _stage(self, name: str) -> str:
        words = stage_words(self._facts.action, name, self._language)
        return words if self._language == "zh" else f"the {_inside_sentence(words)} stage"


def _metrics(findings: list[Finding] | tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(f"metric:{f.metric}" for f in findings)


def _as_clause(reason: str) -> str:
    """A reason as it stands inside a sentence: without its own full stop."""
    return reason.strip().rstrip(".。")


def _inside_sentence(label: str) -> str:
    """A label as it stands inside a sentence: without its capital."""
    return label[:1].lower() + label[1:]
