"""Where the plots put things: read back from the SVG."""

import itertools
import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sport_nodes.diagnosis.findings import DEVIATES, NOT_ASSESSED, WITHIN_ERROR, WITHIN_TOLERANCE, Finding
from sport_nodes.report import plots

REACH = 3.0


def finding(deviation: float, *, mdc95: float = 2.0, verdict: str = DEVIATES) -> Finding:
    return Finding(
        "knee", "knee", 90 + deviation, 90.0, "deg", deviation, 10.0, mdc95, verdict, ("left_knee",), "", "landing", 1.0
    )


def percent(element, name):
    return float(element.get(name).rstrip("%"))


def of_class(svg, css):
    return [e for e in ElementTree.fromstring(svg).iter() if (e.get("class") or "").split()[:1] == [css]]


@given(st.floats(-29, 29))
def test_the_dot_lies_in_the_band_exactly_when_within_tolerance(deviation):
    svg = plots.metric_bar(finding(deviation), reach=REACH)
    (dot,), (band,) = of_class(svg, "dot"), of_class(svg, "band")
    begin, width, at = percent(band, "x"), percent(band, "width"), percent(dot, "cx")
    if abs(abs(deviation) - 10) > 0.01:
        assert (begin <= at <= begin + width) is (abs(deviation) < 10)
    assert begin + width / 2 == pytest.approx(50, abs=0.01)


def test_the_whisker_is_the_measurement_error():
    line = of_class(plots.metric_bar(finding(-5.0, mdc95=4.0), reach=REACH), "error")[0]
    half = 48 / REACH / 10  # % of the width for one degree
    assert percent(line, "x1") == pytest.approx(50 - 9 * half, abs=0.02)
    assert percent(line, "x2") == pytest.approx(50 - 1 * half, abs=0.02)


@pytest.mark.parametrize(("deviation", "arrow"), [(-80.0, "‹"), (80.0, "›")])
def test_what_is_cut_off_has_an_arrow(deviation, arrow):
    assert [e.text for e in of_class(plots.metric_bar(finding(deviation), reach=REACH), "cut")] == [arrow]


@pytest.mark.parametrize(
    ("verdict", "css"), [(DEVIATES, "off"), (WITHIN_ERROR, "unsure"), (WITHIN_TOLERANCE, "fine"), (NOT_ASSESSED, None)]
)
def test_the_verdict_has_its_colour(verdict, css):
    dots = of_class(plots.metric_bar(finding(12.0, verdict=verdict), reach=REACH), "dot")
    assert [dot.get("class").split()[1] for dot in dots] == ([css] if css else [])


def test_all_rows_share_a_scale_that_shows_the_greatest_deviation():
    findings = [finding(5.0), finding(-42.0), finding(math.nan, verdict=NOT_ASSESSED)]
    assert 4.2 < plots.reach_of(findings) < 6
    assert plots.reach_of([finding(1.0)]) == plots.reach_of([])


def test_the_score_lies_on_its_grade():
    svg = plots.score_scale(76.0, 70.5, 81.0)
    (dot,), (fair,) = of_class(svg, "score-dot"), of_class(svg, "fair")
    assert percent(fair, "x") <= percent(dot, "cx") <= percent(fair, "x") + percent(fair, "width")


def test_time_axes_have_one_scale_and_lines_join_the_same_moments():
    svg = plots.warp_plot(
        [plots.Moment("a", 1.0, 10.0), plots.Moment("b", 3.0, 11.0)],
        [plots.Span("s", 1.0, 3.0, 10.0, 11.0)],
        names=("trial", "target"),
    )
    first, second = of_class(svg, "link")
    assert percent(first, "x1") == pytest.approx(percent(first, "x2"))
    slow, fast = (percent(second, x) - percent(first, x) for x in ("x1", "x2"))
    assert slow == pytest.approx(2 * fast, rel=1e-3)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=12))
def test_labels_of_moments_do_not_cover_each_other(times):
    svg = plots.warp_plot([plots.Moment("release", t, t) for t in times], [], names=("trial", "target"))
    labels = of_class(svg, "halo")
    assert len(labels) >= min(len(times), 4)
    half = plots._PERCENT_A_LETTER * len("release") / 2
    places = sorted((float(label.get("y")), percent(label, "x")) for label in labels)
    assert all(half - 0.01 <= x <= 100.01 - half for _, x in places)
    for (y, x), (next_y, next_x) in itertools.pairwise(places):
        assert next_y > y or next_x - x >= 2 * half - 0.01


def test_labels_are_escaped():
    svg = plots.warp_plot([plots.Moment("<b>&", 1.0, 1.0)], [], names=("<i>", "y"))
    assert "<b>" not in svg
    assert "<i>" not in svg
    ElementTree.fromstring(svg)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5).filter(lambda parts: sum(parts) > 0.1))
def test_shares_fill_the_bar(parts):
    shares = [(f"c{i}", p / sum(parts)) for i, p in enumerate(parts)]
    widths = [float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)%"', plots.share_bar(shares))]
    assert sum(widths) == pytest.approx(100, abs=0.05)
