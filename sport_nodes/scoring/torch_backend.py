"""The network in torch, as the reference the other backends are compared with. Imported only when asked for."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from sport_nodes.scoring.backends import INPUTS, JOINT_FEATURE, OUTPUTS
from sport_nodes.scoring.network import ExportedNetwork, ScoringNetwork

Array = NDArray[np.float32]


class TorchBackend:
    """Runs a ScoringNetwork that is held in memory."""

    name = "torch"

    def __init__(self, network: ScoringNetwork) -> None:
        self._network = ExportedNetwork(network).eval()

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """See backends.Backend."""
        with torch.inference_mode():
            values = self._network(*(torch.from_numpy(inputs[name]) for name in INPUTS))
        return {name: value.numpy() for name, value in zip((*OUTPUTS, JOINT_FEATURE), values, strict=True)}
