"""Recorded bags to a data set: a folder of Parquet shards that is built again only where bags or labels changed."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from sport_nodes.errors import InputError
from sport_nodes.training.dataset_card import write_card
from sport_nodes.training.dataset_rows import SCHEMA, Source, find_sources, fingerprint, row_of

#: A trial's shard is told by the first hex digits of its bag's digest: at most 256 files for any number of trials.
_SHARD_DIGITS: Final = 2
_COMPRESSION: Final = "zstd"
#: Rows that are held in memory at once (a trial is some 100 kB).
_ROWS_AT_ONCE: Final = 64
_SHARDS: Final = "trials-*.parquet"
#: Items that go to a machine of a cluster at once.
_CHUNK: Final = 16


@dataclass(frozen=True)
class Built:
    """trials: in the set. built: read from their bags now; the others were there. left_out: bag and why."""

    trials: int
    built: int
    left_out: tuple[tuple[str, str], ...]
    sha256: str


@dataclass(frozen=True)
class _ShardResult:
    built: int
    left_out: tuple[tuple[str, str], ...]


def build_dataset(
    folders: Sequence[Path],
    output: Path,
    *,
    processes: int = 1,
    ray_address: str = "",
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Built:
    """Build, or bring up to date, the data set of all bags under these folders; trials that are gone leave it.

    The same bags and labels give the same bytes, whatever the number of processes and of builds before. A build that
    was stopped goes on from its finished shards. ray_address: of a Ray cluster that does the work in place of
    processes, "local" for one on this machine; bags and output are on file systems that all of its machines see under
    the same paths. Raises InputError when there is no bag.
    """
    found = [place for folder in folders for place in find_sources(folder)]
    if not found:
        raise InputError(f"no bags under {', '.join(map(str, folders))}; expected .mcap or .db3 files")
    output.mkdir(parents=True, exist_ok=True)
    with _mapper(processes, ray_address) as mapped:
        sources = sorted(mapped(_fingerprint, found), key=lambda s: (s.bag_sha256, s.name))
        # A bag that was copied is the same trial: once is enough.
        sources = [next(same) for _, same in groupby(sources, key=lambda s: s.bag_sha256)]
        shards = {k: list(g) for k, g in groupby(sources, key=lambda s: s.bag_sha256[:_SHARD_DIGITS])}
        for path in output.glob(_SHARDS):
            if path.stem.rpartition("-")[2] not in shards:
                path.unlink()
        results = []
        for result in mapped(partial(_build_shard, output), list(shards.items())):
            results.append(result)
            progress(len(results), len(shards))
    left_out = tuple(sorted(entry for result in results for entry in result.left_out))
    description = write_card(output, _rows(output, without_sequences=True), shard_paths(output), left_out)
    return Built(description["trials"], sum(r.built for r in results), left_out, description["sha256"])


def shard_paths(dataset: Path) -> list[Path]:
    """The data set's files, in order."""
    return sorted(dataset.glob(_SHARDS))


def read_rows(dataset: Path) -> Iterator[dict[str, Any]]:
    """Every trial of a data set, one at a time. Raises InputError when it is none."""
    if not (dataset / "dataset.json").is_file():
        raise InputError(f"{dataset} is not a data set; `sport dataset build DIR... -o {dataset}` makes one")
    return _rows(dataset)


def erase_from_dataset(dataset: Path, athlete: str) -> int:
    """Take a person's trials out; how many those were."""
    removed = 0
    for path in shard_paths(dataset):
        table = pq.ParquetFile(path)
        if athlete not in table.read(columns=["athlete"]).column(0).to_pylist():
            continue
        kept = [row for row in _rows_of(path) if row["athlete"] != athlete]
        removed += table.metadata.num_rows - len(kept)
        _write(path, iter(kept))
    if removed:
        before = json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))
        # Names of folders may be the person's pseudonym.
        left_out = tuple((b, why) for b, why in before["left_out"] if athlete not in Path(b).parts)
        write_card(dataset, _rows(dataset, without_sequences=True), shard_paths(dataset), left_out)
    return removed


@contextmanager
def _mapper(
    processes: int, ray_address: str
) -> Iterator[Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]]:
    """`map` here, over processes, or over a cluster."""
    if ray_address:
        from ray.util.multiprocessing import Pool

        with Pool(ray_address=ray_address) as pool:
            yield lambda work, items: _or_raised(pool.imap(work, items, chunksize=_CHUNK))
        return
    if processes == 1:
        yield map
        return
    # Not forked: the parent may hold threads that a fork would not survive.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as local:
        yield local.map


def _or_raised(results: Iterable[Any]) -> Iterator[Any]:
    """Results, up to the first error, which is raised: Ray's imap hands the errors of its workers back as results."""
    for result in results:
        if isinstance(result, Exception):
            # Wrapped where the work failed, bare where the worker died.
            raise getattr(result, "underlying", result)
        yield result


def _fingerprint(place: tuple[Path, str]) -> Source:
    return fingerprint(*place)


def _build_shard(output: Path, shard: tuple[str, list[Source]]) -> _ShardResult:
    key, sources = shard
    path = output / f"trials-{key}.parquet"
    known = {} if not path.is_file() else _known(path)
    wanted = {source.sha256 for source in sources}
    if set(known) == wanted:
        return _ShardResult(0, ())
    built, left_out = 0, []

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal built
        for source in sources:
            if source.sha256 in known:
                yield _row_at(path, known[source.sha256])
                continue
            try:
                row = row_of(source)
            except InputError as error:
                reason = str(error).replace(str(source.path), source.path.name)
                left_out.append((source.name, reason))
                continue
            built += 1
            yield row

    _write(path, rows())
    return _ShardResult(built, tuple(left_out))


def _known(path: Path) -> dict[str, int]:
    """Row number of each source that the shard has."""
    return {digest: i for i, digest in enumerate(pq.read_table(path, columns=["source_sha256"]).column(0).to_pylist())}


def _row_at(path: Path, index: int) -> dict[str, Any]:
    table = pq.ParquetFile(path).read_row_group(index // _ROWS_AT_ONCE)
    row: dict[str, Any] = table.slice(index % _ROWS_AT_ONCE, 1).to_pylist()[0]
    return row


def _rows(dataset: Path, *, without_sequences: bool = False) -> Iterator[dict[str, Any]]:
    heavy = ("times_s", "positions_m", "confidence", "provenance", "sigma_m") if without_sequences else ()
    columns = [name for name in SCHEMA.names if name not in heavy]
    for path in shard_paths(dataset):
        yield from _rows_of(path, columns)


def _rows_of(path: Path, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
            yield from batch.to_pylist()


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    """Rows to a shard, whole or not at all; without rows there is no shard."""
    unfinished = path.with_suffix(".unfinished")
    count = 0
    with pq.ParquetWriter(unfinished, SCHEMA, compression=_COMPRESSION) as writer:
        while part := list(islice(rows, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(part, schema=SCHEMA), row_group_size=_ROWS_AT_ONCE)
            count += len(part)
    if count:
        unfinished.replace(path)
    else:
        unfinished.unlink()
        path.unlink(missing_ok=True)
