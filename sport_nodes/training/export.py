"""From a trained network to the one ONNX file that ships."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import torch

from sport_nodes.scoring.backends import INPUTS, LARGEST_BATCH, LENGTH_RANGE, OUTPUTS, OnnxRuntimeBackend
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.scoring.network import ExportedNetwork, ScoringNetwork
from sport_nodes.scoring.torch_backend import TorchBackend

OPSET: Final = 18
#: Points by which ONNX Runtime may differ from torch.
AGREEMENT: Final = 1e-3


def export_onnx(network: ScoringNetwork, path: Path) -> None:
    """Write the network with open batch and length.

    Raises RuntimeError when ONNX Runtime then disagrees with torch by more than AGREEMENT.
    """
    network.eval()
    example = golden_inputs(len(network.config.actions))
    tensors = tuple(torch.from_numpy(example[name]) for name in INPUTS)
    batch = torch.export.Dim("batch", min=1, max=LARGEST_BATCH)
    length = torch.export.Dim("length", min=LENGTH_RANGE[0], max=LENGTH_RANGE[1])
    series = {0: batch, 2: length}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # The exporter warns about its own internals.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            ExportedNetwork(network).eval(),
            tensors,
            path,
            dynamo=True,
            opset_version=OPSET,
            external_data=False,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_shapes=(series, series, series, {0: batch}),
            verbose=False,
        )
    inputs = golden_inputs(len(network.config.actions))
    here, there = TorchBackend(network).run(inputs), OnnxRuntimeBackend(path).run(inputs)
    difference = max(float(np.abs(here[name] - there[name]).max()) for name in OUTPUTS)
    if not difference <= AGREEMENT:
        raise RuntimeError(f"the exported network differs from torch by {difference:.2g}, allowed is {AGREEMENT}")
