"""The shipped knowledge base: enough of it, all of it usable, none of it twice."""

import re
from collections import Counter
from itertools import combinations

import pytest

from sport_nodes.actions import DIMENSIONS, action_names, load_action
from sport_nodes.coaching.knowledge import read_folder, shipped_entries
from sport_nodes.coaching.retrieval import terms
from sport_nodes.errors import InputError

LEAST_ENTRIES = 400
LEVELS = {"beginner", "intermediate", "advanced"}
#: Share of common words from which two entries count as the same.
MOST_SHARED_WORDS = 0.6
#: Flesch-Kincaid grade of the knowledge base as a whole.
MOST_READING_GRADE = 9.0
LEAST_DRILLS_A_FAULT = 3


def every_fault():
    return [(action, cause.name) for action in action_names() for cause in load_action(action).root_causes]


def test_there_are_enough():
    counts = Counter(entry.action for entry in shipped_entries())
    assert sum(counts.values()) >= LEAST_ENTRIES
    assert set(counts) == {"", *action_names()}


def test_every_name_is_one_of_the_actions_own():
    for entry in shipped_entries():
        assert entry.dimension in {"", *DIMENSIONS}, entry.id
        assert entry.level in {*LEVELS, "any"}, entry.id
        assert entry.contraindication, entry.id
        if entry.action:
            action = load_action(entry.action)
            assert entry.stage in {"", *(s.name for s in action.stages)}, entry.id
            assert entry.fault in {"", *(c.name for c in action.root_causes)}, entry.id
        else:
            assert (entry.stage, entry.fault) == ("", ""), entry.id


@pytest.mark.parametrize(("action", "fault"), every_fault())
def test_every_fault_is_spoken_of_at_every_level(action, fault):
    entries = [e for e in shipped_entries() if (e.action, e.fault) == (action, fault)]
    assert {e.level for e in entries} >= LEVELS
    assert len({e.drill for e in entries if e.drill}) >= LEAST_DRILLS_A_FAULT


def test_every_entry_is_asked_in_everyday_words_too():
    asked = Counter(text.lower() for entry in shipped_entries() for text in (entry.question, *entry.other_questions))
    assert [entry.id for entry in shipped_entries() if not entry.other_questions] == []
    assert [text for text, count in asked.items() if count > 1] == []


def test_drills_are_in_both_languages():
    for entry in shipped_entries():
        assert bool(entry.drill) == bool(entry.drill_zh), entry.id
        assert not re.search("[A-Za-z]", entry.drill_zh), entry.id


def test_nothing_is_said_twice():
    words = {e.id: frozenset(terms(f"{e.question} {e.answer}")) for e in shipped_entries()}
    assert max(Counter(e.question for e in shipped_entries()).values()) == 1
    alike = [
        (a, b)
        for a, b in combinations(words, 2)
        if len(words[a] & words[b]) > MOST_SHARED_WORDS * len(words[a] | words[b])
    ]
    assert alike == []


def test_sources_are_named():
    """An author or body, and a title: "Hay (1993), The Biomechanics of Sports Techniques, Prentice Hall"."""
    assert [e.id for e in shipped_entries() if e.source.count(",") < 1 or len(e.source.split()) < 4] == []


def test_the_answers_are_readable():
    """Flesch-Kincaid grade level: Kincaid et al. (1975)."""
    text = " ".join(f"{e.question} {e.answer}" for e in shipped_entries())
    words = re.findall(r"[a-z']+", text.lower())
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word)))) for word in words)
    sentences = len(re.findall(r"[.?!](?:\s|$)", text))
    assert 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59 <= MOST_READING_GRADE


def test_an_id_in_two_files_is_refused(tmp_path):
    line = '{"id": "a", "question": "q", "answer": "a", "source": "s"}\n'
    for name in ("one.jsonl", "two.jsonl"):
        (tmp_path / name).write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=r"two.jsonl repeats the id 'a'"):
        read_folder(tmp_path)
