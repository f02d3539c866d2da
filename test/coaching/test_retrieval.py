"""Lexical retrieval: against BM25 computed by hand, and on questions as teachers ask them."""

import math

import pytest

from sport_nodes.coaching.knowledge import Entry, read_entries, shipped_entries
from sport_nodes.coaching.retrieval import TYPICAL_WORDS, LexicalIndex, search, terms, weighted_text
from sport_nodes.errors import InputError


def entry(number: int, question: str, answer: str = "x", **more: str) -> Entry:
    return Entry(id=str(number), question=question, answer=answer, source="A (2000), B, C", **more)


def test_score_is_bm25():
    """Robertson & Zaragoza (2009), equation 3.15 with the +1 inside the logarithm, by hand for two documents."""
    index = LexicalIndex([entry(1, "knee", "knee ankle"), entry(2, "wrist", "toe")])
    # Questions count twice: document 1 is knee x3 and ankle.
    expected = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5)) * 3 * 2.2 / (3 + 1.2 * (1 - 0.75 + 0.75 * 4 / TYPICAL_WORDS))
    (hit,) = index.search("knee")
    assert hit.entry.id == "1"
    assert hit.score == pytest.approx(expected)
    assert hit.terms == ("knee",)


def test_the_usual_length_is_that_of_the_shipped_entries():
    lengths = [len(terms(weighted_text(e))) for e in shipped_entries()]
    assert sum(lengths) / len(lengths) == pytest.approx(TYPICAL_WORDS, rel=0.1)


def test_rare_words_weigh_more_than_common_ones():
    index = LexicalIndex(
        [entry(1, "jump arms"), entry(2, "jump legs"), entry(3, "jump head"), entry(4, "landing soft")]
    )
    assert [h.entry.id for h in index.search("jump landing", limit=1)] == ["4"]


@pytest.mark.parametrize(
    ("question", "action", "fault"),
    [
        ("he hardly bends his knees before jumping", "standing_long_jump", "shallow_crouch"),
        ("arms come forward too late at take-off", "standing_long_jump", "late_arm_swing"),
        ("she lands hard and loud with straight legs", "standing_long_jump", "stiff_landing"),
        ("the elbow points out to the side", "free_throw", "elbow_flare"),
        ("hand drops right after the shot, no follow-through", "free_throw", "no_follow_through"),
        ("the back arches when passing", "overhead_pass", "arched_back"),
        ("ball spins sideways because one hand pushes earlier", "overhead_pass", "uneven_arms"),
        ("feet come off the floor during the sit-up", "sit_up", "feet_lift"),
        ("shoulder blades do not touch the mat", "sit_up", "incomplete_return"),
        ("手臂摆动太晚 起跳 离地", "standing_long_jump", "late_arm_swing"),
    ],
)
def test_teachers_questions_find_the_fault(question: str, action: str, fault: str):
    assert fault in [hit.entry.fault for hit in search(question, action=action)]


def test_filters_hold_for_every_hit():
    for hit in search("legs push jump ball", action="overhead_pass", limit=50):
        assert hit.entry.action in ("", "overhead_pass")
    hits = search("anything at all", action="free_throw", fault="elbow_flare", limit=50)
    assert {h.entry.fault for h in hits} == {"elbow_flare"}
    assert len(hits) == sum(e.fault == "elbow_flare" for e in shipped_entries())


def test_words_meet_across_their_endings():
    index = LexicalIndex([entry(1, "Elbows flaring outward"), entry(2, "Knees")])
    assert [h.entry.id for h in index.search("elbow flared")] == ["1"]


def test_nothing_shared_finds_nothing():
    assert search("quaternion eigenvalue") == []


def test_broken_files_say_where(tmp_path):
    path = tmp_path / "kb.jsonl"
    good = '{"id": "a", "question": "q", "answer": "a", "source": "s"}\n'
    for bad, word in [
        ("{nonsense", "line 2 is not JSON"),
        ('{"id": "b", "question": "q"}', "lacks answer, source"),
        ('{"id": "a", "question": "q", "answer": "a", "source": "s"}', "repeats the id 'a'"),
        ('{"id": "b", "question": "q", "answer": "a", "source": "s", "colour": "x"}', "unknown field colour"),
        ('["a"]', "not an object"),
    ]:
        path.write_text(good + bad, encoding="utf-8")
        with pytest.raises(InputError, match=word):
            read_entries(path)
