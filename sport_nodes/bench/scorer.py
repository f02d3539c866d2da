"""The shipped network on ONNX Runtime beside torch and a plain ST-GCN, one thread each; longer, and live."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Final

import numpy as np

from sport_nodes.bench.timing import Row, compare
from sport_nodes.errors import InputError
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion
from sport_nodes.scoring.backends import INPUTS, OnnxRuntimeBackend
from sport_nodes.scoring.features import NETWORK_FRAMES
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.scoring.live import RESCORE_PERIOD_S, LiveScorer
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.sidecar import read_sidecar, shipped_model

REPEATS: Final = 100
LONGER_FRAMES: Final = 120
#: What the synchronizer sends at.
LIVE_RATE_HZ: Final = 30.0


def rows() -> list[Row]:
    """One movement of the network's length. Raises InputError where torch is not installed."""
    try:
        import torch
    except ImportError as error:
        raise InputError("the scorer's peer is torch: pip install -c constraints.txt '.[train]'") from error
    from sport_nodes.scoring.network import NetworkConfig, ScoringNetwork
    from sport_nodes.training.st_gcn import StGcn

    sidecar = read_sidecar(shipped_model())
    inputs = {name: values[:1] for name, values in golden_inputs(len(sidecar.actions)).items()}
    backend = OnnxRuntimeBackend(shipped_model())
    torch.set_num_threads(1)
    blocks = tuple((int(channels), int(stride)) for channels, stride in sidecar.provenance["blocks"])
    network = ScoringNetwork(replace(NetworkConfig(sidecar.actions), blocks=blocks)).eval()
    plain = StGcn(len(sidecar.actions)).eval()
    tensors = [torch.from_numpy(inputs[name]) for name in INPUTS]

    def eager(peer: Callable[..., object]) -> Callable[[], object]:
        def run() -> object:
            with torch.inference_mode():
                return peer(*tensors)

        return run

    def ours() -> object:
        return backend.run(inputs)

    size = f"score of {NETWORK_FRAMES} frames"
    longer = {
        name: np.ascontiguousarray(v[:, :, np.arange(LONGER_FRAMES) % NETWORK_FRAMES]) if v.ndim > 2 else v
        for name, v in inputs.items()
    }
    return [
        compare(size, ours, "torch eager, same network", eager(network), repeats=REPEATS),
        compare(size, ours, "plain ST-GCN, torch eager", eager(plain), repeats=REPEATS),
        compare(size, ours, f"the same with {LONGER_FRAMES} frames", lambda: backend.run(longer), repeats=REPEATS),
        _live(),
    ]


def _live() -> Row:
    """What a frame costs when scored live at the sensors' rate, beside the time until the next frame."""
    motion = simulate("free_throw", seed=1, rate_hz=LIVE_RATE_HZ).motion
    live = LiveScorer(Scorer.load(), "free_throw")
    rescored = round(RESCORE_PERIOD_S * LIVE_RATE_HZ)

    def endless() -> Iterator[Motion]:
        for t in count():
            repeat, place = divmod(t, len(motion))
            frame = motion.take(slice(place, place + 1))
            yield frame.moved(frame.positions_m, frame.times_s + repeat * len(motion) / LIVE_RATE_HZ)

    frames = endless()

    def push() -> object:
        """As many frames as lie between two scores, as one repeat."""
        return [live.push(next(frames)) for _ in range(rescored)]

    for _ in range(NETWORK_FRAMES // rescored):
        push()
    row = compare(
        "live, processor time of one rescoring",
        push,
        "time between two rescorings",
        lambda: None,
        clock=time.process_time,
    )
    return replace(row, peer_ms=RESCORE_PERIOD_S * 1e3)
