"""One simulated long jump, assessed with marks made up for the purpose."""

from __future__ import annotations

import dataclasses
import html.parser
import shutil

import numpy as np
import pytest

from sport_nodes.assessment import Assessment
from sport_nodes.coaching.coach import coach
from sport_nodes.diagnosis.diagnose import diagnose
from sport_nodes.keyframes.align import align
from sport_nodes.keyframes.target import load_target
from sport_nodes.lab.simulate import simulate
from sport_nodes.measurements import DeviceClock
from sport_nodes.motion import Motion, Provenance
from sport_nodes.scoring.scores import StageScore, StageScores

ACTION = "standing_long_jump"
STAGE_POINTS = (82.0, 64.0, 71.0, 93.0)


@pytest.fixture(scope="session")
def assessment() -> Assessment:
    truth = simulate(ACTION, seed=5, faults=("weak_arm_swing",)).motion
    rng = np.random.default_rng(1)
    kinds = [Provenance.MEASURED, Provenance.FUSED, Provenance.FILLED, Provenance.INFERRED]
    provenance = rng.choice(kinds, size=truth.provenance.shape, p=[0.2, 0.6, 0.1, 0.1]).astype(np.uint8)
    motion = Motion(truth.times_s, truth.positions_m, truth.confidence, provenance, truth.sigma_m)
    target = load_target(ACTION, motion)
    alignment = align(motion, target)
    diagnosis = diagnose(motion, alignment, ACTION, target)
    bounds = alignment.stage_bounds_s[0]
    names = ("pre_swing", "take_off", "flight", "landing")
    stages = tuple(
        StageScore(name, points, points - 6.0, points + 5.0, float(begin), float(end))
        for name, points, begin, end in zip(names, STAGE_POINTS, bounds[:-1], bounds[1:], strict=True)
    )
    scores = StageScores(
        action=ACTION,
        value=76.4,
        low=69.1,
        high=83.2,
        grade="fair",
        grade_probabilities=np.array([0.01, 0.14, 0.55, 0.28, 0.02]),
        stages=stages,
        bias_correction=0.5,
        model="scorer-test 0123abcd",
        latency_ms=4.0,
    )
    words = coach(action=ACTION, diagnosis=diagnosis, scores=scores, alignment=alignment)
    clocks = (
        DeviceClock("kinect", 0.0, 0.0, 80.0, 12.0, 160, 0, 0, True),
        DeviceClock("camera_1", -1830.0, 12.5, 210.0, 31.0, 151, 9, 1, False, "it restarted in the trial"),
    )
    return Assessment(
        ACTION, "trial-7", motion, target, scores, alignment, diagnosis, words, clocks, simulated=True, athlete="P-07"
    )


@pytest.fixture(scope="session")
def hostile(assessment: Assessment) -> Assessment:
    """Every text of it tries to break out of the page."""
    attack = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\"'{{ 7*7 }}"
    findings = tuple(dataclasses.replace(f, reason=attack) for f in assessment.diagnosis.findings)
    improvement = dataclasses.replace(
        assessment.coaching.improvements[0], title=attack, cue=attack, drill=attack, check=attack
    )
    return dataclasses.replace(
        assessment,
        trial=attack,
        athlete=attack,
        scores=dataclasses.replace(assessment.scores, model=attack, warnings=(attack,)),
        alignment=dataclasses.replace(assessment.alignment, target=attack),
        diagnosis=dataclasses.replace(assessment.diagnosis, findings=findings),
        coaching=dataclasses.replace(
            assessment.coaching,
            text=attack,
            student_text=attack,
            strengths=(attack,),
            dimensions={"head_and_eyes": attack},
            improvements=(improvement,),
            source=attack,
            claims=3,
        ),
        clocks=(dataclasses.replace(assessment.clocks[1], name=attack, reason=attack),),
    )


@pytest.fixture(scope="session")
def crowded(assessment: Assessment) -> Assessment:
    """As much as a report can hold: three long improvements, long strengths, many notices, forty metrics."""
    long_text = "Swing both arms from far behind the hips to above the eyes, ten times standing, then with a jump. " * 3
    improvement = dataclasses.replace(assessment.coaching.improvements[0], drill=long_text, check=long_text)
    findings = assessment.diagnosis.findings
    return dataclasses.replace(
        assessment,
        scores=dataclasses.replace(assessment.scores, warnings=tuple(f"{i}: {long_text}" for i in range(6))),
        diagnosis=dataclasses.replace(assessment.diagnosis, findings=(*findings, *findings)[:40]),
        coaching=dataclasses.replace(
            assessment.coaching, improvements=(improvement,) * 3, strengths=(long_text[:120],) * 5
        ),
    )


@pytest.fixture(scope="session")
def chromium() -> str:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return path


class Page(html.parser.HTMLParser):
    """The elements of a page: (tag, attributes) in order, and its visible text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif not self._inside and data.strip():
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="session")
def read_page():
    return Page
