"""What the network costs: parameters and multiply-adds, measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch.utils.flop_counter import FlopCounterMode

from sport_nodes.scoring.backends import INPUTS
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.scoring.network import ScoringNetwork

#: The founding paper's figures for 90 frames of 17 joints.
PAPER_PARAMETERS: Final = 3.72e6
PAPER_OPERATIONS: Final = 1.87e9


@dataclass(frozen=True)
class NetworkCost:
    """parameters, and multiply_adds of one movement of 90 frames (two floating-point operations each)."""

    parameters: int
    multiply_adds: int


def network_cost(network: ScoringNetwork) -> NetworkCost:
    """Count what is there, run one movement and count what it multiplies."""
    network.eval()
    inputs = golden_inputs(len(network.config.actions))
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network(*(torch.from_numpy(inputs[name][:1]) for name in INPUTS))
    return NetworkCost(
        parameters=sum(p.numel() for p in network.parameters()),
        multiply_adds=counter.get_total_flops() // 2,
    )
