"""TensorRT on an NVIDIA GPU. Needs tensorrt and pycuda, so it is imported only when asked for.

Written against the calls that TensorRT 8.6, 10 and 11 have in common.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import pycuda.autoinit
import pycuda.driver as cuda
import tensorrt as trt
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.paths import data_directory
from sport_nodes.scoring.backends import INPUTS, LARGEST_BATCH, LENGTH_RANGE, known_outputs
from sport_nodes.scoring.features import NETWORK_FRAMES

Array = NDArray[np.float32]

#: Memory the builder may use: fits an 8 GB Jetson beside everything else.
WORKSPACE_BYTES: Final = 1 << 30
#: The engine is tuned for this many movements at once, up to the repetitions of one trial.
TYPICAL_BATCH: Final = 1
LARGEST_ENGINE_BATCH: Final = min(16, LARGEST_BATCH)


class TensorRtBackend:
    """Builds an engine on first use (FP16 where the version still has the flag), then keeps it on disk."""

    name = "tensorrt"

    def __init__(self, model: Path) -> None:
        self._logger = trt.Logger(trt.Logger.WARNING)
        trt.init_libnvinfer_plugins(self._logger, "")
        serialized = self._cached_engine(model)
        engine = trt.Runtime(self._logger).deserialize_cuda_engine(serialized)
        if engine is None:
            raise InputError("the cached TensorRT engine cannot be loaded; delete it and start again")
        self._engine = engine
        self._outputs = known_outputs([engine.get_tensor_name(i) for i in range(engine.num_io_tensors)])
        self._context = engine.create_execution_context()
        self._stream = cuda.Stream()

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """See backends.Backend."""
        held: list[Any] = []
        for name in INPUTS:
            values = np.ascontiguousarray(inputs[name], dtype=np.float32)
            self._context.set_input_shape(name, values.shape)
            memory = cuda.mem_alloc(values.nbytes)
            cuda.memcpy_htod_async(memory, values, self._stream)
            self._context.set_tensor_address(name, int(memory))
            held += [memory, values]
        outputs: dict[str, Array] = {}
        copies = []
        for name in self._outputs:
            dtype = trt.nptype(self._engine.get_tensor_dtype(name))
            values = cuda.pagelocked_empty(tuple(self._context.get_tensor_shape(name)), dtype)
            memory = cuda.mem_alloc(values.nbytes)
            self._context.set_tensor_address(name, int(memory))
            copies.append((values, memory))
            outputs[name] = values
        if not self._context.execute_async_v3(self._stream.handle):
            raise RuntimeError("TensorRT did not run the scoring network")
        for values, memory in copies:
            cuda.memcpy_dtoh_async(values, memory, self._stream)
        self._stream.synchronize()
        return {name: np.asarray(values, dtype=np.float32) for name, values in outputs.items()}

    def _cached_engine(self, model: Path) -> bytes:
        """The engine for this model, GPU and TensorRT version; built when there is none."""
        device = pycuda.autoinit.device.name().replace(" ", "_")
        digest = hashlib.sha256(model.read_bytes()).hexdigest()[:16]
        path = data_directory() / "engines" / f"{digest}-{device}-{trt.__version__}.engine"
        if path.is_file():
            return path.read_bytes()
        serialized = self._build(model)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_bytes(serialized)
        partial.replace(path)
        return serialized

    def _build(self, model: Path) -> bytes:
        builder = trt.Builder(self._logger)
        explicit = getattr(trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None)
        network = builder.create_network(0 if explicit is None else 1 << int(explicit))
        parser = trt.OnnxParser(network, self._logger)
        if not parser.parse(model.read_bytes()):
            errors = "; ".join(str(parser.get_error(i)) for i in range(parser.num_errors))
            raise InputError(f"TensorRT {trt.__version__} cannot read {model}: {errors}")
        config = builder.create_builder_config()
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE_BYTES)
        half = getattr(trt.BuilderFlag, "FP16", None)
        if half is not None:
            config.set_flag(half)
        profile = builder.create_optimization_profile()
        sizes = ((1, LENGTH_RANGE[0]), (TYPICAL_BATCH, NETWORK_FRAMES), (LARGEST_ENGINE_BATCH, LENGTH_RANGE[1]))
        for index in range(network.num_inputs):
            tensor = network.get_input(index)
            profile.set_shape(tensor.name, *(self._shape(tuple(tensor.shape), *size) for size in sizes))
        config.add_optimization_profile(profile)
        serialized = builder.build_serialized_network(network, config)
        if serialized is None:
            raise InputError(f"TensorRT {trt.__version__} cannot build an engine from {model}")
        return bytes(serialized)

    @staticmethod
    def _shape(declared: tuple[int, ...], batch: int, length: int) -> tuple[int, ...]:
        """The declared shape with batch first and every other open dimension (-1) the length."""
        return (batch, *(length if size < 0 else size for size in declared[1:]))
