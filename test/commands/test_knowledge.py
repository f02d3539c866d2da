"""`sport knowledge`: what cannot be done is one line and exit status 2, before anything is embedded."""

import json

import pytest

from sport_nodes.cli import UNUSABLE_INPUT, main
from sport_nodes.coaching.embedding import missing_packages


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "nowhere"], "there is no folder nowhere"),
        (["add", "empty"], "holds no .md, .jsonl or .pdf file"),
        (["add", "full", "--processes", "0"], "--processes is 1 or more"),
        (["evaluate", "full/notes.md"], "expected JSON lines"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.md").write_text("Text.", encoding="utf-8")
    assert main(["knowledge", *arguments]) == UNUSABLE_INPUT
    assert words in capsys.readouterr().err


@pytest.mark.skipif(bool(missing_packages()), reason="the packages of the extra 'coach' are absent")
def test_a_server_that_is_not_there_is_said(capsys):
    assert main(["knowledge", "search", "stiff landing", "--store", "http://127.0.0.1:9"]) == UNUSABLE_INPUT
    assert "the Qdrant server at http://127.0.0.1:9 gave no answer" in capsys.readouterr().err


def test_without_the_extra_the_shipped_entries_are_found_by_words(monkeypatch, capsys):
    monkeypatch.setattr("sport_nodes.coaching.embedding.missing_packages", lambda: ("qdrant_edge",))
    assert main(["knowledge", "search", "stiff landing", "--action", "standing_long_jump", "--json"]) == 0
    found = capsys.readouterr()
    assert json.loads(found.out)[0]["entry"]["fault"] == "stiff_landing"
    assert "by words alone" in found.err
