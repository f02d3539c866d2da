"""The spatio-temporal blocks as few ONNX nodes: the same function as `scoring.blocks`, ordered for speed.

Exact rearrangements only: batch norm goes into the weights beside it; the graph mixes the joints before the weights
widen them, so that weights, offset and ReLU are one matrix product; frames' weights and what is added to every joint
are first brought together on the joint mean; means over joints follow from means, and are matrix products, which ONNX
Runtime does several times faster than reductions over an outer axis; dilated convolutions are products of gathered
frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from sport_nodes.scoring.blocks import GraphConvolution, SpatioTemporalBlock, TemporalAggregation
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.training.graph_writer import GraphWriter

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Frames:
    """Names of the frame count of one temporal resolution: `size` as int64 (1,), `real` as float32 (1,)."""

    size: str
    real: str

    @classmethod
    def of(cls, writer: GraphWriter, size: str) -> Frames:
        return cls(size, writer.op("Cast", size, to=1))

    def halved(self, writer: GraphWriter) -> Frames:
        """ceil(L / 2)."""
        more = writer.op("Add", self.size, writer.integers(1))
        return self.of(writer, writer.op("Div", more, writer.integers(2)))


@dataclass(frozen=True)
class BlockOutput:
    """A block's result in parts: hidden (N, V, L, C) x scale (N, L, 1) + shift (N, L, C); mean (N, L, C) over the
    joints of the whole; weights (N, L) of the frames. scale and weights are "" without temporal attention."""

    hidden: str
    scale: str
    shift: str
    mean: str
    weights: str
    frames: Frames


def values(tensor: Tensor) -> Array:
    """A parameter as numpy."""
    array: Array = tensor.detach().cpu().float().numpy()
    return array


def folded(norm: nn.BatchNorm1d) -> tuple[Array, Array]:
    """Factor and offset per channel that the norm is in evaluation."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    factor = values(norm.weight) / np.sqrt(values(norm.running_var) + norm.eps)
    return factor, values(norm.bias) - values(norm.running_mean) * factor


def write_block(
    writer: GraphWriter,
    block: SpatioTemporalBlock,
    joints: str,
    *,
    batch: str,
    frames: Frames,
    input_scale: Array | None = None,
) -> BlockOutput:
    """joints: name of (N, V, L, C_in), to be divided by input_scale (C_in,). batch: name of N as int64 (1,)."""
    divisor = np.ones(1, dtype=np.float32) if input_scale is None else input_scale
    hidden = _graph_convolution(writer, block.graph, joints, divisor, batch, frames)
    mean = joint_mean(writer, hidden, block.graph.weight.out_features)
    every_frame = mean
    if block.stride > 1:
        frames = frames.halved(writer)
        kept = writer.op("Mul", _steps(writer, frames), writer.integers(block.stride))
        hidden, mean = (writer.op("Gather", x, kept, axis=axis) for x, axis in ((hidden, 2), (mean, 1)))
    aggregated = _aggregation(writer, block.temporal, every_frame, mean, batch=batch, frames=frames)
    whole = writer.add(mean, aggregated)
    if block.attention is None:
        return BlockOutput(hidden, "", aggregated, whole, "", frames)
    project, score = block.attention.project, block.attention.score
    match = writer.op("MatMul", whole, writer.reals(values(project.weight).T))
    match = writer.op("Tanh", writer.add(match, values(project.bias)))
    match = writer.op("MatMul", match, writer.reals(values(score.weight).T))
    weights = writer.op("Softmax", match, axis=1)
    scale = writer.times(weights, frames.real)
    shift = writer.times(aggregated, scale)
    return BlockOutput(hidden, scale, shift, writer.times(whole, scale), weights, frames)


def write_joined(writer: GraphWriter, output: BlockOutput) -> str:
    """(N, V, L, C) of a block's parts."""
    joints = output.hidden
    if output.scale:
        # As wide as the features: one long product a joint is faster than one a frame.
        scale = writer.op("Expand", output.scale, writer.op("Shape", output.shift))
        joints = writer.times(joints, writer.op("Unsqueeze", scale, writer.integers(1)))
    return writer.add(joints, writer.op("Unsqueeze", output.shift, writer.integers(1)))


def joint_mean(writer: GraphWriter, joints: str, width: int) -> str:
    """(N, V, L, C) to (N, L, C)."""
    even = writer.reals(np.full((1, JOINT_COUNT), 1.0 / JOINT_COUNT))
    return writer.reshape(writer.op("MatMul", even, writer.reshape(joints, 0, 0, -1)), 0, -1, width)


