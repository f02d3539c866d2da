"""The network's parts, one equation of the founding paper (section 3) each. Needs torch; inference does not.

Everywhere N is the batch, V = 17 joints, L frames, C channels; joint features are (N, V, L, C), frame features
(N, L, C).
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from sport_nodes.skeleton import EDGES, INDEX, JOINT_COUNT, LIMBS

#: Kernel and dilation of the parallel temporal branches.
TEMPORAL_BRANCHES: Final = ((3, 1), (5, 2), (9, 4), (1, 1))
#: Width of the temporal attention (d_a) and of the hidden layer of the spatial attention's MLP.
ATTENTION_WIDTH: Final = 64
SPATIAL_ATTENTION_HIDDEN: Final = 16
#: Channels of each of the five limb regions (C_L).
LIMB_CHANNELS: Final = 64


def adjacency() -> Tensor:
    """(V, V) the skeleton's edges with self-loops."""
    matrix = torch.eye(JOINT_COUNT)
    for a, b in EDGES:
        matrix[a, b] = matrix[b, a] = 1.0
    return matrix


class SpatialAttention(nn.Module):
    """M_ij = sigmoid(MLP([h_i, h_j])), h the joints' features averaged over time.

    The MLP's first layer is split over i and j: W [h_i, h_j] = W_i h_i + W_j h_j, so it costs V and not V^2 products.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.from_i = nn.Linear(channels, SPATIAL_ATTENTION_HIDDEN)
        self.from_j = nn.Linear(channels, SPATIAL_ATTENTION_HIDDEN, bias=False)
        self.out = nn.Linear(SPATIAL_ATTENTION_HIDDEN, 1)

    def forward(self, joints: Tensor) -> Tensor:
        """(N, V, L, C) to (N, V, V)."""
        mean = joints.mean(dim=2)
        hidden = functional.relu(self.from_i(mean)[:, :, None] + self.from_j(mean)[:, None])
        return torch.sigmoid(self.out(hidden)[..., 0])


class GraphConvolution(nn.Module):
    """H' = ReLU(norm(D^-1/2 (A * M + B) D^-1/2 H W)), B learnable and zero at the start, D the degrees of A."""

    def __init__(self, channels_in: int, channels_out: int, *, adaptive: bool, attention: bool) -> None:
        super().__init__()
        edges = adjacency()
        self.register_buffer("edges", edges)
        self.register_buffer("inverse_root_degree", edges.sum(dim=1).rsqrt())
        self.learned_edges = nn.Parameter(torch.zeros_like(edges)) if adaptive else None
        self.attention = SpatialAttention(channels_in) if attention else None
        self.weight = nn.Linear(channels_in, channels_out, bias=False)
        self.norm = nn.BatchNorm1d(channels_out)

    def graph(self, joints: Tensor) -> Tensor:
        """(N, V, V) normalised graph of each sample; (1, V, V) without attention."""
        graph = self.edges[None] if self.attention is None else self.edges * self.attention(joints)
        if self.learned_edges is not None:
            graph = graph + self.learned_edges
        return self.inverse_root_degree[:, None] * graph * self.inverse_root_degree

    def forward(self, joints: Tensor) -> Tensor:
        """(N, V, L, C_in) to (N, V, L, C_out)."""
        n, v, length, _ = joints.shape
        mixed = self.weight(joints)
        channels = mixed.shape[-1]
        mixed = torch.matmul(self.graph(joints), mixed.reshape(n, v, length * channels))
        return functional.relu(self.norm(mixed.reshape(n * v * length, channels))).reshape(n, v, length, channels)


