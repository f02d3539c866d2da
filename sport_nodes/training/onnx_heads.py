"""Global-local encoder and stage head as few ONNX nodes (see onnx_blocks for the rules)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import nn

from sport_nodes.scoring.blocks import LIMB_CHANNELS
from sport_nodes.scoring.network import (
    CONDITION_WIDTH,
    JOINT_VECTOR,
    MARK_CENTRE,
    MARK_SCALE,
    STAGE_COUNT,
    STAGE_EDGE,
    ScoringNetwork,
    StageHead,
)
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.training.graph_writer import GraphWriter
from sport_nodes.training.onnx_blocks import BlockOutput, gathered, values

#: Keeps a softmax off the joints of other limbs.
_NEVER = -1e9


@dataclass(frozen=True)
class Local:
    """Names: vector (N, 64) of the asked limbs, limbs (N, 5, L, 64), joint_importance (N, 1, V)."""

    vector: str
    limbs: str
    joint_importance: str


def write_local(writer: GraphWriter, network: ScoringNetwork, output: BlockOutput, whole: str) -> Local | None:
    """The limbs and what the whole (N, C) asks of them; None without the module.

    A limb's shares sum to 1, so what every joint has in common is added after pooling.
    """
    if network.limbs is None or network.cross is None:
        return None
    encoder, cross = network.limbs, network.cross
    shares = _shares(writer, network, output)
    pooled = writer.op("MatMul", shares, writer.reshape(output.hidden, 0, 0, -1))
    width = network.blocks[-1].graph.weight.out_features
    pooled = writer.reshape(pooled, 0, len(encoder.members), -1, width)
    if output.scale:
        pooled = writer.times(pooled, writer.op("Unsqueeze", output.scale, writer.integers(1)))
    pooled = writer.add(pooled, writer.op("Unsqueeze", output.shift, writer.integers(1)))
    weight = np.stack([values(one.weight).T for one in encoder.encode])
    offset = np.stack([values(one.bias)[None] for one in encoder.encode])
    limbs = writer.op("Relu", writer.add(writer.op("MatMul", pooled, writer.reals(weight)), offset))
    means = writer.mean(limbs, 2)
    # (W_k l) . (W_q g + b_q) = l . (W_k^T (W_q g + b_q)); b_k adds the same to every limb, which a softmax ignores.
    root = LIMB_CHANNELS**0.5
    query, key = cross.query, values(cross.key.weight)
    asked = writer.dense(whole, values(query.weight).T @ key / root, values(query.bias) @ key / root)
    match = writer.op("MatMul", means, writer.op("Unsqueeze", asked, writer.integers(2)))
    weights = writer.op("Transpose", writer.op("Softmax", match, axis=1), perm=(0, 2, 1))
    answer = writer.op("Squeeze", writer.op("MatMul", weights, means), writer.integers(1))
    vector = writer.dense(answer, values(cross.value.weight).T, values(cross.value.bias))
    return Local(vector, limbs, writer.op("MatMul", weights, shares))


def _shares(writer: GraphWriter, network: ScoringNetwork, output: BlockOutput) -> str:
    """(N, 5, V): each joint's share of its limb, 0 elsewhere."""
    encoder = network.limbs
    assert encoder is not None
    if output.scale:
        # The mean over time of hidden x scale as a product: sum over t of weight_t hidden_t.
        row = writer.op("Unsqueeze", writer.op("Transpose", output.weights, perm=(0, 2, 1)), writer.integers(1))
        mean = writer.op("Squeeze", writer.op("MatMul", row, output.hidden), writer.integers(2))
    else:
        mean = writer.mean(output.hidden, 2)
    mean = writer.add(mean, writer.mean(output.shift, 1, keep=True))
    weight = np.concatenate([values(one.weight) for one in encoder.score]).T
    match = writer.op("Transpose", writer.op("MatMul", mean, writer.reals(weight)), perm=(0, 2, 1))
    offset = np.full((len(encoder.members), JOINT_COUNT), _NEVER)
    for row_index, (members, score) in enumerate(zip(encoder.members, encoder.score, strict=True)):
        offset[row_index, members] = float(values(score.bias)[0])
    return writer.op("Softmax", writer.add(match, offset), axis=2)


