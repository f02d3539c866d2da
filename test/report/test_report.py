"""The report says what the assessment says, holds all it needs, and treats every text as data."""

import base64
import dataclasses
import hashlib
import json
import math
import re

import numpy as np
import pytest

from sport_nodes.coaching.coach import coach
from sport_nodes.diagnosis.findings import DEVIATES, NOT_ASSESSED, WITHIN_TOLERANCE
from sport_nodes.diagnosis.progress import progress
from sport_nodes.motion import Motion
from sport_nodes.report.report import render_report, write_report
from sport_nodes.report.scene import MAX_FRAMES

LARGEST_FILE_BYTES = 1_000_000
HALF_MILLIMETRE = 0.5e-3


def data_of(page):
    return json.loads(page.scripts[0])


def test_it_says_what_was_found(assessment, read_page):
    text = read_page(render_report(assessment)).text
    for expected in (
        "Standing long jump",
        "P-07",
        "trial-7",
        "76 of 100",
        "between 69 and 83 with 90 % certainty",
        "55 %",
        "scorer-test 0123abcd",
        assessment.alignment.target,
        "it restarted in the trial",
        *(f"{stage.score:.0f}" for stage in assessment.scores.stages),
        *(improvement.cue for improvement in assessment.coaching.improvements),
        *(improvement.drill for improvement in assessment.coaching.improvements),
        *(finding.label[1:] for finding in assessment.diagnosis.deviations),
    ):
        assert expected in text


def test_every_metric_has_a_row_with_its_verdict(assessment, read_page):
    page = read_page(render_report(assessment))
    rows = [
        a["class"].split()[1] for tag, a in page.elements if tag == "div" and "metric-row" in (a.get("class") or "")
    ]
    expected = {f.verdict for f in assessment.diagnosis.findings}
    assert sorted(rows) == sorted(f.verdict for f in assessment.diagnosis.findings)
    assert len(expected) > 1


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_is_said_where_it_is(assessment, read_page, simulated):
    text = read_page(render_report(dataclasses.replace(assessment, simulated=simulated))).text
    assert ("Simulated" in text) is simulated


def test_a_withheld_score_gives_its_reason_and_no_number(assessment, read_page):
    scores = dataclasses.replace(
        assessment.scores, value=math.nan, low=math.nan, high=math.nan, grade="", stages=(), withheld="legs not seen"
    )
    text = read_page(render_report(dataclasses.replace(assessment, scores=scores))).text
    assert "No score" in text
    assert "legs not seen" in text
    assert "of 100" not in text.split("What to improve first")[0]
    assert "nan" not in text.lower()


def test_a_movement_that_was_not_found_still_gives_a_report(assessment, read_page):
    alignment = dataclasses.replace(
        assessment.alignment,
        windows_s=np.empty((0, 2)),
        path_s=np.empty((0, 2)),
        keyframes=(),
        stage_bounds_s=np.empty((0, 5)),
        distance=math.nan,
        reason="no jump was found in the recording",
    )
    diagnosis = dataclasses.replace(assessment.diagnosis, findings=(), root_causes=(), reason=alignment.reason)
    words = coach(action=assessment.action, diagnosis=diagnosis, scores=assessment.scores, alignment=alignment)
    bare = dataclasses.replace(assessment, alignment=alignment, diagnosis=diagnosis, coaching=words)
    page = read_page(render_report(bare))
    assert "no jump was found in the recording" in page.text
    assert data_of(page)["target"] == []


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ((WITHIN_TOLERANCE, DEVIATES), "no single cause"),
        ((WITHIN_TOLERANCE, NOT_ASSESSED), "above the measurement error"),
        ((NOT_ASSESSED,), "could not be compared"),
        ((), "could not be compared"),
    ],
)
def test_it_says_why_there_is_nothing_to_improve(assessment, read_page, verdicts, words):
    one = assessment.diagnosis.findings[0]
    findings = tuple(dataclasses.replace(one, verdict=verdict) for verdict in verdicts)
    found = dataclasses.replace(assessment.diagnosis, findings=findings, root_causes=())
    coaching = dataclasses.replace(assessment.coaching, improvements=())
    page = read_page(render_report(dataclasses.replace(assessment, diagnosis=found, coaching=coaching)))
    assert words in page.text


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("frames", [slice(0, 0), slice(0, 1), slice(None)])
def test_a_motion_with_holes_still_gives_a_report(assessment, read_page, frames):
    """Nobody seen at all in every other frame, the right leg never."""
    positions = assessment.motion.positions_m.copy()
    positions[::2] = np.nan
    positions[:, [12, 14, 16]] = np.nan
    motion = Motion(assessment.motion.times_s, positions).take(frames)
    data = data_of(read_page(render_report(dataclasses.replace(assessment, motion=motion))))
    assert len(data["frames"]) == len(data["times"])
    assert "NaN" not in json.dumps(data)


