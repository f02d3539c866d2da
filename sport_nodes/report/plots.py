"""The report's plots as SVG. Widths are in %, so that they fit any screen; every text is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from sport_nodes.diagnosis.findings import DEVIATES, NOT_ASSESSED, WITHIN_ERROR, Finding
from sport_nodes.scoring.scores import GRADE_BOUNDS, GRADES

_FULL_SCORE: Final = 100.0
#: A metric's row reaches at least this many tolerances to either side, and never more than the second number.
_LEAST_REACH: Final = 2.5
_MOST_REACH: Final = 6.0
#: Rows are drawn inside the middle of their width, so that dots at the end are not cut.
_MARGIN_PERCENT: Final = 2.0
# The timing plot, in px: two bars with labelled lines between them; a letter of its labels needs about this much width.
_TOP_BAR_Y: Final = 15
_BAR_HEIGHT: Final = 14
_LABEL_HEIGHT: Final = 13
_MOST_LABEL_LINES: Final = 4
_STAGE_COLOURS: Final = 4
_PERCENT_A_LETTER: Final = 1.9


@dataclass(frozen=True)
class Moment:
    """An instant that the trial and the target share."""

    label: str
    time_s: float
    target_time_s: float


@dataclass(frozen=True)
class Span:
    """A stage: its label and its bounds in trial and target seconds."""

    label: str
    begin_s: float
    end_s: float
    target_begin_s: float
    target_end_s: float


def score_scale(value: float, low: float, high: float) -> Markup:
    """The scale of 0 to 100 with its five grades, the score and its interval."""
    edges = (0.0, *GRADE_BOUNDS, _FULL_SCORE)
    parts = [
        f'<rect x="{begin:.1f}%" y="10" width="{end - begin:.1f}%" height="12" class="{grade}"/>'
        for grade, begin, end in zip(GRADES, edges, edges[1:], strict=False)
    ]
    for edge in edges:
        anchor = "start" if edge == 0 else "end" if edge == _FULL_SCORE else "middle"
        parts.append(f'<text x="{edge:.1f}%" y="36" text-anchor="{anchor}" class="tick">{edge:.0f}</text>')
    if math.isfinite(value):
        if math.isfinite(low) and math.isfinite(high):
            parts.append(_whisker(low, high, 16, "score-line"))
        parts.append(f'<circle cx="{value:.2f}%" cy="16" r="7" class="score-dot"/>')
    return _svg(parts, height=40, css="scale")


def stage_bar(value: float, low: float, high: float) -> Markup:
    """One stage's points with its interval."""
    parts = ['<rect x="0" y="3" width="100%" height="10" rx="5" class="rail"/>']
    if math.isfinite(value):
        parts.append(f'<rect x="0" y="3" width="{_clamp(value):.2f}%" height="10" rx="5" class="fill"/>')
    if math.isfinite(low) and math.isfinite(high):
        parts.append(_whisker(_clamp(low), _clamp(high), 8, "interval"))
    return _svg(parts, height=16)


def reach_of(findings: Iterable[Finding]) -> float:
    """How many tolerances the rows of a chart show to either side, so that all have the same scale."""
    shares = [abs(f.deviation) / f.tolerance for f in findings if f.tolerance > 0 and math.isfinite(f.deviation)]
    return min(_MOST_REACH, max([_LEAST_REACH, *(1.15 * s for s in shares)]))


def metric_bar(finding: Finding, *, reach: float) -> Markup:
    """One metric's deviation in tolerances: band of tolerance, dot, measurement error; an arrow where it is cut off."""
    half = 50.0 - _MARGIN_PERCENT
    band = half / reach
    parts = [
        '<rect x="0" y="2" width="100%" height="14" rx="3" class="rail"/>',
        f'<rect x="{50 - band:.2f}%" y="2" width="{2 * band:.2f}%" height="14" class="band"/>',
        '<line x1="50%" x2="50%" y1="2" y2="16" class="centre"/>',
    ]
    if finding.verdict != NOT_ASSESSED and finding.tolerance > 0 and math.isfinite(finding.deviation):

        def x(deviation: float) -> float:
            return 50.0 + half * max(-1.0, min(1.0, deviation / finding.tolerance / reach))

        css = {DEVIATES: "off", WITHIN_ERROR: "unsure"}.get(finding.verdict, "fine")
        if math.isfinite(finding.mdc95):
            low, high = x(finding.deviation - finding.mdc95), x(finding.deviation + finding.mdc95)
            parts.append(_whisker(low, high, 9, f"error {css}"))
        parts.append(f'<circle cx="{x(finding.deviation):.2f}%" cy="9" r="5" class="dot {css}"/>')
        if abs(finding.deviation) > reach * finding.tolerance:
            at, sign = ("0.5%", "‹") if finding.deviation < 0 else ("99.5%", "›")
            anchor = "start" if finding.deviation < 0 else "end"
            parts.append(f'<text x="{at}" y="14" text-anchor="{anchor}" class="cut">{sign}</text>')
    return _svg(parts, height=18)


