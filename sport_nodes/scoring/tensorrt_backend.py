"""TensorRT on an NVIDIA GPU. Needs TensorRT and pycuda, so it is imported only when asked for."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pycuda.driver as cuda
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.paths import data_directory
from sport_nodes.scoring.backends import INPUTS, known_outputs
from sport_nodes.scoring.tensorrt_engine import build_engine, trt

log = logging.getLogger(__name__)

Array = NDArray[np.float32]


class TensorRtBackend:
    """Builds an engine on first use, then keeps it on disk. Threads may share it; they take turns."""

    name = "tensorrt"

    def __init__(self, model: Path) -> None:
        """Raises InputError where no GPU is, or TensorRT does not run on it."""
        try:
            cuda.init()
            self._device = cuda.Device(0)
        except cuda.Error as error:
            raise InputError(f"backend tensorrt finds no NVIDIA GPU ({error}); use onnxruntime") from error
        self._cuda_context = self._device.retain_primary_context()
        self._turn = threading.Lock()
        self._logger = trt.Logger(trt.Logger.WARNING)
        trt.init_libnvinfer_plugins(self._logger, "")
        self._runtime = trt.Runtime(self._logger)
        with self._on_gpu():
            engine = self._engine_of(model)
            self._engine = engine
            self._outputs = known_outputs([engine.get_tensor_name(i) for i in range(engine.num_io_tensors)])
            self._context = engine.create_execution_context()
            self._stream = cuda.Stream()

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """See backends.Backend."""
        with self._on_gpu():
            return self._run(inputs)

    @contextmanager
    def _on_gpu(self) -> Iterator[None]:
        """CUDA calls of one thread at a time: a context is current to the thread that pushed it only."""
        with self._turn:
            self._cuda_context.push()
            try:
                yield
            finally:
                cuda.Context.pop()

    def _run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """All that it takes of the GPU's memory is freed when it returns, while the context is still current."""
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
        return {name: np.array(values, dtype=np.float32) for name, values in outputs.items()}

    def _engine_of(self, model: Path) -> Any:
        """The engine for this model, GPU and TensorRT version; built when none is kept, or what is kept is damaged.

        Raises InputError when TensorRT does not build one that runs on this GPU.
        """
        device = self._device.name()
        digest = hashlib.sha256(model.read_bytes()).hexdigest()[:16]
        path = data_directory() / "engines" / f"{digest}-{device.replace(' ', '_')}-{trt.__version__}.engine"
        if path.is_file():
            kept = self._runtime.deserialize_cuda_engine(path.read_bytes())
            if kept is not None:
                return kept
            log.warning("%s cannot be loaded; building it again", path)
        serialized = build_engine(model, self._logger)
        engine = self._runtime.deserialize_cuda_engine(serialized)
        if engine is None:
            raise InputError(f"TensorRT {trt.__version__} does not run on {device}; its log says why. Use onnxruntime")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_bytes(serialized)
        partial.replace(path)
        return engine
