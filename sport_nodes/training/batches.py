"""A trial set as tensors, and the network's opinion of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sport_nodes.scoring.network import ScoringNetwork
from sport_nodes.scoring.scores import GRADE_BOUNDS
from sport_nodes.training.augmentation import Batch
from sport_nodes.training.losses import Marks
from sport_nodes.training.trial_set import TrialSet

Array = NDArray[np.float64]

PREDICTION_BATCH: Final = 128


@dataclass(frozen=True, eq=False)
class Predictions:
    """Per row: score (N,), stages (N, 4) clipped to 0..100, bounds (N, 3), grade probabilities (N, 5)."""

    score: Array
    stages: Array
    bounds: Array
    grade_probabilities: Array


class TensorSet:
    """The rows of a trial set on one device, ready to be drawn."""

    def __init__(self, trials: TrialSet, device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)
        self._pose = torch.from_numpy(trials.pose).to(device)
        self._velocity = torch.from_numpy(trials.velocity).to(device)
        self._mask = torch.from_numpy(trials.mask).to(device)
        kind = torch.nn.functional.one_hot(torch.from_numpy(trials.action), len(trials.action_names)).float()
        self._condition = torch.cat([kind, torch.from_numpy(trials.tempo).float()[:, None]], dim=1).to(device)
        self._total = torch.from_numpy(trials.total).float().to(device)
        self._stages = torch.from_numpy(trials.stages).float().to(device)
        self._bounds = torch.from_numpy(trials.bounds).float().to(device)
        self._grade = torch.bucketize(self._total, torch.tensor(GRADE_BOUNDS, device=device), right=True)
        self._action = torch.from_numpy(trials.action).to(device)

    def __len__(self) -> int:
        return len(self._total)

    def batch(self, rows: NDArray[np.intp]) -> Batch:
        """Inputs of the chosen rows."""
        i = torch.from_numpy(rows).to(self._device)
        return Batch(self._pose[i], self._velocity[i], self._mask[i], self._condition[i], self._bounds[i])

    def marks(self, rows: NDArray[np.intp], bounds: Tensor) -> Marks:
        """Labels of the chosen rows; bounds come from the (augmented) batch."""
        i = torch.from_numpy(rows).to(self._device)
        return Marks(self._total[i], self._stages[i], bounds, self._grade[i], self._action[i])

    def input_statistics(self) -> tuple[Tensor, Tensor]:
        """Mean (17, 6) per joint and channel over the frames that are there, and spread (6,) around it."""
        joints = torch.cat([self._pose, self._velocity], dim=-1)
        weight = self._mask[..., None]
        count = weight.sum(dim=(0, 2)).clamp_min(1.0)
        mean = joints.sum(dim=(0, 2)) / count
        squared = ((joints - mean[:, None]) ** 2 * weight).sum(dim=(0, 1, 2)) / count.sum()
        return mean, squared.sqrt()


def predict(network: ScoringNetwork, trials: TrialSet) -> Predictions:
    """Run the network over every row, in evaluation mode."""
    data = TensorSet(trials, next(network.parameters()).device)
    network.eval()
    parts: list[tuple[Tensor, ...]] = []
    with torch.inference_mode():
        for begin in range(0, len(data), PREDICTION_BATCH):
            batch = data.batch(np.arange(begin, min(begin + PREDICTION_BATCH, len(data))))
            out = network(batch.pose, batch.velocity, batch.mask, batch.condition)
            parts.append(
                (
                    out.score.clamp(0.0, 100.0),
                    out.stages.clamp(0.0, 100.0),
                    out.bounds,
                    torch.softmax(out.grade_logits, dim=1),
                )
            )
    joined = (torch.cat(column).double().cpu().numpy() for column in zip(*parts, strict=True))
    return Predictions(*joined)