def warp_plot(moments: Sequence[Moment], spans: Sequence[Span], *, names: tuple[str, str]) -> Markup:
    """Trial and target on two time axes of one scale, stages as blocks, keyframes joined by lines.

    names: words for the trial's and the target's axis. Both axes begin at their first stage or keyframe.
    """
    ours = [t for s in spans for t in (s.begin_s, s.end_s)] + [m.time_s for m in moments]
    theirs = [t for s in spans for t in (s.target_begin_s, s.target_end_s)] + [m.target_time_s for m in moments]
    ours, theirs = [t for t in ours if math.isfinite(t)], [t for t in theirs if math.isfinite(t)]
    if not ours or not theirs:
        return Markup("")
    first, target_first = min(ours), min(theirs)
    longest = max(max(ours) - first, max(theirs) - target_first) or 1.0
    width = 100.0 - 2 * _MARGIN_PERCENT

    def top(time_s: float) -> float:
        return _MARGIN_PERCENT + width * (time_s - first) / longest

    def bottom(time_s: float) -> float:
        return _MARGIN_PERCENT + width * (time_s - target_first) / longest

    links = [(top(m.time_s), bottom(m.target_time_s), m.label) for m in moments]
    links = [link for link in links if math.isfinite(link[0]) and math.isfinite(link[1])]
    places = _label_places([((a + b) / 2, label) for a, b, label in links])
    lines = 1 + max((line for _, line in filter(None, places)), default=0)
    top_edge = _TOP_BAR_Y + _BAR_HEIGHT
    bottom_y = top_edge + _BAR_HEIGHT + _LABEL_HEIGHT * lines
    height = bottom_y + 2 * _BAR_HEIGHT
    parts = [
        f'<text x="0" y="10" class="axis-name">{escape(names[0])}</text>',
        f'<text x="0" y="{height - 2}" class="axis-name">{escape(names[1])}</text>',
        f'<text x="100%" y="{height - 2}" text-anchor="end" class="tick">{longest:.2f} s</text>',
    ]
    for number, span in enumerate(spans):
        css = f"stage{number % _STAGE_COLOURS}"
        parts.append(_block(top(span.begin_s), top(span.end_s), _TOP_BAR_Y, css, span.label))
        parts.append(_block(bottom(span.target_begin_s), bottom(span.target_end_s), bottom_y, css, span.label))
    for (a, b, label), place in zip(links, places, strict=True):
        parts.append(
            f'<line x1="{a:.2f}%" y1="{top_edge}" x2="{b:.2f}%" y2="{bottom_y}" class="link"/>'
            f'<circle cx="{a:.2f}%" cy="{top_edge}" r="3" class="knot"/>'
            f'<circle cx="{b:.2f}%" cy="{bottom_y}" r="3" class="knot"/>'
        )
        if place is not None:
            x, line = place
            y = top_edge + _BAR_HEIGHT + _LABEL_HEIGHT * line
            parts.append(f'<text x="{x:.2f}%" y="{y}" text-anchor="middle" class="halo">{escape(label)}</text>')
    return _svg(parts, height=height, css="warp")


def _label_places(labels: Sequence[tuple[float, str]]) -> list[tuple[float, int] | None]:
    """Middle [%] and line of each label (its wished-for middle, its words), so that none covers another.

    None where every line is taken: of sixty sit-ups not every keyframe can be named.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_MOST_LABEL_LINES)]
    places: list[tuple[float, int] | None] = []
    for wished, label in labels:
        half = 0.5 * _PERCENT_A_LETTER * len(label)
        x = min(max(wished, half), 100.0 - half)
        free = (n for n, line in enumerate(taken) if all(x + half < begin or x - half > end for begin, end in line))
        line = next(free, None)
        if line is not None:
            taken[line].append((x - half, x + half))
        places.append(None if line is None else (x, line))
    return places


def _block(begin: float, end: float, y: float, css: str, label: str) -> str:
    """One stage on a time axis, with its label where that fits; nothing where it has no bounds."""
    if not (math.isfinite(begin) and math.isfinite(end)):
        return ""
    width = max(0.0, end - begin)
    fits = width > _PERCENT_A_LETTER * len(label)
    middle = f'x="{begin + width / 2:.2f}%" y="{y + _BAR_HEIGHT - 4}" text-anchor="middle"'
    words = f'<text {middle} class="block">{escape(label)}</text>' if fits else ""
    block = f'<rect x="{begin:.2f}%" y="{y}" width="{width:.2f}%" height="{_BAR_HEIGHT}" class="{css}"/>'
    return f"<g><title>{escape(label)}</title>{block}{words}</g>"


def share_bar(shares: Sequence[tuple[str, float]]) -> Markup:
    """Parts of a whole side by side; shares of (CSS class, part of 1)."""
    parts, begin = [], 0.0
    for css, share in shares:
        if share > 0:
            parts.append(f'<rect x="{100 * begin:.2f}%" y="0" width="{100 * share:.2f}%" height="8" class="{css}"/>')
        begin += share
    return _svg(parts, height=8)


def _clamp(points: float) -> float:
    return max(0.0, min(_FULL_SCORE, points))


def _whisker(low: float, high: float, y: float, css: str) -> str:
    return (
        f'<line x1="{low:.2f}%" x2="{high:.2f}%" y1="{y}" y2="{y}" class="{css}"/>'
        f'<line x1="{low:.2f}%" x2="{low:.2f}%" y1="{y - 4}" y2="{y + 4}" class="{css}"/>'
        f'<line x1="{high:.2f}%" x2="{high:.2f}%" y1="{y - 4}" y2="{y + 4}" class="{css}"/>'
    )


def _svg(parts: Iterable[str], *, height: int, css: str = "") -> Markup:
    return Markup(f'<svg class="{css}" width="100%" height="{height}" aria-hidden="true">{"".join(parts)}</svg>')
