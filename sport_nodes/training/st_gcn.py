"""A plain ST-GCN (Yan et al. 2018), the peer: fixed graph, one temporal kernel of 9 a joint, mean, one number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sport_nodes.scoring.blocks import adjacency
from sport_nodes.scoring.network import BLOCKS, INPUT_CHANNELS, MARK_CENTRE, MARK_SCALE
from sport_nodes.training.augmentation import augment
from sport_nodes.training.batches import TensorSet
from sport_nodes.training.loop import LARGEST_GRADIENT, RISING_SHARE
from sport_nodes.training.losses import POINTS_PER_UNIT
from sport_nodes.training.trial_set import TrialSet

TEMPORAL_KERNEL: Final = 9


class StGcnBackbone(nn.Module):
    """(N, C, V, L) to (N, width): a fixed graph's blocks, the mean over joints and frames."""

    def __init__(self, edges: Tensor, channels: int, blocks: Sequence[tuple[int, int]]) -> None:
        """edges: (V, V), 1 where joints are linked and on the diagonal. blocks: (channels, temporal stride)."""
        super().__init__()
        root = edges.sum(dim=1).rsqrt()
        self.register_buffer("graph", root[:, None] * edges * root)
        self.norm = nn.BatchNorm1d(channels * len(edges))
        widths = [channels, *(width for width, _ in blocks)]
        self.blocks = nn.ModuleList(
            _Block(a, b, stride) for a, b, (_, stride) in zip(widths, widths[1:], blocks, strict=False)
        )
        self.width = widths[-1]

    def forward(self, joints: Tensor) -> Tensor:
        n, channels, v, length = joints.shape
        hidden = self.norm(joints.reshape(n, channels * v, length)).reshape(joints.shape)
        for block in self.blocks:
            hidden = block(hidden, self.graph)
        return hidden.mean(dim=(2, 3))


class StGcn(nn.Module):
    """Channels and strides as our blocks; pose and velocity in, condition joined to the pooled vector, score out."""

    def __init__(self, actions: int) -> None:
        super().__init__()
        self.backbone = StGcnBackbone(adjacency(), INPUT_CHANNELS, BLOCKS)
        self.out = nn.Linear(self.backbone.width + actions + 1, 1)

    def forward(self, pose: Tensor, velocity: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """(N,) scores; a missing joint is zero."""
        joints = torch.cat([pose, velocity], dim=-1) * mask[..., None]
        vector = torch.cat([self.backbone(joints.permute(0, 3, 1, 2)), condition], dim=1)
        return MARK_CENTRE + MARK_SCALE * self.out(vector)[:, 0]


class _Block(nn.Module):
    """(N, C, V, L): graph convolution, temporal convolution of each joint, residual."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.spatial = nn.Conv2d(width_in, width_out, 1)
        self.spatial_norm = nn.BatchNorm2d(width_out)
        kernel = (1, TEMPORAL_KERNEL)
        self.temporal = nn.Conv2d(width_out, width_out, kernel, stride=(1, stride), padding=(0, TEMPORAL_KERNEL // 2))
        self.temporal_norm = nn.BatchNorm2d(width_out)
        same = width_in == width_out and stride == 1
        self.residual = nn.Identity() if same else nn.Conv2d(width_in, width_out, 1, stride=(1, stride))

    def forward(self, joints: Tensor, graph: Tensor) -> Tensor:
        mixed = torch.einsum("uv,ncvl->ncul", graph, self.spatial(joints))
        hidden = functional.relu(self.spatial_norm(mixed))
        return functional.relu(self.temporal_norm(self.temporal(hidden)) + self.residual(joints))


def fit_st_gcn(
    training: TrialSet, *, epochs: int, batch: int, learning_rate: float, seed: int, device: torch.device
) -> StGcn:
    """Trained by squared error on the same rows with the same augmentation."""
    torch.manual_seed(seed)
    network = StGcn(len(training.action_names)).to(device)
    data, rng = TensorSet(training, device), np.random.default_rng(seed)
    generator = torch.Generator(device).manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=0.02)
    steps = epochs * -(-len(data) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=learning_rate, total_steps=steps, pct_start=RISING_SHARE
    )
    for _ in range(epochs):
        order = rng.permutation(len(data))
        for begin in range(0, len(order), batch):
            rows = order[begin : begin + batch]
            seen = augment(data.batch(rows), generator=generator)
            score = network(seen.pose, seen.velocity, seen.mask, seen.condition)
            loss = functional.mse_loss(score / POINTS_PER_UNIT, data.marks(rows, seen.bounds).total / POINTS_PER_UNIT)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
            optimiser.step()
            schedule.step()
    return network


def predict_st_gcn(network: StGcn, trials: TrialSet, *, batch: int = 128) -> np.ndarray:
    """(N,) scores, clipped to 0..100."""
    data = TensorSet(trials, next(network.parameters()).device)
    network.eval()
    parts = []
    with torch.inference_mode():
        for begin in range(0, len(data), batch):
            seen = data.batch(np.arange(begin, min(begin + batch, len(data))))
            parts.append(network(seen.pose, seen.velocity, seen.mask, seen.condition).clamp(0.0, 100.0))
    return np.asarray(torch.cat(parts).double().cpu().numpy())
