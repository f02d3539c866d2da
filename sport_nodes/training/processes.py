"""Several training processes, as `torchrun` starts them; alone, none of this does anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

#: So long the others wait while the first prepares the data.
LONGEST_WAIT: Final = timedelta(days=2)


@contextmanager
def together() -> Iterator[None]:
    """Join the processes that torchrun started, for as long as the block takes."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=LONGEST_WAIT)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def count() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """Which one this is. 0 prepares the data and writes."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def wait() -> None:
    """Until all have come this far."""
    if distributed.is_initialized():
        distributed.barrier()


def gathered(rows: Tensor) -> Tensor:
    """(N, ...) of each process, as many of all, one below the other in order of rank; gradients through its own alone.

    So that a loss is that of the whole batch, with pairs and triplets across processes. `parallel` averages gradients
    where their sum is that loss's: it is to be multiplied by `count`.
    """
    if not distributed.is_initialized():
        return rows
    parts = [torch.empty_like(rows) for _ in range(count())]
    distributed.all_gather(parts, rows.detach().contiguous())
    parts[rank()] = rows
    return torch.cat(parts)


def parallel(network: nn.Module) -> nn.Module:
    """The network, with gradients averaged over the processes; the first one's weights count."""
    return DistributedDataParallel(network) if distributed.is_initialized() else network
