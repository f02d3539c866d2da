"""The founding paper's training loss (section 4), in units of ten points unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from sport_nodes.scoring.network import NetworkOutput

#: Points in one unit of the squared error: ten points off cost as much as one misplaced grade.
POINTS_PER_UNIT: Final = 10.0
RANKING_MARGIN_POINTS: Final = 1.0  # the paper's margin
CONTRAST_MARGIN: Final = 1.0  # the paper's margin
CONTRAST_DELTA_POINTS: Final = 5.0  # the paper's delta: nearer marks than this are "alike"
CONTRAST_WEIGHT: Final = 0.1  # the paper's weight
RANKING_WEIGHT: Final = 0.5  # lambda 1 of the paper once warm
RANKING_WARM_UP_EPOCHS: Final = 5.0  # the paper's warm-up
SMOOTHNESS_WEIGHT: Final = 0.2  # lambda 2 of the paper at the start
SMOOTHNESS_DECAY: Final = 0.9  # per ten epochs, the paper's section 4
#: The paper gives no weights for these three, which need labels that only some data sets have.
STAGE_WEIGHT: Final = 1.0
GRADE_WEIGHT: Final = 0.2
BOUNDARY_WEIGHT: Final = 20.0


@dataclass(frozen=True)
class Marks:
    """Labels: total (N,), stages (N, 4) in points, bounds (N, 3) as shares, grade (N,) index, action (N,) index."""

    total: Tensor
    stages: Tensor
    bounds: Tensor
    grade: Tensor
    action: Tensor


def training_loss(output: NetworkOutput, marks: Marks, *, epoch: float) -> dict[str, Tensor]:
    """Every term with its weight applied, and their sum as `loss`. epoch: counted in the paper's epochs."""
    terms = {
        "mse": functional.mse_loss(output.score / POINTS_PER_UNIT, marks.total / POINTS_PER_UNIT),
        "ranking": ranking_weight(epoch) * ranking_loss(output.score, marks.total, marks.action),
        "smoothness": smoothness_weight(epoch) * smoothness_loss(output, marks.stages),
        "contrast": CONTRAST_WEIGHT * contrast_loss(output.vector, marks.total, marks.action),
        "stages": STAGE_WEIGHT * functional.mse_loss(output.stages / POINTS_PER_UNIT, marks.stages / POINTS_PER_UNIT),
        "grade": GRADE_WEIGHT * functional.cross_entropy(output.grade_logits, marks.grade),
        "boundary": BOUNDARY_WEIGHT * functional.mse_loss(output.bounds, marks.bounds),
    }
    terms["loss"] = torch.stack(list(terms.values())).sum()
    return terms


def ranking_weight(epoch: float) -> float:
    """Warms up to RANKING_WEIGHT over RANKING_WARM_UP_EPOCHS."""
    return RANKING_WEIGHT * min(1.0, epoch / RANKING_WARM_UP_EPOCHS)


def smoothness_weight(epoch: float) -> float:
    """0.2 x 0.9^(epoch / 10)."""
    return float(SMOOTHNESS_WEIGHT * SMOOTHNESS_DECAY ** (epoch / 10.0))


def ranking_loss(score: Tensor, total: Tensor, action: Tensor) -> Tensor:
    """Mean over pairs of one action whose marks differ by more than the margin of max(0, margin - (s_i - s_j)).

    In units of ten points, like everything else.
    """
    better = (total[:, None] - total[None] > RANKING_MARGIN_POINTS) & (action[:, None] == action[None])
    short = functional.relu(RANKING_MARGIN_POINTS - (score[:, None] - score[None])) / POINTS_PER_UNIT
    return (short * better).sum() / better.sum().clamp_min(1)


def smoothness_loss(output: NetworkOutput, stages: Tensor) -> Tensor:
    """Adjacent stages, and frames, that differ.

    The paper pulls adjacent stages together. Where their marks are known to differ that would be a bias, so it is the
    error in the step between stages that costs, not the step.
    """
    step_error = (output.stages - stages).diff(dim=1) / POINTS_PER_UNIT
    return step_error.square().mean() + output.frames.diff(dim=1).square().mean()


def contrast_loss(vector: Tensor, total: Tensor, action: Tensor) -> Tensor:
    """Triplets of joint vectors: alike marks (within delta) nearer than unlike ones by the margin.

    For each sample the farthest alike and the nearest unlike one of its action in the batch.
    """
    distance = torch.cdist(vector, vector) / vector.shape[1] ** 0.5
    alike = (total[:, None] - total[None]).abs() <= CONTRAST_DELTA_POINTS
    itself = torch.eye(len(total), dtype=torch.bool, device=total.device)
    same = action[:, None] == action[None]
    positive = torch.where(alike & same & ~itself, distance, -torch.inf).max(dim=1).values
    negative = torch.where(~alike & same, distance, torch.inf).min(dim=1).values
    whole = torch.isfinite(positive) & torch.isfinite(negative)
    if not bool(whole.any()):
        return vector.sum() * 0.0
    return functional.relu(positive[whole] - negative[whole] + CONTRAST_MARGIN).mean()
