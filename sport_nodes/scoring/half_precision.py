"""A float32 ONNX model with its costly products in float16: for TensorRT versions that take precision from the model.

Only the products' operands are rounded; sums of products, softmax and the marks themselves stay float32.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PRODUCTS: Final = ("MatMul", "Gemm", "Conv")
#: A product with fewer constant weights costs nothing, and may be the one that makes marks, up to 100 points.
FEWEST_WEIGHTS: Final = 2048


def half_model(model: bytes) -> bytes:
    """The same inputs and outputs, float32; products by at least FEWEST_WEIGHTS weights are made in float16."""
    proto = onnx.load_model_from_string(model)
    graph = proto.graph
    constants = {constant.name: constant for constant in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    halves: dict[str, str] = {}

    def half(name: str) -> str:
        if name not in halves:
            halves[name] = f"{name}_half"
            if name in constants:
                rounded = numpy_helper.to_array(constants[name]).astype(np.float16)
                graph.initializer.append(numpy_helper.from_array(rounded, halves[name]))
            else:
                nodes.append(helper.make_node("Cast", [name], [halves[name]], to=TensorProto.FLOAT16))
        return halves[name]

    for node in graph.node:
        weights = sum(int(np.prod(constants[name].dims)) for name in node.input if name in constants)
        if node.op_type in PRODUCTS and weights >= FEWEST_WEIGHTS:
            node.input[:] = [half(name) for name in node.input]
            output, node.output[0] = node.output[0], f"{node.output[0]}_product"
            nodes += [node, helper.make_node("Cast", [node.output[0]], [output], to=TensorProto.FLOAT)]
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    kept = [constant for constant in graph.initializer if constant.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString())
