"""The shipped network on ONNX Runtime beside the same network in torch, one thread each."""

from __future__ import annotations

from sport_nodes.bench.timing import Row, compare
from sport_nodes.errors import InputError
from sport_nodes.scoring.backends import OnnxRuntimeBackend
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.sidecar import shipped_model


def rows() -> list[Row]:
    """One movement of the network's length. Raises InputError where torch is not installed."""
    try:
        import torch
    except ImportError as error:
        raise InputError("the scorer's peer is torch: pip install -c constraints.txt '.[train]'") from error
    from sport_nodes.scoring.network import NetworkConfig, ScoringNetwork

    actions = Scorer.load().actions
    inputs = {name: values[:1] for name, values in golden_inputs(len(actions)).items()}
    backend = OnnxRuntimeBackend(shipped_model())
    torch.set_num_threads(1)
    network = ScoringNetwork(NetworkConfig(actions)).eval()
    tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}

    @torch.no_grad()
    def eager() -> object:
        return network(**tensors)

    return [compare("score of one movement", lambda: backend.run(inputs), "torch eager, same network", eager)]
