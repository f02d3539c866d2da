"""What may be said about one trial: the measured facts, sorted for a coach."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sport_nodes.actions import Action, RootCauseSpec, SkillAttribute
from sport_nodes.coaching.knowledge import Entry
from sport_nodes.coaching.retrieval import search
from sport_nodes.coaching.words import (
    SIDE_WORDS,
    choose,
    deviation_words,
    metric_words,
)
from sport_nodes.diagnosis.findings import (
    DEVIATES,
    NOT_ASSESSED,
    WITHIN_TOLERANCE,
    Diagnosis,
    Finding,
    RootCause,
)
from sport_nodes.diagnosis.progress import Change
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.scoring.scores import GRADE_BOUNDS, StageScore, StageScores

#: More than three things at once are not learned (issue of every textbook of motor learning, e.g. Schmidt & Lee).
MOST_IMPROVEMENTS: Final = 3
#: A cause with less weight than this explains too little to send somebody practising.
LEAST_CAUSE_WEIGHT: Final = 0.15
#: A stage counts as a strength from "good" on.
STRONG_STAGE_POINTS: Final = GRADE_BOUNDS[2]
#: Entries on one fault that are looked through for one of the athlete's level.
MOST_ENTRIES: Final = 50
LEVEL_OF_GRADE: Final = {
    "poor": "beginner",
    "pass": "beginner",
    "fair": "intermediate",
    "good": "intermediate",
    "excellent": "advanced",
}
#: The score and the diagnosis disagree when nothing deviates and the total is below "fair".
UNEXPLAINED_BELOW_POINTS: Final = GRADE_BOUNDS[1]


#: Entries for a question, an action and a fault of it, the best first.
Finder = Callable[[str, str, str], Sequence[Entry]]


def find_shipped(question: str, action: str, fault: str) -> list[Entry]:
    """Of the entries that come with the package, by words."""
    return [hit.entry for hit in search(question, action=action, fault=fault, limit=MOST_ENTRIES)]


@dataclass(frozen=True)
class Advice:
    """One thing to work on: the cause, its words, the deviations that it explains, and a retrieved entry."""

    cause: RootCause
    spec: RootCauseSpec
    findings: tuple[Finding, ...]
    entry: Entry | None

    def drill(self, language: str) -> str:
        """The retrieved drill; the action's own where the knowledge base has none in the language."""
        retrieved = self.entry.drill_in(language) if self.entry else ""
        return retrieved or self.spec.drill.in_language(language)


