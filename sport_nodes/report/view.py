"""The assessment as the template shows it: plain words, numbers as text, plots ready to place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from markupsafe import Markup

from sport_nodes.actions import Action, load_action
from sport_nodes.coaching.words import (
    DIMENSION_WORDS,
    GRADE_WORDS,
    choose,
    deviation_words,
    joint_words,
    keyframe_words,
    metric_words,
    number,
    reason_words,
    stage_words,
)
from sport_nodes.diagnosis.findings import DEVIATES, Finding
from sport_nodes.keyframes.alignment import Alignment
from sport_nodes.motion import Motion, Provenance
from sport_nodes.report import plots, scene
from sport_nodes.report.labels import labels, why_nothing_to_improve
from sport_nodes.report.stills import SideView
from sport_nodes.scoring.scores import GRADES
from sport_nodes.skeleton import EDGES, INDEX, JOINTS, LIMBS

if TYPE_CHECKING:
    from sport_nodes.assessment import Assessment

#: The printed page has room for this many metrics; those that deviate come first.
PRINTED_METRICS: Final = 24
_EMPTY: Final = "–"
_HEAD_COLUMNS: Final = tuple(INDEX[joint] for joint in LIMBS["head"])
#: Provenance in the order in which the coverage bars show it, with the CSS class of each.
_COVERAGE: Final = (
    ("fused", Provenance.FUSED),
    ("measured", Provenance.MEASURED),
    ("filled", Provenance.FILLED),
    ("inferred", Provenance.INFERRED),
    ("missing", Provenance.MISSING),
)


@dataclass(frozen=True)
class StageRow:
    label: str
    points: str
    interval: str
    bar: Markup


@dataclass(frozen=True)
class MetricRow:
    """printed: shown on the printed page as well."""

    words: str
    verdict: str
    value: str
    target: str
    error: str
    since: str
    reason: str
    bar: Markup
    printed: bool


@dataclass(frozen=True)
class MetricGroup:
    label: str
    rows: tuple[MetricRow, ...]


@dataclass(frozen=True)
class Still:
    label: str
    time_s: float
    time: str
    picture: Markup


@dataclass(frozen=True)
class CoverageRow:
    joint: str
    seen: str
    bar: Markup


def view_of(assessment: Assessment) -> dict[str, Any]:
    """Everything the template names. Plain strings are escaped by the template, Markup is ready."""
    language = assessment.coaching.language
    action = load_action(assessment.action)
    scores = assessment.scores
    shown = scene.thinned(assessment.motion)
    overlay = scene.target_over(shown, assessment.target.motion, assessment.alignment.path_s)
    groups = _metric_groups(assessment, action, language)
    rows = [row for group in groups for row in group.rows]
    return {
        "language": language,
        "say": labels(language),
        "assessment": assessment,
        "title": action.label.in_language(language),
        "scored": not scores.withheld and math.isfinite(scores.value),
        "points": _points(scores.value),
        "low": _points(scores.low),
        "high": _points(scores.high),
        "grade": choose(GRADE_WORDS[scores.grade], language) if scores.grade in GRADE_WORDS else "",
        "scale": plots.score_scale(scores.value, scores.low, scores.high),
        "chances": _chances(scores.grade_probabilities, language),
        "stages": _stages(assessment, action, language),
        "groups": groups,
        "unprinted_metrics": sum(not row.printed for row in rows),
        "stills": _stills(assessment, action, shown, overlay, language),
        "warp": _warp(assessment, action, language),
        "dimensions": [
            (choose(DIMENSION_WORDS[k], language), text) for k, text in assessment.coaching.dimensions.items()
        ],
        "paragraphs": assessment.coaching.text.split("\n\n"),
        "nothing": why_nothing_to_improve(assessment.diagnosis, language),
        "coverage": _coverage(assessment.motion, language),
        "coverage_keys": [css for css, _ in _COVERAGE],
        "notices": _notices(assessment),
        "player": _player(assessment, action, shown, overlay, language),
        "duration_s": assessment.motion.duration_s,
    }


def _points(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else _EMPTY


def _grade_words(language: str) -> list[str]:
    return [choose(GRADE_WORDS[grade], language) for grade in GRADES]


def _chances(probabilities: np.ndarray[Any, np.dtype[np.float64]], language: str) -> list[tuple[str, str, str, float]]:
    """(CSS class, words, percent as text, percent) of each grade."""
    finite = [float(p) if math.isfinite(p) else 0.0 for p in probabilities]
    words = _grade_words(language)
    return [(grade, w, f"{100 * p:.0f} %", 100 * p) for grade, w, p in zip(GRADES, words, finite, strict=False)]


def _stages(assessment: Assessment, action: Action, language: str) -> list[StageRow]:
    return [
        StageRow(
            stage_words(action, s.name, language),
            _points(s.score),
            f"{_points(s.low)}–{_points(s.high)}",
            plots.stage_bar(s.score, s.low, s.high),
        )
        for s in assessment.scores.stages
    ]


def _metric_groups(assessment: Assessment, action: Action, language: str) -> list[MetricGroup]:
    findings = assessment.diagnosis.findings
    reach = plots.reach_of(findings)
    by_need = sorted(range(len(findings)), key=lambda i: (findings[i].verdict != DEVIATES, i))
    printed = set(by_need[:PRINTED_METRICS])
    by_stage: dict[str, list[MetricRow]] = {stage.name: [] for stage in action.stages}
    for index, finding in enumerate(findings):
        since = _since(assessment, finding, language)
        row = _metric_row(finding, action, language, since=since, reach=reach, printed=index in printed)
        by_stage.setdefault(finding.stage, []).append(row)
    return [MetricGroup(stage_words(action, stage, language), tuple(rows)) for stage, rows in by_stage.items() if rows]


def _metric_row(
    finding: Finding, action: Action, language: str, *, since: str, reach: float, printed: bool
) -> MetricRow:
    if finding.verdict == DEVIATES:
        words = deviation_words(action, finding.metric, finding.deviation, language)
    else:
        words = metric_words(action, finding.metric, language)

    def bare(value: float) -> str:
        return number(value, finding.unit, language, with_unit=False)

    if finding.side and finding.side not in words:
        words = f"{words} ({labels(language)[finding.side + '_side']})"
    return MetricRow(
        words[:1].upper() + words[1:],
        finding.verdict,
        number(finding.value, finding.unit, language),
        f"{bare(finding.target)} ± {bare(finding.tolerance)}",
        f"±{bare(finding.mdc95)}" if math.isfinite(finding.mdc95) else _EMPTY,
        since,
        reason_words(finding.reason, language),
        plots.metric_bar(finding, reach=reach),
        printed,
    )


def _since(assessment: Assessment, finding: Finding, language: str) -> str:
    """How the metric changed since earlier trials; "" where there are none, or none that show it."""
    own = [c for c in assessment.progress if (c.metric, c.side) == (finding.metric, finding.side)]
    if not own:
        return ""
    say, before = labels(language), number(own[0].before, finding.unit, language, with_unit=False)
    return f"{say['before']} {before}: {say['since_' + own[0].verdict]}"


def _stills(assessment: Assessment, action: Action, shown: Motion, overlay: scene.Array, language: str) -> list[Still]:
    """One still a keyframe, of the aligned repetition where there are several."""
    if not len(shown):
        return []
    side_view = SideView(shown.positions_m)
    repetition = _shown_repetition(assessment.alignment)
    stills = []
    for keyframe in assessment.alignment.keyframes:
        if keyframe.repetition != repetition or not math.isfinite(keyframe.time_s):
            continue
        frame = int(np.argmin(np.abs(shown.times_s - keyframe.time_s)))
        picture = side_view.draw(shown.positions_m[frame], overlay[frame])
        label = keyframe_words(action, keyframe.name, language)
        stills.append(Still(label, keyframe.time_s, number(keyframe.time_s, "s", language), picture))
    return stills


def _warp(assessment: Assessment, action: Action, language: str) -> Markup:
    alignment = assessment.alignment
    if alignment.reason or len(alignment.stage_bounds_s) == 0:
        return Markup("")
    repetition = _shown_repetition(alignment)
    moments = [
        plots.Moment(keyframe_words(action, k.name, language), k.time_s, k.target_time_s)
        for k in alignment.keyframes
        if k.repetition == repetition
    ]
    bounds = alignment.stage_bounds_s[min(repetition, len(alignment.stage_bounds_s) - 1)]
    target_bounds = assessment.target.stage_bounds_s
    spans = [
        plots.Span(stage_words(action, stage.name, language), *map(float, edges))
        for stage, *edges in zip(
            action.stages, bounds[:-1], bounds[1:], target_bounds[:-1], target_bounds[1:], strict=False
        )
    ]
    say = labels(language)
    return plots.warp_plot(moments, spans, names=(say["this_trial"], say["the_target"]))


def _shown_repetition(alignment: Alignment) -> int:
    """The repetition that the path aligns, the first where there is no path."""
    times = alignment.path_s[:, 0] if len(alignment.path_s) else np.array([-math.inf, math.inf])
    inside = [k.repetition for k in alignment.keyframes if times.min() <= k.time_s <= times.max()]
    return max(set(inside), key=inside.count) if inside else 0


def _coverage(motion: Motion, language: str) -> list[CoverageRow]:
    if not len(motion):
        return []
    # The five joints of the head are shown as one: no metric tells them apart.
    parts = {labels(language)["head"]: list(_HEAD_COLUMNS)}
    parts |= {joint_words(joint, language): [i] for i, joint in enumerate(JOINTS) if i not in _HEAD_COLUMNS}
    rows = []
    for words, columns in parts.items():
        share = {css: float(np.mean(motion.provenance[:, columns] == kind)) for css, kind in _COVERAGE}
        seen = share["fused"] + share["measured"]
        bar = plots.share_bar([(css, share[css]) for css, _ in _COVERAGE])
        rows.append(CoverageRow(words, f"{100 * seen:.0f} %", bar))
    return rows


def _notices(assessment: Assessment) -> list[str]:
    """What limits this result, in the words of the room that found it; each once."""
    clocks = [f"{clock.name}: {clock.reason}" for clock in assessment.clocks if clock.reason]
    reasons = [assessment.scores.withheld, assessment.alignment.reason, assessment.diagnosis.reason]
    return [reason for reason in dict.fromkeys([*reasons, *assessment.scores.warnings, *clocks]) if reason]


def _player(
    assessment: Assessment, action: Action, shown: Motion, overlay: scene.Array, language: str
) -> dict[str, Any]:
    """The player's data: lengths in mm, times in s."""
    say = labels(language)
    bounds = assessment.alignment.stage_bounds_s
    stages = [
        {"label": stage_words(action, stage.name, language), "begin": float(begin), "end": float(end)}
        for repetition in bounds
        for stage, begin, end in zip(action.stages, repetition[:-1], repetition[1:], strict=False)
        if math.isfinite(begin) and math.isfinite(end)
    ]
    return {
        "times": [round(float(t), 4) for t in shown.times_s],
        "frames": scene.player_positions(shown.positions_m),
        "target": scene.player_positions(overlay) if np.isfinite(overlay).any() else [],
        "estimated": ["".join("1" if p >= Provenance.FILLED else "0" for p in frame) for frame in shown.provenance],
        "joints": JOINTS,
        "edges": EDGES,
        "stages": stages,
        "keyframes": [
            {"label": keyframe_words(action, k.name, language), "time": round(k.time_s, 4)}
            for k in assessment.alignment.keyframes
            if math.isfinite(k.time_s)
        ],
        "deviations": [
            {"joints": f.joints, "label": deviation_words(action, f.metric, f.deviation, language), "time": f.time_s}
            for f in assessment.diagnosis.deviations
            if math.isfinite(f.time_s)
        ],
        "words": {key: say[key] for key in ("play", "pause")},
    }
