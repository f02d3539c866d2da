"""The template: complete, true to the diagnosis, readable, and the same in both languages."""

import re

import pytest

from sport_nodes.actions import DIMENSIONS, action_names, load_action
from sport_nodes.coaching.knowledge import shipped_entries
from sport_nodes.coaching.sentences import split_sentences
from sport_nodes.diagnosis.findings import WITHIN_TOLERANCE
from sport_nodes.diagnosis.progress import BETTER, UNCHANGED, WORSE, Change
from sport_nodes.errors import InputError

MOST_CUE_WORDS = 9


def deviations_of(cause):
    """What a cause's evidence looks like, in tolerances."""
    return {e.metric: 2.0 if e.direction == "high" else -2.0 for e in cause.evidence}


def every_cause():
    return [(action, cause.name) for action in action_names() for cause in load_action(action).root_causes]


@pytest.mark.parametrize(("action", "name"), every_cause())
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_cause_becomes_advice(trial, action, name, language):
    cause = load_action(action).root_cause(name)
    report = trial(action, deviations_of(cause)).coach(language=language)
    titles = [improvement.title for improvement in report.improvements]
    assert cause.label.in_language(language) in titles
    improvement = report.improvements[titles.index(cause.label.in_language(language))]
    assert improvement.cue
    assert improvement.drill
    assert improvement.check
    assert name in improvement.evidence
    assert improvement.cue in report.text
    if language == "en":
        assert len(improvement.cue.split()) <= MOST_CUE_WORDS


@pytest.mark.parametrize("action", action_names())
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_good_movement_is_confirmed(trial, action, language):
    report = trial(action, {}, stages=(92.0, 90.0, 91.0, 93.0)).coach(language=language)
    assert report.improvements == ()
    assert report.strengths
    assert {"en": "this is a good movement", "zh": "这是一次好的动作"}[language] in report.text
    assert not re.search(r"Work on|To improve|首先改进|可改进", report.text + "".join(report.dimensions.values()))


def test_a_low_mark_without_deviation_is_not_called_good(trial):
    report = trial("free_throw", {}, stages=(40.0, 42.0, 41.0, 45.0)).coach()
    assert "does not explain the mark" in report.text
    assert "good movement" not in report.text
    assert "Well done" not in report.student_text


def test_within_measurement_error_gives_no_advice(trial):
    """A whole fault, but none of it beyond the measurement error."""
    cause = load_action("free_throw").root_cause("elbow_flare")
    metrics = tuple(e.metric for e in cause.evidence)
    report = trial("free_throw", {}, unsure=metrics).coach()
    assert report.improvements == ()
    assert "no advice rests on it" in report.text
    label = load_action("free_throw").metric(metrics[0]).label
    assert label in report.text


def test_what_was_not_assessed_is_said_with_its_reason(weak_jump):
    reason = "not measured well enough: left knee, right hip"
    assert f"Not assessed: time from deepest crouch to take-off ({reason})." in weak_jump.coach().text
    assert "（测量不足：左膝、右髋）" in weak_jump.coach(language="zh").text


def test_a_withheld_score_is_said_with_its_reason(trial):
    report = trial("sit_up", {}, withheld="half of the joints were hidden.").coach()
    assert "no score is given, because half of the joints were hidden." in report.text
    assert "nan" not in report.text.lower()
    assert "points" not in report.text


def test_at_most_three_improvements_each_with_something_of_its_own(trial):
    action = load_action("standing_long_jump")
    everything = {m.name: -2.0 for m in action.metrics}
    report = trial(action.name, everything).coach()
    assert 1 <= len(report.improvements) <= 3
    explained: set[str] = set()
    for improvement in report.improvements:
        new = set(improvement.evidence[1:]) - explained
        assert new
        explained |= new


@pytest.mark.parametrize("language", ["en", "zh"])
def test_numbers_in_the_text_are_the_findings(weak_jump, language):
    text = weak_jump.coach(language=language).text
    values = {f"{f.value:.0f}" for f in weak_jump.diagnosis.deviations}
    assert values <= set(re.findall(r"\d+", text))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_has_evidence_and_names_what_exists(weak_jump, language):
    report = weak_jump.coach(language=language)
    assert [sentence for sentence, _ in report.evidence] == split_sentences(report.text)
    action = load_action(weak_jump.action)
    known = {f"metric:{m.name}" for m in action.metrics} | {f"cause:{c.name}" for c in action.root_causes}
    known |= {f"stage:{s.name}" for s in action.stages} | {f"attribute:{a.name}" for a in action.skill_attributes}
    known |= {f"knowledge:{entry.id}" for entry in shipped_entries()} | {"total", "alignment", "rule:pain"}
    for _, names in report.evidence:
        assert names
        assert set(names) <= known


def test_all_seven_dimensions_are_spoken_of(weak_jump):
    dimensions = weak_jump.coach().dimensions
    assert set(dimensions) == set(DIMENSIONS)
    assert "weak arm swing" in dimensions["arms_and_elbows"]
    assert "Not measured; look for this by eye" in dimensions["head_and_eyes"]


def test_the_student_reads_no_numbers_of_the_measurement(weak_jump):
    student = weak_jump.coach().student_text
    drills = " ".join(i.drill for i in weak_jump.coach().improvements)
    assert set(re.findall(r"\d+", student)) <= set(re.findall(r"\d+", drills))
    assert "tell an adult" in student
    assert len(split_sentences(student)) <= 6


def test_unknown_language_is_refused(weak_jump):
    with pytest.raises(InputError, match="no language 'fr'"):
        weak_jump.coach(language="fr")


def test_text_is_streamed(weak_jump):
    heard: list[str] = []
    report = weak_jump.coach(on_text=heard.append)
    assert "".join(heard) == report.text


def change_of(finding, verdict, before):
    return Change(
        finding.metric,
        finding.label,
        finding.side,
        finding.unit,
        before,
        finding.value,
        finding.value - before,
        1.0,
        2,
        verdict,
    )


@pytest.mark.parametrize(
    ("language", "nearer", "further"), [("en", "Nearer to", "Further from"), ("zh", "更接近", "更远")]
)
def test_progress_is_told_where_it_exceeds_the_error_and_only_there(weak_jump, language, nearer, further):
    better, worse, same = weak_jump.facts.of_verdict(WITHIN_TOLERANCE)[:3]
    report = weak_jump.coach(
        language=language,
        changes=[
            change_of(better, BETTER, better.value + 30.0),
            change_of(worse, WORSE, worse.value),
            change_of(same, UNCHANGED, same.value),
        ],
    )
    told = {sentence: names for sentence, names in report.evidence if any(n.startswith("progress:") for n in names)}
    (good,) = [s for s in told if nearer in s]
    (bad,) = [s for s in told if further in s]
    assert told == {good: (f"progress:{better.metric}",), bad: (f"progress:{worse.metric}",)}
    assert str(round(better.value + 30.0)) in good
    assert len(report.student_text) > len(weak_jump.coach(language=language).student_text)
    assert nearer not in weak_jump.coach(language=language).text
