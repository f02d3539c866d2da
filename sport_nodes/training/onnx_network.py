"""The scoring network as an ONNX graph: `scoring.network.ExportedNetwork`, ordered for speed (see onnx_blocks)."""

from __future__ import annotations

from typing import Final

import numpy as np
import onnx

from sport_nodes.scoring.backends import JOINT_FEATURE
from sport_nodes.scoring.network import (
    JOINT_VECTOR,
    LARGEST_BIAS,
    MARK_CENTRE,
    MARK_SCALE,
    STAGE_COUNT,
    ScoringNetwork,
)
from sport_nodes.skeleton import JOINT_COUNT
from sport_nodes.training.graph_writer import GraphWriter
from sport_nodes.training.onnx_blocks import BlockOutput, Frames, values, write_block, write_joined
from sport_nodes.training.onnx_heads import Local, write_local, write_stages

FULL_MARKS: Final = 100.0


def network_graph(network: ScoringNetwork) -> onnx.ModelProto:
    """The network in evaluation mode with open batch and length; outputs of `scoring.backends`, JOINT_FEATURE too."""
    writer = GraphWriter()
    shape = writer.op("Shape", "pose")
    batch = writer.op("Gather", shape, writer.integers(0))
    frames = Frames.of(writer, writer.op("Gather", shape, writer.integers(2)))
    length = frames.size
    context = _context(writer, network)
    joints = _inputs(writer, network)
    output: BlockOutput | None = None
    for index, block in enumerate(network.blocks):
        if output is not None:
            joints = write_joined(writer, output)
        scale = values(network.input_scale) if index == 0 else None
        output = write_block(writer, block, joints, batch=batch, frames=frames, input_scale=scale)
        frames = output.frames
        if index == 0:
            output = _with_context(writer, network, output, context)
    assert output is not None
    whole = writer.mean(output.mean, 1)
    local = write_local(writer, network, output, whole)
    _marks(writer, network, output, local, whole, context, batch)
    _importance(writer, output, local, batch, length)
    series: list[str | int] = ["batch", JOINT_COUNT, "length"]
    condition = network.condition[0].in_features
    return writer.model(
        name="scorer",
        inputs={"pose": [*series, 3], "velocity": [*series, 3], "mask": series, "condition": ["batch", condition]},
        outputs={
            "score": ["batch"],
            "stages": ["batch", STAGE_COUNT],
            "bounds": ["batch", STAGE_COUNT - 1],
            "grade_probabilities": ["batch", network.grade.out_features],
            "bias": ["batch"],
            "joint_importance": ["batch", JOINT_COUNT],
            "frame_importance": ["batch", "length"],
            JOINT_FEATURE: ["batch", JOINT_VECTOR],
        },
    )


def _context(writer: GraphWriter, network: ScoringNetwork) -> str:
    layer = network.condition[0]
    return writer.op("Relu", writer.dense("condition", values(layer.weight).T, values(layer.bias)))


def _inputs(writer: GraphWriter, network: ScoringNetwork) -> str:
    """(N, V, L, 6): the normalised inputs times their scale, which the first block takes back.

    x where the joint is there and its learned value where not, less the mean: (x - k) mask + k - mean.
    """
    missing = values(network.missing_joint) * values(network.input_scale)
    joints = writer.add(writer.op("Concat", "pose", "velocity", axis=3), -missing - values(network.input_mean))
    joints = writer.times(joints, writer.op("Unsqueeze", "mask", writer.integers(3)))
    return writer.add(joints, missing)


def _with_context(writer: GraphWriter, network: ScoringNetwork, output: BlockOutput, context: str) -> BlockOutput:
    """What the movement's kind and tempo add to every joint and frame after the first block."""
    layer = network.condition_blocks
    added = writer.op(
        "Unsqueeze", writer.dense(context, values(layer.weight).T, values(layer.bias)), writer.integers(1)
    )
    return BlockOutput(
        output.hidden,
        output.scale,
        writer.add(output.shift, added),
        writer.add(output.mean, added),
        output.weights,
        output.frames,
    )


def _marks(
    writer: GraphWriter,
    network: ScoringNetwork,
    output: BlockOutput,
    local: Local | None,
    whole: str,
    context: str,
    batch: str,
) -> None:
    parts = (whole, context) if local is None else (whole, local.vector, context)
    joined = writer.op("Concat", *parts, axis=1)
    joint = writer.dense(joined, values(network.joint.weight).T, values(network.joint.bias))
    vector = writer.op("Relu", joint, name=JOINT_FEATURE)
    own = writer.dense(vector, MARK_SCALE * values(network.whole.weight).T, MARK_SCALE * values(network.whole.bias))
    if network.bias is None:
        bias = writer.times(own, 0.0)
    else:
        raw = writer.dense(vector, values(network.bias.weight).T, values(network.bias.bias))
        bias = writer.times(writer.op("Tanh", raw), LARGEST_BIAS)
    if network.stages is None:
        score = writer.add(writer.add(own, bias), MARK_CENTRE)
        stages = writer.op("Concat", *([score] * STAGE_COUNT), axis=1)
        even = writer.reals(np.arange(1, STAGE_COUNT)[None] / STAGE_COUNT)
        shape = writer.op("Concat", batch, writer.integers(STAGE_COUNT - 1), axis=0)
        writer.op("Expand", even, shape, name="bounds")
    else:
        stages = write_stages(writer, network.stages, output, local, vector=vector, context=context, batch=batch)
        score = writer.add(writer.add(own, bias), writer.mean(stages, 1, keep=True))
    writer.op("Reshape", bias, writer.integers(-1), name="bias")
    clipped = writer.op("Clip", score, writer.reals(0.0), writer.reals(FULL_MARKS))
    writer.op("Reshape", clipped, writer.integers(-1), name="score")
    writer.op("Clip", stages, writer.reals(0.0), writer.reals(FULL_MARKS), name="stages")
    centred = writer.times(writer.add(score, -MARK_CENTRE), 1.0 / MARK_SCALE)
    seen = writer.op("Concat", vector, centred, axis=1)
    grade = writer.dense(seen, values(network.grade.weight).T, values(network.grade.bias))
    writer.op("Softmax", grade, axis=1, name="grade_probabilities")


def _importance(writer: GraphWriter, output: BlockOutput, local: Local | None, batch: str, length: str) -> None:
    if local is None:
        there = writer.mean("mask", 2)
        total = writer.op("ReduceSum", there, writer.integers(1), keepdims=1)
        writer.op("Div", there, writer.op("Max", total, writer.reals(1.0)), name="joint_importance")
    else:
        writer.op("Reshape", local.joint_importance, writer.integers(-1, JOINT_COUNT), name="joint_importance")
    weights = output.weights
    if not weights:
        size = writer.op("ReduceL2", output.mean, writer.integers(2), keepdims=1)
        weights = writer.op("Softmax", size, axis=1)
    sizes = writer.op("Concat", batch, writer.integers(1), length, axis=0)
    spread = writer.op(
        "Resize",
        writer.op("Transpose", weights, perm=(0, 2, 1)),
        "",
        "",
        sizes,
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    spread = writer.op("Squeeze", spread, writer.integers(1))
    total = writer.op("ReduceSum", spread, writer.integers(1), keepdims=1)
    writer.op("Div", spread, total, name="frame_importance")