def write_stages(
    writer: GraphWriter,
    head: StageHead,
    output: BlockOutput,
    local: Local | None,
    *,
    vector: str,
    context: str,
    batch: str,
) -> str:
    """Writes the output `bounds`; the marks (N, 4), not clipped."""
    frames = output.frames
    last = writer.add(frames.real, -1.0)
    end = writer.op("Squeeze", frames.real)
    steps = writer.op("Range", writer.reals(0.0), end, writer.reals(1.0))
    phase = writer.op("Div", steps, last)
    heat = _heat(writer, head, output, context, batch)
    expected = writer.op(
        "MatMul", writer.op("Softmax", heat, axis=2), writer.op("Unsqueeze", phase, writer.integers(1))
    )
    first, second, third = writer.ops("Split", expected, names=3, axis=1, num_outputs=3)
    second = writer.op("Max", first, second)
    bounds = writer.op("Concat", first, second, writer.op("Max", second, third), axis=1)
    writer.op("Squeeze", bounds, writer.integers(2), name="bounds")
    passed = writer.op("Sigmoid", writer.times(writer.op("Sub", phase, bounds), 1.0 / STAGE_EDGE))
    # Within a stage: its begin has passed and its end has not; the first began before everything.
    step = np.eye(STAGE_COUNT, STAGE_COUNT - 1, k=-1) - np.eye(STAGE_COUNT, STAGE_COUNT - 1)
    share = writer.add(writer.op("MatMul", writer.reals(step), passed), np.eye(STAGE_COUNT)[:, :1])
    total = writer.op("ReduceSum", share, writer.integers(2), keepdims=1)
    share = writer.op("Div", share, writer.op("Max", total, writer.reals(1e-6)))
    return _regressed(writer, head, share, output, local, vector=vector, context=context)


def _heat(writer: GraphWriter, head: StageHead, output: BlockOutput, context: str, batch: str) -> str:
    """(N, 3, L): where each boundary may lie."""
    first, second = head.boundaries[0], head.boundaries[2]
    assert isinstance(first, nn.Conv1d)
    assert isinstance(second, nn.Conv1d)
    width = writer.integers(CONDITION_WIDTH)
    shape = writer.op("Concat", batch, output.frames.size, width, axis=0)
    spread = writer.op("Expand", writer.op("Unsqueeze", context, writer.integers(1)), shape)
    seen = writer.op("Concat", output.mean, spread, axis=2)
    reach = first.kernel_size[0] // 2
    padded = writer.op("Pad", seen, writer.integers(0, reach, 0, 0, reach, 0))
    kernel = values(first.weight)
    rows = writer.reshape(gathered(writer, padded, output.frames, first, first=0), -1, kernel[0].size)
    assert first.bias is not None
    weight = kernel.transpose(2, 1, 0).reshape(-1, first.out_channels)
    heat = writer.op("Relu", writer.dense(rows, weight, values(first.bias)))
    shape = writer.op("Concat", batch, output.frames.size, writer.integers(first.out_channels), axis=0)
    heat = writer.op("Transpose", writer.op("Reshape", heat, shape), perm=(0, 2, 1))
    assert second.bias is not None
    reach = second.kernel_size[0] // 2
    return writer.op(
        "Conv", heat, writer.reals(values(second.weight)), writer.reals(values(second.bias)), pads=(reach, reach)
    )


def _regressed(
    writer: GraphWriter,
    head: StageHead,
    share: str,
    output: BlockOutput,
    local: Local | None,
    *,
    vector: str,
    context: str,
) -> str:
    """(N, 4) marks; the four regressors as one product, their part on vector and context as another."""
    if local is None:
        features = writer.op("MatMul", share, output.mean)
    else:
        pooled = writer.op("MatMul", writer.op("Unsqueeze", share, writer.integers(1)), local.limbs)
        features = writer.reshape(writer.op("Transpose", pooled, perm=(0, 2, 1, 3)), 0, STAGE_COUNT, -1)
    first = [regressor[0] for regressor in head.regressors]
    last = [regressor[2] for regressor in head.regressors]
    weight = np.stack([values(one.weight).T for one in first])
    known = weight.shape[1] - JOINT_VECTOR - CONDITION_WIDTH
    common = writer.dense(
        writer.op("Concat", vector, context, axis=1),
        np.concatenate(list(weight[:, known:]), axis=1),
        np.concatenate([values(one.bias) for one in first]),
    )
    own = writer.op("MatMul", writer.op("Unsqueeze", features, writer.integers(2)), writer.reals(weight[:, :known]))
    hidden = writer.op("Relu", writer.add(own, writer.reshape(common, 0, STAGE_COUNT, 1, -1)))
    marks = writer.op("MatMul", hidden, writer.reals(MARK_SCALE * np.stack([values(one.weight).T for one in last])))
    offset = MARK_CENTRE + MARK_SCALE * np.concatenate([values(one.bias) for one in last])
    return writer.add(writer.reshape(marks, 0, STAGE_COUNT), offset)
