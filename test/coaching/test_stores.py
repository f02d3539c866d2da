"""The stores of knowledge: the same answers from the engine on disk, from a server and from an independent BM25."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.coaching.embedding import DIMENSIONS as DIMENSIONS_MINILM
from sport_nodes.coaching.embedding import MiniLM, OllamaEmbedder, missing_packages
from sport_nodes.coaching.hybrid import HybridIndex, open_index
from sport_nodes.coaching.ingest import add_folder
from sport_nodes.coaching.knowledge import Entry, shipped_entries
from sport_nodes.coaching.points import ADDED, SHIPPED, Point, numbered, payload_of, point_id, query_words
from sport_nodes.coaching.retrieval import LexicalIndex, term_weights
from sport_nodes.coaching.stores import IN_MEMORY, open_store
from sport_nodes.errors import InputError

if missing_packages():
    pytest.skip("the packages of the extra 'coach' are absent", allow_module_level=True)

sys.path.insert(0, str(Path(__file__).parent))
from ollama_server import Script, ollama_server
from qdrant_server import qdrant_server

DIMENSIONS = 16
QUERIES = ("stiff landing on straight legs", "elbow flare in the lift", "手臂摆动太晚", "feet leave the floor")


class Hashed:
    """Vectors that depend on the text alone; no model is needed to test what keeps them."""

    name = "hashed"

    def __call__(self, texts):
        seeds = [[*text.encode(), 1] for text in texts]
        vectors = np.array([np.random.default_rng(seed).standard_normal(DIMENSIONS) for seed in seeds])
        vectors = vectors.reshape(-1, DIMENSIONS)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def points(entries, *, origin=ADDED):
    vectors = Hashed()([e.question for e in entries])
    return [
        Point(point_id(e), v, numbered(term_weights(e)), payload_of(e, origin=origin))
        for e, v in zip(entries, vectors, strict=True)
    ]


def entry(name, question, answer="x", **more):
    return Entry(id=name, question=question, answer=answer, source="A (2000), B, C", **more)


@pytest.fixture(params=["folder", "server", "memory"])
def store(request, tmp_path):
    if request.param == "server":
        with qdrant_server() as (url, _):
            yield open_store(url, model="m", dimensions=DIMENSIONS)
        return
    one = open_store(str(tmp_path) if request.param == "folder" else IN_MEMORY, model="m", dimensions=DIMENSIONS)
    yield one
    one.close()


def test_words_are_weighed_as_by_the_index_of_our_own(store):
    """Two implementations of BM25, ours in Python and Qdrant's over its inverted index, give one score."""
    entries = shipped_entries()[::6]
    store.add(points(entries))
    index = LexicalIndex(entries)
    for query in QUERIES:
        for action, fault in ((None, None), ("standing_long_jump", None), ("free_throw", "elbow_flare")):
            ours = index.search(query, action=action, fault=fault, limit=10)
            theirs = store.by_words(query_words(query), action=action, fault=fault, limit=10)
            expected = [hit.score for hit in ours if hit.score > 0]
            assert [hit.score for hit in theirs] == pytest.approx(expected, rel=1e-4)


def test_meaning_is_the_cosine_and_filters_hold(store):
    entries = [e for e in shipped_entries() if e.action in ("", "sit_up")][:60] + list(shipped_entries()[:40])
    store.add(points(entries))
    query = Hashed()(["anything"])[0]
    found = store.by_meaning(query, action="sit_up", fault=None, limit=10)
    allowed = [e for e in entries if e.action in ("", "sit_up")]
    cosines = sorted(Hashed()([e.question for e in allowed]) @ query, reverse=True)
    assert [hit.score for hit in found] == pytest.approx(cosines[:10], abs=2e-3)  # float16 on disk
    assert {hit.entry.action for hit in found} <= {"", "sit_up"}
    assert found[0].meaning @ query == pytest.approx(found[0].score, abs=2e-3)


def test_an_entry_comes_back_whole_and_a_double_once(store):
    one = entry("a", "Grip the ball", "softly", drill_zh="轻握", action="free_throw")
    store.add(points([one]))
    store.add(points([entry("b", "grip the BALL!", "Softly.")]))
    assert store.count() == 1
    (hit,) = store.by_words(query_words("ball"), action=None, fault=None, limit=5)
    assert hit.entry.id == "b"
    assert store.held([point_id(one), point_id(entry("c", "no such"))]).keys() == {point_id(one)}


def test_a_shipped_entry_that_is_gone_or_changed_is_replaced(tmp_path):
    gone, changed = entry("old", "an entry of an older version"), shipped_entries()[0]
    first = open_store(str(tmp_path), model="hashed", dimensions=DIMENSIONS)
    first.add(points([gone, Entry(**{**vars(changed), "drill": "an older drill"})], origin=SHIPPED))
    first.add(points([entry("mine", "an entry of the lab")]))
    first.close()
    index = open_index(str(tmp_path), Hashed())
    assert index.store.count() == len(shipped_entries()) + 1
    assert index.store.held([point_id(gone)]) == {}
    assert json.loads(index.store.held([point_id(changed)])[point_id(changed)])["drill"] == changed.drill
    index.close()


