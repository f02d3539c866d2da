"""A plain ST-GCN (Yan et al. 2018) over the Kinect's 22 joints: the peer that is trained in the same run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sport_nodes.training.st_gcn import StGcnBackbone
from sport_nodes.training.uiprmd import PARENTS, Episode
from sport_nodes.training.uiprmd_features import athlete_frame, resample

Array = NDArray[np.float64]

FRAMES: Final = 32
#: Channels and temporal stride of each block: small, so that forty trainings take minutes on a CPU.
BLOCKS: Final = ((16, 1), (32, 2), (48, 2))
DROPOUT: Final = 0.3
EPOCHS: Final = 30
BATCH: Final = 16
LEARNING_RATE: Final = 4e-3
WEIGHT_DECAY: Final = 0.01


class PlainStGcn(nn.Module):
    """(N, 3, V, L) positions to (N,): one log odds or one standardised score."""

    def __init__(self) -> None:
        super().__init__()
        edges = torch.eye(len(PARENTS))
        for joint, parent in enumerate(PARENTS):
            if parent >= 0:
                edges[joint, parent] = edges[parent, joint] = 1.0
        self.backbone = StGcnBackbone(edges, 3, BLOCKS)
        self.out = nn.Linear(self.backbone.width, 1)

    def forward(self, positions: Tensor) -> Tensor:
        return self.out(functional.dropout(self.backbone(positions), DROPOUT, self.training))[:, 0]


def st_gcn_predictions(
    training: Sequence[Episode], targets: Array, test: Sequence[Episode], *, binary: bool, seed: int = 0
) -> Array:
    """(N,) probabilities of 1, or scores, of the test episodes; a fixed number of epochs, so nothing is chosen."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = PlainStGcn()
    inputs = _tensor(training)
    centre, spread = (0.0, 1.0) if binary else (float(targets.mean()), float(targets.std()) or 1.0)
    goals = torch.tensor((targets - centre) / spread, dtype=torch.float32)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batches = max(1, len(inputs) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=LEARNING_RATE, total_steps=EPOCHS * batches)
    loss_of = functional.binary_cross_entropy_with_logits if binary else functional.mse_loss
    for _ in range(EPOCHS):
        for rows in np.array_split(rng.permutation(len(inputs)), batches):
            loss = loss_of(network(inputs[rows]), goals[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        out = network(_tensor(test))
    result = torch.sigmoid(out) if binary else out * spread + centre
    return np.asarray(result.double().numpy())


def _tensor(episodes: Sequence[Episode]) -> Tensor:
    """(N, 3, 22, FRAMES) positions in the athlete's frame, leg lengths."""
    rows = [resample(athlete_frame(e.positions_m), FRAMES).transpose(2, 1, 0) for e in episodes]
    return torch.tensor(np.array(rows), dtype=torch.float32)
