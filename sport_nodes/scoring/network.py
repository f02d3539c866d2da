"""The scoring network (founding paper, section 3), each module switchable. Needs torch; inference does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from sport_nodes.scoring.blocks import LIMB_CHANNELS, CrossAttention, LimbEncoder, SpatioTemporalBlock
from sport_nodes.scoring.scores import GRADES
from sport_nodes.skeleton import INDEX, JOINT_COUNT, LIMBS

#: Channels and temporal strides of the six blocks.
BLOCKS: Final = ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1))
JOINT_VECTOR: Final = 128
CONDITION_WIDTH: Final = 16
STAGE_COUNT: Final = 4
STAGE_HIDDEN: Final = 64
#: Bias branch: at most this many points either way.
LARGEST_BIAS: Final = 10.0
#: Position and velocity of every joint.
INPUT_CHANNELS: Final = 6
#: Softness of the stages' edges, as a share of the movement.
STAGE_EDGE: Final = 0.02
#: Stage marks start from the middle of school marks and move in steps of this many points.
MARK_CENTRE: Final = 75.0
MARK_SCALE: Final = 15.0


@dataclass(frozen=True)
class NetworkConfig:
    """Which modules the network has.

    actions: the movements it knows, in the order of the condition's one-hot. blocks: (channels, stride) of each.
    """

    actions: tuple[str, ...]
    blocks: tuple[tuple[int, int], ...] = BLOCKS
    adaptive_graph: bool = True
    spatial_attention: bool = True
    multi_scale: bool = True
    temporal_attention: bool = True
    global_local: bool = True
    stage_head: bool = True
    bias_correction: bool = True


#: The ablation's models: the whole without one module each.
ABLATIONS: Final[dict[str, str]] = {
    "A": "adaptive_graph",
    "B": "spatial_attention",
    "C": "multi_scale",
    "D": "temporal_attention",
    "E": "global_local",
    "F": "stage_head",
}


class NetworkOutput(NamedTuple):
    """score (N,), stages (N, 4), bounds (N, 3) as shares of the movement, grade_logits (N, 5), bias (N,),
    joint_importance (N, 17), frame_importance (N, L'), vector (N, 128), frames (N, L', 256); scores are not clipped."""

    score: Tensor
    stages: Tensor
    bounds: Tensor
    grade_logits: Tensor
    bias: Tensor
    joint_importance: Tensor
    frame_importance: Tensor
    vector: Tensor
    frames: Tensor


class ScoringNetwork(nn.Module):
    """Pose and velocity (N, 17, L, 3), mask (N, 17, L), condition (N, actions + 1: one-hot, tempo) to NetworkOutput."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("input_mean", torch.zeros(JOINT_COUNT, 1, INPUT_CHANNELS))
        self.register_buffer("input_scale", torch.ones(INPUT_CHANNELS))
        self.missing_joint = nn.Parameter(torch.zeros(JOINT_COUNT, 1, INPUT_CHANNELS))
        condition = len(config.actions) + 1
        self.condition = nn.Sequential(nn.Linear(condition, CONDITION_WIDTH), nn.ReLU())
        self.condition_blocks = nn.Linear(CONDITION_WIDTH, config.blocks[0][0])
        blocks, width = [], INPUT_CHANNELS
        for channels, stride in config.blocks:
            blocks.append(
                SpatioTemporalBlock(
                    width,
                    channels,
                    stride=stride,
                    adaptive=config.adaptive_graph,
                    attention=config.spatial_attention,
                    multi_scale=config.multi_scale,
                    temporal_attention=config.temporal_attention,
                )
            )
            width = channels
        self.blocks = nn.ModuleList(blocks)
        self.limbs = LimbEncoder(width) if config.global_local else None
        self.cross = CrossAttention(width) if config.global_local else None
        local = LIMB_CHANNELS if config.global_local else 0
        self.joint = nn.Linear(width + local + CONDITION_WIDTH, JOINT_VECTOR)
        frame_width = LIMB_CHANNELS * len(LIMBS) if config.global_local else width
        self.stages = StageHead(width, frame_width) if config.stage_head else None
        self.whole = nn.Linear(JOINT_VECTOR, 1)
        self.bias = nn.Linear(JOINT_VECTOR, 1) if config.bias_correction else None
        self.grade = nn.Linear(JOINT_VECTOR + 1, len(GRADES))

    def set_input_statistics(self, mean: Tensor, scale: Tensor) -> None:
        """Mean (17, 6) per joint and channel, and scale (6,) per channel, of the training movements."""
        self.input_mean.copy_(mean[:, None])
        self.input_scale.copy_(scale)

    def forward(self, pose: Tensor, velocity: Tensor, mask: Tensor, condition: Tensor) -> NetworkOutput:
        there = mask[..., None]
        joints = (torch.cat([pose, velocity], dim=-1) - self.input_mean) / self.input_scale
        joints = joints * there + self.missing_joint * (1.0 - there)
        context = self.condition(condition)
        weights = None
        for index, block in enumerate(self.blocks):
            joints, weights = block(joints)
            if index == 0:
                joints = joints + self.condition_blocks(context)[:, None, None]
        frames = joints.mean(dim=1)
        whole = frames.mean(dim=1)
        if self.limbs is None or self.cross is None:
            vector = self.joint(torch.cat([whole, context], dim=1))
            per_frame = frames
            importance = mask.mean(dim=2)
            joint_importance = importance / importance.sum(dim=1, keepdim=True).clamp_min(1.0)
        else:
            limbs, shares = self.limbs(joints)
            local, limb_weights = self.cross(whole, limbs.mean(dim=1))
            vector = self.joint(torch.cat([whole, local, context], dim=1))
            per_frame = limbs.flatten(start_dim=2)
            joint_importance = shares * (limb_weights @ _limb_of_joint(shares))
        vector = functional.relu(vector)
        frame_importance = torch.softmax(frames.norm(dim=2), dim=1) if weights is None else weights
        bias = (
            torch.zeros_like(whole[:, 0]) if self.bias is None else LARGEST_BIAS * torch.tanh(self.bias(vector)[:, 0])
        )
        own = MARK_SCALE * self.whole(vector)[:, 0]
        if self.stages is None:
            stages = (MARK_CENTRE + own + bias)[:, None].expand(-1, STAGE_COUNT)
            even = torch.arange(1, STAGE_COUNT, dtype=own.dtype, device=own.device) / STAGE_COUNT
            bounds = even.expand(len(own), -1)
            score = MARK_CENTRE + own + bias
        else:
            stages, bounds = self.stages(frames, per_frame, vector, context)
            score = own + bias + stages.mean(dim=1)
        grade = self.grade(torch.cat([vector, (score[:, None] - MARK_CENTRE) / MARK_SCALE], dim=1))
        return NetworkOutput(score, stages, bounds, grade, bias, joint_importance, frame_importance, vector, frames)


