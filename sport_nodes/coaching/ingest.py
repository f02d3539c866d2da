"""Adds a folder of Markdown, JSON lines and PDF to a store of knowledge, in one process, several, or a Ray cluster."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from sport_nodes.coaching.hybrid import HybridIndex
from sport_nodes.coaching.knowledge import Entry
from sport_nodes.coaching.points import ADDED, Point, point_id, points_of
from sport_nodes.coaching.readers import files_of_knowledge, read_file
from sport_nodes.paths import data_directory

#: Entries that are embedded and stored at once; no more than a few batches a worker are ever in memory.
BATCH: Final = 256
_BATCHES_A_WORKER: Final = 2

_Batch = list[Entry]
_Mapper = Callable[[Callable[[_Batch], list[Point]], Sequence[_Batch]], Iterable[list[Point]]]


@dataclass(frozen=True)
class Added:
    """files: read; entries: new; known: there already, be it doubles or what was added before."""

    files: int
    entries: int
    known: int


def store_directory() -> Path:
    """Where knowledge is kept unless a store is named."""
    return data_directory() / "knowledge"


def add_folder(
    folder: Path,
    index: HybridIndex,
    *,
    processes: int = 1,
    ray_address: str = "",
    progress: Callable[[int, int], None] = lambda entries, known: None,
) -> Added:
    """Add every Markdown, JSON-lines and PDF file below a folder.

    Entries are read, embedded and stored batch by batch. What is stored already is not embedded again: run again after
    an interruption, it goes on where it stopped; several can run at once on parts of a folder into one server.
    ray_address: of a Ray cluster whose workers embed, in place of `processes` of this machine.
    Raises InputError for a missing folder, one without such files, or a file that cannot be read.
    """
    files = files_of_knowledge(folder)
    added = known = 0
    embed_batch = partial(points_of, embedder=index.embedder, origin=ADDED)
    entries = (entry for path in files for entry in read_file(path))
    with _mapper(processes, ray_address) as (mapped, workers):
        batches = _batches(entries)
        while window := list(islice(batches, workers * _BATCHES_A_WORKER)):
            fresh = _new(window, index)
            for points in mapped(embed_batch, fresh):
                index.store.add(points)
                added += len(points)
            known += sum(map(len, window)) - sum(map(len, fresh))
            progress(added, known)
    index.store.optimise()
    return Added(len(files), added, known)


def _batches(entries: Iterator[Entry]) -> Iterator[_Batch]:
    while batch := list(islice(entries, BATCH)):
        yield batch


def _new(window: Sequence[_Batch], index: HybridIndex) -> list[_Batch]:
    """The batches without what is stored, or comes twice in them."""
    seen: set[str] = set()
    fresh = []
    for batch in window:
        named = {point_id(entry): entry for entry in reversed(batch)}  # of doubles the first stays
        held = index.store.held(list(named)).keys()
        new = {name: e for name, e in reversed(named.items()) if name not in held and name not in seen}
        seen.update(new)
        fresh.append(list(new.values()))
    return [batch for batch in fresh if batch]


@contextmanager
def _mapper(processes: int, ray_address: str) -> Iterator[tuple[_Mapper, int]]:
    """`map` here, over processes, or over a cluster, and over how many workers."""
    if ray_address:
        import ray
        from ray.util.multiprocessing import Pool

        with Pool(ray_address=ray_address) as pool:
            # Not imap, which hands back the errors of its workers as if they were results.
            yield partial(pool.map, chunksize=1), max(1, int(ray.cluster_resources().get("CPU", 1)))
        return
    if processes == 1:
        yield map, 1
        return
    # Not forked: the parent may hold threads that a fork would not survive.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as local:
        yield local.map, processes