@dataclass(frozen=True, eq=False)
class Facts:
    """One trial's results with the words of its action."""

    action: Action
    diagnosis: Diagnosis
    scores: StageScores
    alignment: Alignment
    find: Finder = find_shipped
    changes: tuple[Change, ...] = ()

    def of_verdict(self, verdict: str) -> list[Finding]:
        """The findings of one verdict, in the order of the action's file."""
        return [f for f in self.diagnosis.findings if f.verdict == verdict]

    @property
    def deviations(self) -> list[Finding]:
        return self.of_verdict(DEVIATES)

    @property
    def assessed(self) -> list[Finding]:
        return [f for f in self.diagnosis.findings if f.verdict != NOT_ASSESSED]

    @property
    def scored(self) -> bool:
        return not self.scores.withheld and math.isfinite(self.scores.value)

    @property
    def is_good(self) -> bool:
        """Everything that was assessed agrees with the target, or cannot be told from it."""
        return not self.deviations and bool(self.of_verdict(WITHIN_TOLERANCE))

    @property
    def score_is_unexplained(self) -> bool:
        return self.is_good and self.scored and self.scores.value < UNEXPLAINED_BELOW_POINTS

    @cached_property
    def advice(self) -> tuple[Advice, ...]:
        """At most three causes, the strongest first, each explaining a deviation that those before it do not."""
        chosen: list[Advice] = []
        explained: set[str] = set()
        specs = {spec.name: spec for spec in self.action.root_causes}
        for cause in self.diagnosis.root_causes:
            findings = tuple(f for f in self.deviations if f.metric in cause.metrics)
            new = {f.metric for f in findings} - explained
            if cause.name not in specs or cause.weight < LEAST_CAUSE_WEIGHT or not new:
                continue
            explained |= new
            chosen.append(Advice(cause, specs[cause.name], findings, self._entry_on(specs[cause.name])))
            if len(chosen) == MOST_IMPROVEMENTS:
                break
        return tuple(chosen)

    def _entry_on(self, spec: RootCauseSpec) -> Entry | None:
        """The best entry on a cause that has a drill, of the athlete's level where there is one."""
        found = self.find(f"{spec.label} {spec.reason}", self.action.name, spec.name)
        entries = [entry for entry in found if entry.drill]
        return next((e for e in entries if e.level == self.level), entries[0] if entries else None)

    @property
    def level(self) -> str:
        """The level of the knowledge base that this movement's grade speaks for; "" without a score."""
        return LEVEL_OF_GRADE[self.scores.grade] if self.scored else ""

    @property
    def uncaused(self) -> list[Finding]:
        """Deviations that no chosen cause explains."""
        explained = {f.metric for advice in self.advice for f in advice.findings}
        return [f for f in self.deviations if f.metric not in explained]

    @property
    def strong_stages(self) -> list[StageScore]:
        """Stages of at least "good" in which nothing deviates, the best first."""
        faulted = {finding.stage for finding in self.deviations}
        stages = [
            stage
            for stage in self.scores.stages
            if self.scored and stage.score >= STRONG_STAGE_POINTS and stage.name not in faulted
        ]
        return sorted(stages, key=lambda s: -s.score)

    @property
    def distinct_stages(self) -> tuple[StageScore, StageScore] | None:
        """The best and the worst stage, where their intervals do not overlap."""
        stages = [s for s in self.scores.stages if self.scored and math.isfinite(s.score)]
        if not stages:
            return None
        best, worst = max(stages, key=lambda s: s.score), min(stages, key=lambda s: s.score)
        return (best, worst) if best.low > worst.high else None

    def strong_metrics(self, count: int) -> list[Finding]:
        """Findings nearest to the target, at most one of a stage and dimension so that they differ in subject."""
        # Differences of left and right are spoken of by the attribute of symmetry, in plainer words than their own.
        dimensions = {m.name: m.dimension for m in self.action.metrics if m.sides != "difference"}
        chosen: dict[tuple[str, str], Finding] = {}
        for finding in sorted(self.of_verdict(WITHIN_TOLERANCE), key=_share_of_tolerance):
            if finding.metric in dimensions:
                chosen.setdefault((finding.stage, dimensions[finding.metric]), finding)
        return list(chosen.values())[:count]

    @property
    def strong_attributes(self) -> list[SkillAttribute]:
        """Skill attributes all of whose metrics agree with the target."""
        verdicts: dict[str, set[str]] = {}
        for finding in self.diagnosis.findings:
            verdicts.setdefault(finding.metric, set()).add(finding.verdict)
        return [
            attribute
            for attribute in self.action.skill_attributes
            if attribute.metrics and all(verdicts.get(m) == {WITHIN_TOLERANCE} for m in attribute.metrics)
        ]

    def words(self, finding: Finding, language: str) -> str:
        """The finding's words in the language: of its deviation where it deviates, else of the metric itself."""
        if finding.verdict == DEVIATES:
            words = deviation_words(self.action, finding.metric, finding.deviation, language)
        else:
            words = metric_words(self.action, finding.metric, language)
        return _of_side(words, finding.side, language)

    def change_words(self, change: Change, language: str) -> str:
        """The name of the metric that changed."""
        return _of_side(metric_words(self.action, change.metric, language), change.side, language)


def _of_side(words: str, side: str, language: str) -> str:
    if not side or side in words:
        return words
    named = choose(SIDE_WORDS[side], language)
    return f"{named}侧{words}" if language == "zh" else f"{named} {words}"


def _share_of_tolerance(finding: Finding) -> float:
    return abs(finding.deviation) / finding.tolerance if finding.tolerance > 0 else math.inf
