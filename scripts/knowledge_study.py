#!/usr/bin/env python3
"""How the coach's knowledge grows, to a million entries: storing, indexing, memory, disk, and how long a search takes.

    scripts/knowledge_study.py --sizes 1000 10000 100000 1000000 -o FOLDER

The entries are generated: each is made of sentences of three shipped ones, and its vector of meaning is a mix of
theirs with a little noise, since a million real ones would be embedded for an hour on one core (the rate is printed).
Questions are real, embedded in the time that is measured, and filtered by movement. FOLDER keeps what was stored: run
again, only the searches are measured. The share found is of the ten nearest by exact search over all vectors.
"""

import argparse
import json
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from sport_nodes.coaching.embedding import DIMENSIONS, MiniLM
from sport_nodes.coaching.hybrid import HybridIndex
from sport_nodes.coaching.knowledge import Entry, shipped_entries
from sport_nodes.coaching.points import ADDED, Point, meanings, numbered, payload_of, point_id
from sport_nodes.coaching.retrieval import term_weights
from sport_nodes.coaching.stores import Store, open_store

QUESTIONS = Path(__file__).parents[1] / "test" / "coaching" / "questions.jsonl"
BLOCK = 1000
MIXED = 3
#: Of each number of a vector, beside the mix; the numbers of a unit vector are about 0.05.
NOISE = 0.01
#: Generated words, of which few are frequent, so that the index of words grows as with real texts.
VOCABULARY = 200_000
NEAREST = 10
EXACT_QUESTIONS = 50
EMBEDDED_ENTRIES = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], metavar="N")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    shipped = shipped_entries()
    began = time.perf_counter()
    meanings(shipped[:EMBEDDED_ENTRIES], MiniLM())
    print(f"embedding real entries: {EMBEDDED_ENTRIES / (time.perf_counter() - began):.0f} a second on one core")
    vectors = meanings(shipped, MiniLM())
    questions = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    store = open_store(str(options.output), model="generated", dimensions=DIMENSIONS)
    print("entries   stored/s  indexed in [s]  memory [GB]  disk [MB]  search p50 [ms]  p95  of the nearest 10 found")
    for size in options.sizes:
        stored_s, indexed_s = grow(store, size, shipped, vectors)
        p50, p95 = search_ms(HybridIndex(store, MiniLM()), questions)
        share = share_found(store, size, questions, vectors)
        rate = f"{size / stored_s:8.0f}" if stored_s else "       -"
        space = f"{own_memory_gb():11.2f}  {disk_mb(options.output):9.0f}"
        print(f"{size:8d}  {rate}  {indexed_s:14.1f}  {space}  {p50:15.1f}  {p95:4.1f}  {share:.3f}", flush=True)
    print(f"peak of memory with mapped files {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
    store.close()


def grow(store: Store, size: int, shipped: tuple[Entry, ...], vectors: np.ndarray) -> tuple[float, float]:
    """Seconds of storing up to this size, without generating, and of indexing; 0 where that was done before."""
    held = store.count()
    if held >= size:
        return 0.0, 0.0
    stored_s = 0.0
    for block in range(held // BLOCK, size // BLOCK):
        points = list(block_of_points(block, shipped, vectors))
        began = time.perf_counter()
        store.add(points)
        stored_s += time.perf_counter() - began
    began = time.perf_counter()
    store.optimise()
    return stored_s * size / (size - held), time.perf_counter() - began


def block_of_points(block: int, shipped: tuple[Entry, ...], vectors: np.ndarray) -> Iterator[Point]:
    rng = np.random.default_rng(block)
    chosen, mixed = block_of_vectors(rng, vectors)
    for number, (row, vector) in enumerate(zip(chosen, mixed, strict=True), start=block * BLOCK):
        first, second, third = (shipped[i] for i in row)
        names = " ".join(f"word{rank % VOCABULARY}" for rank in rng.zipf(1.2, size=8))
        entry = replace(
            first, id=f"generated-{number}", answer=f"{second.answer} {third.answer} {names} {number}", drill_zh=""
        )
        words = numbered(term_weights(entry))
        yield Point(point_id(entry), vector, words, payload_of(entry, origin=ADDED))


def block_of_vectors(rng: np.random.Generator, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(BLOCK, MIXED) numbers of entries and (BLOCK, D) unit vectors."""
    chosen = rng.integers(len(vectors), size=(BLOCK, MIXED))
    shares = rng.dirichlet(np.ones(MIXED), size=BLOCK)
    mixed = np.einsum("bm,bmd->bd", shares, vectors[chosen]) + NOISE * rng.standard_normal((BLOCK, vectors.shape[1]))
    return chosen, (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)


def search_ms(index: HybridIndex, questions: list[dict]) -> tuple[float, float]:
    """Median and 95th percentile over the questions, all asked once before."""
    for _ in range(2):
        times = []
        for question in questions:
            began = time.perf_counter()
            index.search(question["question"], action=question["action"])
            times.append((time.perf_counter() - began) * 1e3)
    return float(np.percentile(times, 50)), float(np.percentile(times, 95))


def share_found(store: Store, size: int, questions: list[dict], vectors: np.ndarray) -> float:
    """Of the nearest by exact search, without a filter."""
    asked = MiniLM()([q["question"] for q in questions[:EXACT_QUESTIONS]])
    best = np.full((len(asked), NEAREST), -1.0, dtype=np.float32)
    for block in range(size // BLOCK):
        cosines = asked @ block_of_vectors(np.random.default_rng(block), vectors)[1].T
        best = np.sort(np.concatenate([best, cosines], axis=1), axis=1)[:, -NEAREST:]
    # Stored with 16 bits: what is as near as the tenth but for their rounding counts.
    rounding = 1e-3
    found = [
        sum(hit.score >= worst - rounding for hit in store.by_meaning(q, action=None, fault=None, limit=NEAREST))
        for q, worst in zip(asked, best[:, 0], strict=True)
    ]
    return sum(found) / (NEAREST * len(asked))


def own_memory_gb() -> float:
    """Memory of this process that is not a mapped file."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")) / 1e6


def disk_mb(folder: Path) -> float:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