class StageHead(nn.Module):
    """A light temporal convolution finds the three inner boundaries; one regressor a stage marks what lies between."""

    def __init__(self, width: int, frame_width: int) -> None:
        super().__init__()
        self.boundaries = nn.Sequential(
            nn.Conv1d(width + CONDITION_WIDTH, STAGE_HIDDEN, 5, padding=2),
            nn.ReLU(),
            nn.Conv1d(STAGE_HIDDEN, STAGE_COUNT - 1, 5, padding=2),
        )
        features = frame_width + JOINT_VECTOR + CONDITION_WIDTH
        self.regressors = nn.ModuleList(
            nn.Sequential(nn.Linear(features, STAGE_HIDDEN), nn.ReLU(), nn.Linear(STAGE_HIDDEN, 1))
            for _ in range(STAGE_COUNT)
        )

    def forward(self, frames: Tensor, per_frame: Tensor, vector: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Marks (N, 4) and boundaries (N, 3), rising, as shares of the movement."""
        length = frames.shape[1]
        phase = torch.arange(length, dtype=frames.dtype, device=frames.device) / (length - 1)
        spread = context[:, None].expand(-1, length, -1)
        heat = self.boundaries(torch.cat([frames, spread], dim=2).transpose(1, 2))
        expected = (torch.softmax(heat, dim=2) * phase).sum(dim=2)
        first, second, third = expected.unbind(dim=1)
        second = torch.maximum(first, second)
        bounds = torch.stack([first, second, torch.maximum(second, third)], dim=1)
        share = soft_stages(bounds, phase)
        share = share / share.sum(dim=2, keepdim=True).clamp_min(1e-6)
        stage_features = torch.matmul(share, per_frame)
        marks = [
            regressor(torch.cat([stage_features[:, k], vector, context], dim=1))
            for k, regressor in enumerate(self.regressors)
        ]
        return MARK_CENTRE + MARK_SCALE * torch.cat(marks, dim=1), bounds


def soft_stages(bounds: Tensor, phase: Tensor) -> Tensor:
    """(N, 3) boundaries and (L,) phases to (N, 4, L): the degree to which a frame lies in each stage, 1 in all."""
    passed = torch.sigmoid((phase - bounds[..., None]) / STAGE_EDGE)
    ones, zeros = torch.ones_like(passed[:, :1]), torch.zeros_like(passed[:, :1])
    return torch.cat([ones, passed], dim=1) - torch.cat([passed, zeros], dim=1)


def _limb_of_joint(like: Tensor) -> Tensor:
    """(5, 17) one where the joint belongs to the limb."""
    table = torch.zeros(len(LIMBS), JOINT_COUNT, dtype=like.dtype, device=like.device)
    for row, names in enumerate(LIMBS.values()):
        for name in names:
            table[row, INDEX[name]] = 1.0
    return table


class ExportedNetwork(nn.Module):
    """What ships: clipped marks, grade probabilities, and importance that sums to 1 over the input's frames."""

    def __init__(self, network: ScoringNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pose: Tensor, velocity: Tensor, mask: Tensor, condition: Tensor) -> tuple[Tensor, ...]:
        """The tensors of backends.OUTPUTS and JOINT_FEATURE, in that order."""
        out = self.network(pose, velocity, mask, condition)
        frames = functional.interpolate(out.frame_importance[:, None], size=pose.shape[2], mode="linear")[:, 0]
        return (
            out.score.clamp(0.0, 100.0),
            out.stages.clamp(0.0, 100.0),
            out.bounds,
            torch.softmax(out.grade_logits, dim=1),
            out.bias,
            out.joint_importance,
            frames / frames.sum(dim=1, keepdim=True),
            out.vector,
        )