def test_chinese_has_no_english_left(assessment, read_page):
    words = coach(
        action=assessment.action,
        diagnosis=assessment.diagnosis,
        scores=assessment.scores,
        alignment=assessment.alignment,
        language="zh",
    )
    quiet = dataclasses.replace(assessment, coaching=words, clocks=())
    text = read_page(render_report(quiet)).text
    for name in (assessment.scores.model, assessment.alignment.target, assessment.trial, "MDC95"):
        text = text.replace(name, "")
    assert re.findall(r"[A-Za-z]{3,}", text) == []


def test_it_loads_nothing_and_is_small(assessment, tmp_path, read_page):
    path = write_report(assessment, tmp_path / "new" / "report.html")
    assert path.stat().st_size < LARGEST_FILE_BYTES
    page = read_page(path.read_text(encoding="utf-8"))
    for _, attributes in page.elements:
        for name in ("src", "href", "action", "data"):
            assert (attributes.get(name) or "data:").startswith("data:")
    assert not re.search(r"url\(|@import|https?://", path.read_text(encoding="utf-8"))


def test_only_the_players_script_may_run(assessment, read_page):
    page = read_page(render_report(assessment))
    (policy,) = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1]


def test_texts_are_data(assessment, hostile, read_page):
    """The same elements as without the attack, none with a handler, and the attack is there to be read."""
    page = read_page(render_report(hostile))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 2
    assert "img" not in tags
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "<script>document.title='owned'</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    data_of(page)


def test_the_player_has_the_motion_to_the_millimetre(assessment, read_page):
    data = data_of(read_page(render_report(assessment)))
    motion = assessment.motion
    assert len(data["frames"]) == len(data["times"]) == len(data["estimated"]) <= MAX_FRAMES
    for time, frame in zip(data["times"][::25], data["frames"][::25], strict=True):
        index = int(np.argmin(np.abs(motion.times_s - time)))
        shown = np.array(frame, dtype=float).reshape(17, 3) / 1000
        assert np.allclose(shown, motion.positions_m[index], atol=HALF_MILLIMETRE + 1e-9)
    assert [k["time"] for k in data["keyframes"]] == [round(k.time_s, 4) for k in assessment.alignment.keyframes]


def test_nothing_but_the_pseudonym_names_the_athlete(assessment, read_page):
    text = read_page(render_report(dataclasses.replace(assessment, athlete=""))).text
    assert "P-07" not in text
    assert "Athlete" not in text


def test_progress_since_earlier_trials_stands_beside_the_metric(assessment):
    finding = assessment.diagnosis.deviations[0]
    earlier = dataclasses.replace(finding, value=finding.value + 9.0 * np.sign(finding.deviation) * finding.mdc95)
    earlier = dataclasses.replace(earlier, deviation=earlier.value - earlier.target)
    past = dataclasses.replace(assessment.diagnosis, findings=(earlier,))
    html = render_report(dataclasses.replace(assessment, progress=progress([past], assessment.diagnosis)))
    assert "nearer to the target" in html
    assert "nearer to the target" not in render_report(assessment)