def test_a_folder_is_one_process_at_a_time(tmp_path):
    first = open_store(str(tmp_path), model="m", dimensions=DIMENSIONS)
    with pytest.raises(InputError, match="in use by another process"):
        open_store(str(tmp_path), model="m", dimensions=DIMENSIONS)
    first.close()


def test_no_server_and_vectors_of_another_model_are_said():
    with pytest.raises(InputError, match="start it, or leave --store away"):
        open_store("http://127.0.0.1:9", model="m", dimensions=DIMENSIONS)
    with qdrant_server() as (url, requests):
        open_store(url, model="m", dimensions=DIMENSIONS)
        assert any("/index" in request for request in requests)
        with pytest.raises(InputError, match="vectors of 16 numbers, the model gives 8"):
            open_store(url, model="m", dimensions=8)


def test_adding_to_a_server_goes_on_where_it_stopped(tmp_path):
    """Nothing is sent twice, whoever sent it first."""
    lines = [entry(str(i), f"question {i}", f"answer {i}") for i in range(40)]
    for part in range(2):
        (tmp_path / str(part)).mkdir()
        text = "\n".join(json.dumps({k: v for k, v in vars(e).items() if v}) for e in lines[: 20 * (part + 1)])
        (tmp_path / str(part) / "lines.jsonl").write_text(text, encoding="utf-8")
    with qdrant_server() as (url, _):
        for part, new in ((0, 20), (1, 20), (1, 0)):
            store = open_store(url, model="hashed", dimensions=DIMENSIONS)
            added = add_folder(tmp_path / str(part), HybridIndex(store, Hashed()))
            assert (added.entries, added.known) == (new, 20 * (part + 1) - new)
        assert store.count() == 40


KILLED = """
import json, os, signal, sys
sys.path.insert(0, {here!r})
from test_stores import Hashed, HybridIndex, open_store, add_folder, DIMENSIONS, Path
def progress(added, known):
    print(added, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
add_folder(Path({folder!r}), HybridIndex(open_store({store!r}, model="hashed", dimensions=DIMENSIONS), Hashed()),
           progress=progress)
"""


def test_what_was_added_survives_a_kill(tmp_path):
    folder, where = tmp_path / "folder", str(tmp_path / "store")
    folder.mkdir()
    entries = [entry(str(i), f"question {i}", f"answer {i}") for i in range(700)]
    text = "\n".join(json.dumps({k: v for k, v in vars(e).items() if v}) for e in entries)
    (folder / "one_file.jsonl").write_text(text, encoding="utf-8")
    code = KILLED.format(here=str(Path(__file__).parent), folder=str(folder), store=where)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = int(killed.stdout)
    assert 0 < before < 700
    store = open_store(where, model="hashed", dimensions=DIMENSIONS)
    added = add_folder(folder, HybridIndex(store, Hashed()))
    assert (added.known, added.entries) == (before, 700 - before)
    assert store.count() == 700
    store.close()


@pytest.mark.parametrize("workers", [{"processes": 2}, {"ray_address": "local"}], ids=["processes", "ray"])
def test_several_workers_add_the_same(tmp_path, workers):
    if "ray_address" in workers:
        pytest.importorskip("ray", reason="no Ray on this machine: it comes with the extra `cluster`")
    (tmp_path / "notes.md").write_text("# Grip\n\nHold the ball softly.\n\n# Stance\n\nFeet apart.\n", encoding="utf-8")
    found = []
    for options in ({}, workers):
        index = HybridIndex(open_store(IN_MEMORY, model="m", dimensions=DIMENSIONS_MINILM), MiniLM())
        assert add_folder(tmp_path, index, **options).entries == 2
        found.append([(hit.entry, hit.score) for hit in index.search("hold the ball")])
    assert found[0] == found[1]


def test_ollama_embeds_where_it_is_asked_to(monkeypatch):
    with ollama_server(Script(embeddings=[[3.0, 4.0], [0.0, 2.0]])) as script:
        monkeypatch.setenv("OLLAMA_HOST", script.host)
        embedder = OllamaEmbedder("nomic-embed-text:v1.5")
        assert embedder(["a", "b"]) == pytest.approx(np.array([[0.6, 0.8], [0.0, 1.0]]))
        assert script.requests[0]["input"] == ["a", "b"]
        assert embedder.name == "ollama-nomic-embed-text-v1.5"
        with pytest.raises(InputError, match="no embedding model"):
            embedder(["only one"])
        script.status = 404
        with pytest.raises(InputError, match="ollama pull nomic-embed-text"):
            embedder(["a", "b"])
    monkeypatch.setenv("OLLAMA_HOST", "192.0.2.1")
    with pytest.raises(InputError, match="not this machine"):
        embedder(["a"])
