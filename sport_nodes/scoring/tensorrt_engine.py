"""Builds a TensorRT engine from the ONNX model. Needs TensorRT and no GPU, so it is imported only when asked for.

Written against the calls that TensorRT 8.6, 10 and 11 and TensorRT for RTX have in common.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

from sport_nodes.errors import InputError
from sport_nodes.scoring.backends import LARGEST_BATCH, LENGTH_RANGE
from sport_nodes.scoring.features import NETWORK_FRAMES

try:
    import tensorrt as trt
except ImportError:
    # What can be installed from PyPI; for RTX cards.
    import tensorrt_rtx as trt

__all__ = ["build_engine", "trt"]

log = logging.getLogger(__name__)

#: Memory the builder may use: fits an 8 GB Jetson beside everything else.
WORKSPACE_BYTES: Final = 1 << 30
#: The engine is tuned for this many movements at once, up to the repetitions of one trial.
TYPICAL_BATCH: Final = 1
LARGEST_ENGINE_BATCH: Final = min(16, LARGEST_BATCH)


def build_engine(model: Path, logger: Any) -> bytes:
    """The model's engine for this machine's GPU, products in float16.

    Raises InputError when TensorRT refuses the model.
    """
    log.info("building the TensorRT engine of %s, once for this GPU; it takes a minute or two", model.name)
    builder = trt.Builder(logger)
    half = getattr(trt.BuilderFlag, "FP16", None)
    network = builder.create_network(_network_flags(typed=half is None))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model.read_bytes() if half is not None else _typed(model)):
        errors = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise InputError(f"TensorRT {trt.__version__} cannot read {model}: {errors}")
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
    if half is not None:
        config.set_flag(half)
    if hasattr(trt, "IProgressMonitor"):
        config.progress_monitor = _logged_progress()
    profile = builder.create_optimization_profile()
    sizes = ((1, LENGTH_RANGE[0]), (TYPICAL_BATCH, NETWORK_FRAMES), (LARGEST_ENGINE_BATCH, LENGTH_RANGE[1]))
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        profile.set_shape(tensor.name, *(_shape(tuple(tensor.shape), *size) for size in sizes))
    config.add_optimization_profile(profile)
    serialized = builder.build_serialized_network(network, config)
    if serialized is None:
        raise InputError(f"TensorRT {trt.__version__} cannot build an engine from {model}; its log says why")
    return bytes(serialized)


def _network_flags(*, typed: bool) -> int:
    """Those of the flags that this version still knows; TensorRT 8.6 needs the first, the typed model the second."""
    known = trt.NetworkDefinitionCreationFlag
    wanted = ("EXPLICIT_BATCH", *(("STRONGLY_TYPED",) if typed else ()))
    return sum(1 << int(getattr(known, name)) for name in wanted if hasattr(known, name))


def _typed(model: Path) -> bytes:
    """The model with float16 in it, for versions that have no flag for that.

    Raises InputError when `onnx`, which is needed for it, is not installed.
    """
    try:
        from sport_nodes.scoring.half_precision import half_model
    except ImportError as error:
        raise InputError(
            f"TensorRT {trt.__version__} needs `pip install onnx` ({error}); or use backend onnxruntime"
        ) from error
    return half_model(model.read_bytes())


def _shape(declared: tuple[int, ...], batch: int, length: int) -> tuple[int, ...]:
    """The declared shape with batch first and every other open dimension (-1) the length."""
    return (batch, *(length if size < 0 else size for size in declared[1:]))


def _logged_progress() -> Any:
    class Progress(trt.IProgressMonitor):
        """Says each of the builder's phases that is not part of another."""

        def __init__(self) -> None:
            super().__init__()
            self._steps: dict[str, int] = {}

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            if parent is None:
                self._steps[phase] = steps

        def step_complete(self, phase: str, step: int) -> bool:
            if phase in self._steps:
                log.info("TensorRT: %s, step %d of %d", phase, step + 1, self._steps[phase])
            return True

        def phase_finish(self, phase: str) -> None:
            self._steps.pop(phase, None)

    return Progress()