class TemporalAggregation(nn.Module):
    """Parallel dilated convolutions of the joint mean, joined by a 1x1 convolution; one branch (3, 1) when single."""

    def __init__(self, channels: int, *, stride: int, multi_scale: bool) -> None:
        super().__init__()
        branches = TEMPORAL_BRANCHES if multi_scale else TEMPORAL_BRANCHES[:1]
        width = channels // len(TEMPORAL_BRANCHES)
        self.branches = nn.ModuleList(
            nn.Conv1d(channels, width, kernel, stride=stride, dilation=dilation, padding=(kernel // 2) * dilation)
            for kernel, dilation in branches
        )
        self.norm = nn.BatchNorm1d(width * len(branches))
        self.join = nn.Conv1d(width * len(branches), channels, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """(N, L, C) to (N, ceil(L / stride), C)."""
        series = frames.transpose(1, 2)
        together = torch.cat([branch(series) for branch in self.branches], dim=1)
        return self.join(functional.relu(self.norm(together))).transpose(1, 2)


class TemporalAttention(nn.Module):
    """a_t = softmax_t(u . tanh(W h_t)), W to d_a = 64; scaled by L so that even attention leaves the features alone."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.project = nn.Linear(channels, ATTENTION_WIDTH)
        self.score = nn.Linear(ATTENTION_WIDTH, 1, bias=False)

    def forward(self, frames: Tensor) -> Tensor:
        """(N, L, C) to weights (N, L) that sum to 1."""
        return torch.softmax(self.score(torch.tanh(self.project(frames)))[..., 0], dim=1)


class SpatioTemporalBlock(nn.Module):
    """Graph convolution, multi-scale temporal aggregation broadcast back as a residual, temporal attention."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        stride: int,
        adaptive: bool,
        attention: bool,
        multi_scale: bool,
        temporal_attention: bool,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.graph = GraphConvolution(channels_in, channels_out, adaptive=adaptive, attention=attention)
        self.temporal = TemporalAggregation(channels_out, stride=stride, multi_scale=multi_scale)
        self.attention = TemporalAttention(channels_out) if temporal_attention else None

    def forward(self, joints: Tensor) -> tuple[Tensor, Tensor | None]:
        """(N, V, L, C_in) to (N, V, ceil(L / stride), C_out) and the frames' weights (N, ceil(L / stride))."""
        hidden = self.graph(joints)
        mean = hidden.mean(dim=1)
        aggregated = self.temporal(mean)
        if self.stride > 1:
            # Indices from the convolution's own length: two formulas for one length cannot be exported with it open.
            kept = torch.arange(aggregated.shape[1], device=hidden.device) * self.stride
            hidden, mean = hidden.index_select(2, kept), mean.index_select(1, kept)
        hidden = hidden + aggregated[:, None]
        if self.attention is None:
            return hidden, None
        # The mean over the joints of what was just summed, without summing it again.
        weights = self.attention(mean + aggregated)
        length = weights.shape[1]
        return hidden * (weights * length)[:, None, :, None], weights


class LimbEncoder(nn.Module):
    """Five limb regions with their own layers; a limb pools its joints by attention, so a dead one can be left out."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.members = [[INDEX[name] for name in names] for names in LIMBS.values()]
        self.score = nn.ModuleList(nn.Linear(channels, 1) for _ in self.members)
        self.encode = nn.ModuleList(nn.Linear(channels, LIMB_CHANNELS) for _ in self.members)

    def forward(self, joints: Tensor) -> tuple[Tensor, Tensor]:
        """(N, V, L, C) to limb features (N, L, 5, C_L) and each joint's share of its limb (N, V)."""
        limbs = []
        shares = torch.zeros_like(joints[:, :, 0, 0])
        for members, score, encode in zip(self.members, self.score, self.encode, strict=True):
            region = joints[:, members]
            share = torch.softmax(score(region.mean(dim=2))[..., 0], dim=1)
            pooled = (region * share[:, :, None, None]).sum(dim=1)
            limbs.append(functional.relu(encode(pooled)))
            place = functional.one_hot(torch.tensor(members), JOINT_COUNT).to(share.dtype)
            shares = shares + share @ place.to(share.device)
        return torch.stack(limbs, dim=2), shares


class CrossAttention(nn.Module):
    """The global feature asks the limbs: softmax(q . k_l / sqrt(C_L)) over the five, values summed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Linear(channels, LIMB_CHANNELS)
        self.key = nn.Linear(LIMB_CHANNELS, LIMB_CHANNELS)
        self.value = nn.Linear(LIMB_CHANNELS, LIMB_CHANNELS)

    def forward(self, whole: Tensor, limbs: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C) and (N, 5, C_L) to (N, C_L) and the limbs' weights (N, 5)."""
        match = torch.matmul(self.key(limbs), self.query(whole)[..., None])[..., 0]
        weights = torch.softmax(match / LIMB_CHANNELS**0.5, dim=1)
        return (weights[..., None] * self.value(limbs)).sum(dim=1), weights