def _graph_convolution(
    writer: GraphWriter, convolution: GraphConvolution, joints: str, divisor: Array, batch: str, frames: Frames
) -> str:
    factor, offset = folded(convolution.norm)
    weight = values(convolution.weight.weight).T * factor / divisor[:, None]
    width_in, width_out = weight.shape
    mixed = writer.op("MatMul", _graph(writer, convolution, joints, divisor), writer.reshape(joints, 0, 0, -1))
    hidden = writer.op("Relu", writer.dense(writer.reshape(mixed, -1, width_in), weight, offset))
    shape = writer.op("Concat", batch, writer.integers(JOINT_COUNT), frames.size, writer.integers(width_out), axis=0)
    return writer.op("Reshape", hidden, shape)


def _graph(writer: GraphWriter, convolution: GraphConvolution, joints: str, divisor: Array) -> str:
    """(N, V, V), or (1, V, V) without attention."""
    root = values(convolution.inverse_root_degree)
    normal = root[:, None] * root
    edges = values(convolution.edges) * normal
    learned = np.zeros_like(edges) if convolution.learned_edges is None else values(convolution.learned_edges) * normal
    if convolution.attention is None:
        return writer.reals((edges + learned)[None])
    attention = convolution.attention
    mean = writer.mean(joints, 2)
    from_i = writer.op("MatMul", mean, writer.reals(values(attention.from_i.weight).T / divisor[:, None]))
    from_j = writer.op("MatMul", mean, writer.reals(values(attention.from_j.weight).T / divisor[:, None]))
    from_i = writer.op("Unsqueeze", writer.add(from_i, values(attention.from_i.bias)), writer.integers(2))
    hidden = writer.op("Relu", writer.add(from_i, writer.op("Unsqueeze", from_j, writer.integers(1))))
    match = writer.op("MatMul", hidden, writer.reals(values(attention.out.weight).T))
    match = writer.reshape(writer.add(match, values(attention.out.bias)), 0, JOINT_COUNT, JOINT_COUNT)
    graph = writer.times(writer.op("Sigmoid", match), edges)
    return graph if convolution.learned_edges is None else writer.add(graph, learned)


def _aggregation(
    writer: GraphWriter, aggregation: TemporalAggregation, every: str, kept: str, *, batch: str, frames: Frames
) -> str:
    """every (N, L, C), and kept (N, ceil(L / stride), C) of its frames, to (N, ceil(L / stride), C)."""
    factor, offset = folded(aggregation.norm)
    reach = max(_reach(branch) for branch in aggregation.branches)
    padded = writer.op("Pad", every, writer.integers(0, reach, 0, 0, reach, 0))
    parts, begin = [], 0
    for branch in aggregation.branches:
        assert isinstance(branch, nn.Conv1d)
        assert branch.bias is not None
        own = slice(begin, begin + branch.out_channels)
        begin += branch.out_channels
        kernel = values(branch.weight) * factor[own, None, None]
        width, taps = kernel.shape[1:]
        seen = kept
        if taps > 1:
            seen = gathered(writer, padded, frames, branch, first=reach - _reach(branch))
        rows = writer.reshape(seen, -1, taps * width)
        weight = kernel.transpose(2, 1, 0).reshape(taps * width, -1)
        parts.append(writer.op("Relu", writer.dense(rows, weight, values(branch.bias) * factor[own] + offset[own])))
    together = writer.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    join = aggregation.join
    assert join.bias is not None
    joined = writer.dense(together, values(join.weight)[:, :, 0].T, values(join.bias))
    shape = writer.op("Concat", batch, frames.size, writer.integers(join.out_channels), axis=0)
    return writer.op("Reshape", joined, shape)


def gathered(writer: GraphWriter, padded: str, frames: Frames, layer: nn.Conv1d, *, first: int) -> str:
    """(N, L, K, C): the frames that each output frame of a convolution sees, of padded (N, L', C) from `first` on."""
    starts = writer.op("Mul", _steps(writer, frames), writer.integers(layer.stride[0]))
    places = writer.integers(*(first + layer.dilation[0] * np.arange(layer.kernel_size[0])))
    index = writer.op("Add", writer.op("Unsqueeze", starts, writer.integers(1)), places)
    return writer.op("Gather", padded, index, axis=1)


def _steps(writer: GraphWriter, frames: Frames) -> str:
    """(L,) 0, 1, ... as int64."""
    return writer.op("Range", writer.integer(0), writer.op("Squeeze", frames.size), writer.integer(1))


def _reach(branch: nn.Module) -> int:
    """Frames that a branch looks ahead and back."""
    assert isinstance(branch, nn.Conv1d)
    return branch.dilation[0] * (branch.kernel_size[0] // 2)
