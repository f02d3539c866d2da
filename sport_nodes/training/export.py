"""From a trained network to the one ONNX file that ships."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from sport_nodes.scoring.backends import OnnxRuntimeBackend
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.scoring.network import ScoringNetwork
from sport_nodes.scoring.torch_backend import TorchBackend
from sport_nodes.training.onnx_network import network_graph

#: Points by which ONNX Runtime may differ from torch.
AGREEMENT: Final = 1e-3


def export_onnx(network: ScoringNetwork, path: Path) -> None:
    """Write the network with open batch and length.

    Raises RuntimeError when ONNX Runtime then disagrees with torch by more than AGREEMENT.
    """
    network.cpu().eval()
    path.write_bytes(network_graph(network).SerializeToString())
    inputs = golden_inputs(len(network.config.actions))
    here, there = TorchBackend(network).run(inputs), OnnxRuntimeBackend(path).run(inputs)
    difference = max(float(np.abs(here[name] - there[name]).max()) for name in here)
    if not difference <= AGREEMENT:
        raise RuntimeError(f"the exported network differs from torch by {difference:.2g}, allowed is {AGREEMENT}")
