"""The template's words over every fault of every movement: readable, translated, fit for the level, never at odds."""

import re
from itertools import combinations

import pytest

from sport_nodes.actions import DIMENSIONS, action_names, load_action
from sport_nodes.coaching.knowledge import shipped_entries
from sport_nodes.coaching.sentences import split_sentences
from sport_nodes.coaching.words import BODY_PART_WORDS, DIMENSION_WORDS, GRADE_WORDS, SIDE_WORDS

#: Flesch-Kincaid grades: pupils of ten years read the student's text, the teacher's needs no study.
MOST_STUDENT_GRADE, MOST_TEACHER_GRADE = 5.0, 9.0
#: A Chinese sentence that pupils read in one go; what stands between two marks of a list is counted by itself.
MOST_STUDENT_CHARACTERS, MOST_TEACHER_CHARACTERS = 40, 40
OPPOSITES = (
    (r"\bbend", r"\bstraight|\bstretch|\bextend"),
    (r"\bup\b|\braise|\blift|\bhigh", r"\bdown\b|\blower|\blow\b"),
    (r"\bearl|\bfirst\b|\bsooner", r"\blate"),
    (r"\bslow", r"\bfast|\bquick"),
    (r"\bmore\b", r"\bless\b"),
    (r"\bforward", r"\bback\b"),
    (r"\btogether|\balike|\bboth\b", r"\bone after|\bone side"),
)
PARTS = r"knee|hip|elbow|wrist|hand|arm|leg|foot|feet|heel|shoulder|trunk|head"


def causes():
    return [(action, cause) for action in action_names() for cause in load_action(action).root_causes]


def deviations_of(*several):
    """What the causes' evidence looks like together, in tolerances; None where it cannot be together."""
    merged: dict[str, float] = {}
    for cause in several:
        for evidence in cause.evidence:
            sign = 2.0 if evidence.direction == "high" else -2.0
            if merged.setdefault(evidence.metric, sign) != sign and evidence.direction != "either":
                return None
    return merged


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade level: Kincaid et al. (1975)."""
    sentences = split_sentences(text)
    words = re.findall(r"[a-z']+", text.lower())
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word)))) for word in words)
    return 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def test_the_grade_is_that_of_the_formula():
    """By hand: 6 words, 1 sentence, 6 syllables; and a sentence that nobody reads easily."""
    assert reading_grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    assert reading_grade("Biomechanical characteristics necessitate individualised interpretation.") > 20


@pytest.mark.parametrize("action", action_names())
def test_english_is_readable(trial, action):
    for _, cause in (pair for pair in causes() if pair[0] == action):
        report = trial(action, deviations_of(cause)).coach()
        assert reading_grade(report.student_text) <= MOST_STUDENT_GRADE, cause.name
        assert reading_grade(report.text) <= MOST_TEACHER_GRADE, cause.name


@pytest.mark.parametrize("action", action_names())
def test_chinese_is_readable_and_chinese(trial, action):
    for _, cause in (pair for pair in causes() if pair[0] == action):
        report = trial(action, deviations_of(cause)).coach(language="zh")
        assert max(map(len, split_sentences(report.student_text))) <= MOST_STUDENT_CHARACTERS, cause.name
        pieces = re.split(r"[。；：，！？]", report.text)
        assert max(map(len, pieces)) <= MOST_TEACHER_CHARACTERS, cause.name
        text = report.text + report.student_text + "".join(report.dimensions.values()) + "".join(report.strengths)
        text += "".join(i.title + i.cue + i.drill + i.check for i in report.improvements)
        assert re.findall(r"[A-Za-z]{2,}", text) == [], cause.name


@pytest.mark.parametrize("action", action_names())
def test_every_label_is_in_both_languages(action):
    spec = load_action(action)
    labels = [spec.label, *(s.label for s in spec.stages), *(k.label for k in spec.keyframes)]
    labels += [text for m in spec.metrics for text in (m.label, m.low_label, m.high_label)]
    labels += [t for c in spec.root_causes for t in (c.label, c.reason, c.cue, c.drill, c.check)]
    labels += [a.label for a in spec.skill_attributes]
    labels += [keypoint for dimension in spec.dimensions.values() for keypoint in dimension.keypoints]
    assert [label for label in labels if not re.search("[\u4e00-\u9fff]", label.in_language("zh"))] == []
    assert [label for label in labels if not label or re.search("[\u4e00-\u9fff]", label)] == []
    assert set(spec.dimensions) == set(DIMENSIONS)


def test_the_programs_own_words_are_in_both_languages():
    for words in (BODY_PART_WORDS, DIMENSION_WORDS, GRADE_WORDS, SIDE_WORDS):
        for english, chinese in words.values():
            assert re.fullmatch("[a-z ]+", english)
            assert re.fullmatch("[\u4e00-\u9fff]+", chinese)


@pytest.mark.parametrize("action", action_names())
def test_no_two_improvements_contradict(trial, action):
    """Of two faults at once: no metric is asked to be both more and less, no cue asks a part the opposite of another's
    in the same stage, and there are never more than three."""
    spec = load_action(action)
    stage_of = {cause.name: cause.stage for cause in spec.root_causes}
    seen = 0
    for pair in combinations(spec.root_causes, 2):
        if (deviations := deviations_of(*pair)) is None:
            continue
        improvements = trial(action, deviations).coach().improvements
        assert len(improvements) <= 3
        for one, other in combinations(improvements, 2):
            seen += 1
            assert asked_of(spec, one).isdisjoint({(m, -sign) for m, sign in asked_of(spec, other)})
            if stage_of[one.evidence[0]] == stage_of[other.evidence[0]]:
                assert not opposite(one.cue.lower(), other.cue.lower()), (one.cue, other.cue)
    assert seen


def asked_of(spec, improvement):
    """(metric, sign) that an improvement asks to change."""
    name, *metrics = improvement.evidence
    signs = {"high": (-1,), "low": (1,), "either": (1, -1)}
    return {
        (e.metric, sign)
        for e in spec.root_cause(name).evidence
        if e.metric in metrics and e.direction != "either"
        for sign in signs[e.direction]
    }


def opposite(one: str, other: str) -> bool:
    shared = set(re.findall(PARTS, one)) & set(re.findall(PARTS, other))
    return bool(shared) and any(
        (re.search(a, one) and re.search(b, other)) or (re.search(b, one) and re.search(a, other)) for a, b in OPPOSITES
    )


def test_opposite_cues_are_seen():
    """The test above could otherwise not fail."""
    assert opposite("bend the knees", "keep the knees straight")
    assert not opposite("bend the knees", "raise the arms")


def test_the_drill_is_of_the_athletes_level(trial):
    entries = {entry.id: entry for entry in shipped_entries()}
    for points, level in ((50.0, "beginner"), (74.0, "intermediate"), (97.0, "advanced")):
        report = trial("free_throw", {"dip_knee_flexion": -1.5}, stages=(points,) * 4).coach()
        (drill,) = (names for sentence, names in report.evidence if sentence.startswith("Practise: "))
        assert {entries[n.removeprefix("knowledge:")].level for n in drill if n.startswith("knowledge:")} == {level}
