"""The shipped model through TensorRT's own parser and builder, and its float16 form; no GPU is needed for either."""

import importlib
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from sport_nodes.errors import InputError
from sport_nodes.scoring.backends import INPUTS, OnnxRuntimeBackend
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.scoring.sidecar import shipped_model

onnx = pytest.importorskip("onnx")

#: Points by which float16 may move a mark.
HALF_AGREEMENT = 0.3


@pytest.fixture
def half(tmp_path):
    from sport_nodes.scoring.half_precision import half_model

    path = tmp_path / "half.onnx"
    path.write_bytes(half_model(shipped_model().read_bytes()))
    return path


def test_the_shipped_model_is_parsed_and_built(caplog):
    pytest.importorskip("tensorrt_rtx", reason="tensorrt-rtx-cu13 is for x86-64 only")
    from sport_nodes.scoring.tensorrt_engine import build_engine, trt

    with caplog.at_level(logging.INFO):
        engine = build_engine(shipped_model(), trt.Logger(trt.Logger.ERROR))
    assert len(engine) > shipped_model().stat().st_size / 4
    assert "step" in caplog.text


def test_float16_moves_no_mark_by_more_than_is_allowed(half):
    whole, rounded = OnnxRuntimeBackend(shipped_model()), OnnxRuntimeBackend(half)
    inputs = golden_inputs(4)
    here, there = whole.run(inputs), rounded.run(inputs)
    for name in ("score", "stages"):
        assert 0.0 < np.abs(here[name] - there[name]).max() < HALF_AGREEMENT
    for name in ("bounds", "grade_probabilities", "joint_importance", "frame_importance"):
        np.testing.assert_allclose(there[name], here[name], atol=0.01)


def test_nearly_all_weights_are_float16_and_what_goes_in_and_out_is_not(half):
    graph = onnx.load(half).graph
    kinds = {constant.name: constant.data_type for constant in graph.initializer}
    sizes = {constant.name: int(np.prod(constant.dims)) for constant in graph.initializer}
    rounded = sum(size for name, size in sizes.items() if kinds[name] == onnx.TensorProto.FLOAT16)
    assert rounded > 0.95 * sum(sizes.values())
    assert {value.name for value in graph.input} == set(INPUTS)
    assert all(v.type.tensor_type.elem_type == onnx.TensorProto.FLOAT for v in (*graph.input, *graph.output))


class NoCuda(ModuleType):
    """What the backend needs of pycuda before it runs: a GPU's name and context, an error, a stream."""

    def __init__(self):
        super().__init__("pycuda")
        self.driver = ModuleType("pycuda.driver")
        self.pushed = 0
        context = SimpleNamespace(push=lambda: self._push(1))
        self.driver.Error, self.driver.Stream, self.driver.init = RuntimeError, object, lambda: None
        self.driver.Context = SimpleNamespace(pop=lambda: self._push(-1))
        self.driver.Device = lambda _: SimpleNamespace(name=lambda: "Some GPU", retain_primary_context=lambda: context)

    def _push(self, by):
        self.pushed += by


@pytest.fixture
def backend_module(monkeypatch, tmp_path):
    """The backend without a GPU: engines are bytes, and those that say "good" load."""
    pytest.importorskip("tensorrt_rtx", reason="tensorrt-rtx-cu13 is for x86-64 only")
    monkeypatch.setenv("SPORT_COACH_HOME", str(tmp_path))
    cuda = NoCuda()
    for name, module in (("pycuda", cuda), ("pycuda.driver", cuda.driver)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "sport_nodes.scoring.tensorrt_backend", raising=False)
    module = importlib.import_module("sport_nodes.scoring.tensorrt_backend")
    engine = SimpleNamespace(num_io_tensors=0, create_execution_context=object)
    runtime = SimpleNamespace(deserialize_cuda_engine=lambda data: engine if data == b"good" else None)
    fake = SimpleNamespace(
        Logger=type("Logger", (), {"WARNING": 0, "__init__": lambda self, level: None}),
        Runtime=lambda _: runtime,
        init_libnvinfer_plugins=lambda *_: None,
        __version__="0",
    )
    monkeypatch.setattr(module, "trt", fake)
    monkeypatch.setattr(module, "known_outputs", lambda names: names)
    yield module
    assert cuda.pushed == 0  # whatever happened, no context is left current
    sys.modules.pop("sport_nodes.scoring.tensorrt_backend", None)


def test_an_engine_is_built_once_and_a_damaged_one_again(backend_module, monkeypatch, tmp_path):
    built = []
    monkeypatch.setattr(backend_module, "build_engine", lambda model, _: built.append(model) or b"good")
    backend_module.TensorRtBackend(shipped_model())
    backend_module.TensorRtBackend(shipped_model())
    assert len(built) == 1
    (kept,) = tmp_path.rglob("*.engine")
    kept.write_bytes(b"half of it")
    backend_module.TensorRtBackend(shipped_model())
    assert len(built) == 2
    assert kept.read_bytes() == b"good"


def test_an_engine_that_the_gpu_does_not_run_is_not_kept(backend_module, monkeypatch, tmp_path):
    monkeypatch.setattr(backend_module, "build_engine", lambda *_: b"for another GPU")
    with pytest.raises(InputError, match="does not run on Some GPU"):
        backend_module.TensorRtBackend(shipped_model())
    assert not list(tmp_path.rglob("*.engine"))


def test_threads_take_turns_with_the_gpus_context(backend_module, monkeypatch):
    monkeypatch.setattr(backend_module, "build_engine", lambda *_: b"good")
    backend = backend_module.TensorRtBackend(shipped_model())
    cuda, seen = sys.modules["pycuda"], []

    def run(inputs):
        time.sleep(0.005)
        seen.append(cuda.pushed)
        return inputs

    monkeypatch.setattr(backend, "_run", run)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(backend.run, [{}] * 8))
    assert seen == [1] * 8


def test_a_machine_without_a_gpu_is_told_so(backend_module, monkeypatch):
    def no_gpu():
        raise RuntimeError("no CUDA-capable device")

    monkeypatch.setattr(sys.modules["pycuda.driver"], "init", no_gpu)
    with pytest.raises(InputError, match=r"no NVIDIA GPU .*no CUDA-capable device.*use onnxruntime"):
        backend_module.TensorRtBackend(shipped_model())
