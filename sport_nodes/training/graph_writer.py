"""Writes an ONNX graph node by node: names, constants, and the tensors' open sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

OPSET: Final = 18
#: The file format that goes with OPSET; TensorRT 8.6 reads it.
IR_VERSION: Final = 9


class GraphWriter:
    """Nodes and constants of one graph; equal constants are kept once."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
        self._count = 0

    def op(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """One node with one output; the output's name."""
        return self.ops(kind, *inputs, names=(name or self._next(kind),), **attributes)[0]

    def ops(self, kind: str, *inputs: str, names: Sequence[str] | int, **attributes: Any) -> list[str]:
        """One node with these outputs, or this many."""
        outputs = [self._next(kind) for _ in range(names)] if isinstance(names, int) else list(names)
        self._nodes.append(helper.make_node(kind, list(inputs), outputs, **attributes))
        return outputs

    def reals(self, values: ArrayLike) -> str:
        """A float32 constant of the values' shape."""
        return self._constant(np.asarray(values, dtype=np.float32))

    def integers(self, *values: int) -> str:
        """A one-dimensional int64 constant: axes, indices, shapes."""
        return self._constant(np.array(values, dtype=np.int64))

    def integer(self, value: int) -> str:
        """An int64 scalar constant."""
        return self._constant(np.array(value, dtype=np.int64))

    def reshape(self, tensor: str, *shape: int) -> str:
        """0 keeps a size, -1 takes what is left."""
        return self.op("Reshape", tensor, self.integers(*shape))

    def dense(self, tensor: str, weight: ArrayLike, offset: ArrayLike | None = None) -> str:
        """(N, C) x (C, C') + (C'), one matrix product."""
        inputs = (tensor, self.reals(weight))
        return self.op("Gemm", *inputs, *(() if offset is None else (self.reals(offset),)))

    def mean(self, tensor: str, axis: int, *, keep: bool = False) -> str:
        return self.op("ReduceMean", tensor, self.integers(axis), keepdims=int(keep))

    def add(self, tensor: str, other: str | ArrayLike) -> str:
        return self.op("Add", tensor, other if isinstance(other, str) else self.reals(other))

    def times(self, tensor: str, other: str | ArrayLike) -> str:
        return self.op("Mul", tensor, other if isinstance(other, str) else self.reals(other))

    def model(
        self, *, name: str, inputs: dict[str, Sequence[str | int]], outputs: dict[str, Sequence[str | int]]
    ) -> onnx.ModelProto:
        """The checked model; sizes given as words are open."""
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(k, TensorProto.FLOAT, list(v)) for k, v in inputs.items()],
            [helper.make_tensor_value_info(k, TensorProto.FLOAT, list(v)) for k, v in outputs.items()],
            list(self._constants.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _constant(self, values: np.ndarray) -> str:
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(np.asarray(values, order="C"), self._next("constant"))
        return str(self._constants[key].name)

    def _next(self, kind: str) -> str:
        self._count += 1
        return f"{kind.lower()}_{self._count}"
