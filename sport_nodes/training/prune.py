"""Structured pruning: whole channels go, the network becomes a narrower one of the same kind (founding paper, 4.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor, nn

from sport_nodes.scoring.blocks import SpatioTemporalBlock
from sport_nodes.scoring.network import ScoringNetwork

#: Channels that stay of the six blocks' 64-64-128-128-256-256: 82 %, for the paper's 85 %, in multiples of 16, which is
#: what a vector unit takes at once.
KEPT_CHANNELS: Final = (48, 48, 112, 112, 208, 208)


@torch.no_grad()
def pruned(network: ScoringNetwork, channels: tuple[int, ...] = KEPT_CHANNELS) -> ScoringNetwork:
    """The network without its weakest channels; to be trained on.

    A channel is as strong as the sum of its weights' sizes times its norm's factor (Li et al. 2017, Liu et al. 2017).
    channels: how many stay, one number a block, multiples of 4.
    """
    old, blocks = network.config.blocks, network.blocks
    if len(channels) != len(old) or any(c > width or c % 4 for c, (width, _) in zip(channels, old, strict=True)):
        raise ValueError(f"{channels} are not multiples of 4 within the widths {[width for width, _ in old]}")
    strides = [stride for _, stride in old]
    config = replace(network.config, blocks=tuple(zip(channels, strides, strict=True)))
    narrow = ScoringNetwork(config).to(next(network.parameters()).device)
    kept = [
        _strongest(b.graph.weight.weight.abs().sum(1) * b.graph.norm.weight.abs(), c)
        for b, c in zip(blocks, channels, strict=True)
    ]
    places: dict[str, tuple[Tensor | None, Tensor | None]] = {}
    before = None
    for index, (block, own) in enumerate(zip(blocks, kept, strict=True)):
        places |= {f"blocks.{index}.{k}": v for k, v in _block_places(block, before, own).items()}
        before = own
    last, width = kept[-1], old[-1][0]
    places |= {"condition_blocks.weight": (kept[0], None), "condition_blocks.bias": (kept[0], None)}
    places |= {"joint.weight": (None, _and_the_rest(last, width, network.joint.in_features))}
    for name, parameter in network.named_parameters():
        if name.startswith(("limbs.", "cross.query.")) and name.endswith("weight"):
            places[name] = (None, last)
        if name == "stages.boundaries.0.weight":
            places[name] = (None, _and_the_rest(last, width, parameter.shape[1]))
        if name.startswith("stages.regressors.") and name.endswith("0.weight") and network.limbs is None:
            places[name] = (None, _and_the_rest(last, width, parameter.shape[1]))
    source, target = network.state_dict(), narrow.state_dict()
    for name, value in source.items():
        rows, columns = places.get(name, (None, None))
        chosen = value if rows is None else value[rows]
        target[name].copy_(chosen if columns is None else chosen[:, columns])
    return narrow


def _block_places(
    block: SpatioTemporalBlock, before: Tensor | None, own: Tensor
) -> dict[str, tuple[Tensor | None, Tensor | None]]:
    """Which rows and columns of each of the block's tensors stay."""
    norm = ("weight", "bias", "running_mean", "running_var")
    places: dict[str, tuple[Tensor | None, Tensor | None]] = {"graph.weight.weight": (own, before)}
    places |= {f"graph.norm.{k}": (own, None) for k in norm}
    places |= {f"graph.attention.{k}.weight": (None, before) for k in ("from_i", "from_j")}
    branches, begin, inner = block.temporal.branches, 0, []
    count = len(own) // 4
    for index, branch in enumerate(branches):
        assert isinstance(branch, nn.Conv1d)
        factor = block.temporal.norm.weight[begin : begin + branch.out_channels].abs()
        rows = _strongest(branch.weight.abs().sum((1, 2)) * factor, count)
        places[f"temporal.branches.{index}.weight"] = (rows, own)
        places[f"temporal.branches.{index}.bias"] = (rows, None)
        inner.append(begin + rows)
        begin += branch.out_channels
    together = torch.cat(inner)
    places |= {f"temporal.norm.{k}": (together, None) for k in norm}
    places |= {"temporal.join.weight": (own, together), "temporal.join.bias": (own, None)}
    return places | {"attention.project.weight": (None, own)}


def _strongest(strength: Tensor, count: int) -> Tensor:
    return strength.topk(count).indices.sort().values


def _and_the_rest(kept: Tensor, width: int, total: int) -> Tensor:
    """The kept of the first `width` columns, and all further ones."""
    return torch.cat([kept, torch.arange(width, total, device=kept.device)])
