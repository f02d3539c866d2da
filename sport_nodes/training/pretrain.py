"""Self-supervised pre-training by ranking consistency: without a mark, a movement ranks above itself done worse."""

from __future__ import annotations

import logging
from typing import Final

import numpy as np
import torch
from torch import Tensor

from sport_nodes.scoring.features import VELOCITY_SCALE_S
from sport_nodes.scoring.network import ScoringNetwork
from sport_nodes.skeleton import INDEX, JOINT_COUNT, LIMBS
from sport_nodes.training.augmentation import Batch, augment
from sport_nodes.training.batches import TensorSet
from sport_nodes.training.loop import LARGEST_GRADIENT
from sport_nodes.training.losses import POINTS_PER_UNIT

log = logging.getLogger(__name__)

#: It pays with fewer marked movements than this and as many without marks (docs/scorer.md has what was measured).
FEW_MARKED: Final = 1_200
STEPS: Final = 300
BATCH: Final = 32
LEARNING_RATE: Final = 2e-3
#: What a movement done as badly as possible here suffers: a limb is late by this share of the movement, ...
LARGEST_DELAY: Final = 0.10
#: ... moves by so much less, ...
LARGEST_SHRINKAGE: Final = 0.5
#: ... and every joint trembles by this many trunk lengths.
LARGEST_TREMOR: Final = 0.05
#: Probability that a limb is one of those that are late, or small.
LIMB_PROBABILITY: Final = 0.4
#: Frames between two independent places of the tremor.
TREMOR_FRAMES: Final = 6
#: Points between the movement as it is and its worst form.
FULL_MARGIN_POINTS: Final = 20.0
#: Points over which an order counts as clear.
ORDER_SOFTNESS_POINTS: Final = 5.0
_PROGRESS_EVERY: Final = 50


def pretrain(network: ScoringNetwork, data: TensorSet, *, seed: int, steps: int = STEPS) -> None:
    """Train on movements without their marks, in place: worse forms rank lower, and two views agree on the order.

    The network takes its input statistics from them.
    """
    network.set_input_statistics(*data.input_statistics())
    torch.manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=LEARNING_RATE, total_steps=steps)
    generator = torch.Generator(next(network.parameters()).device).manual_seed(seed)
    rng = np.random.default_rng(seed)
    network.train()
    order = np.empty(0, dtype=np.intp)
    for step in range(1, steps + 1):
        if len(order) < BATCH:
            order = np.concatenate([order, rng.permutation(len(data))])
        rows, order = order[:BATCH], order[BATCH:]
        loss = ranking_consistency_loss(network, data.batch(rows), generator=generator)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        schedule.step()
        if step % _PROGRESS_EVERY == 0:
            log.info("pre-training step %d of %d: loss %.3f", step, steps, float(loss.detach()))


def ranking_consistency_loss(network: ScoringNetwork, batch: Batch, *, generator: torch.Generator) -> Tensor:
    """What the order of a movement and its worse forms falls short, in units of ten points, and what two augmented
    views differ in about the order of movements of one action."""
    n = len(batch.pose)
    strength = torch.rand(2, n, generator=generator, device=generator.device)
    worse, worst = strength.min(dim=0).values, strength.max(dim=0).values
    views = [
        augment(batch, generator=generator),
        augment(batch, generator=generator),
        augment(degraded(batch, worse, generator=generator), generator=generator),
        augment(degraded(batch, worst, generator=generator), generator=generator),
    ]
    joined = (torch.cat([getattr(v, k) for v in views]) for k in ("pose", "velocity", "mask", "condition"))
    first, second, lower, lowest = network(*joined).score.reshape(4, n) / POINTS_PER_UNIT
    margin = FULL_MARGIN_POINTS / POINTS_PER_UNIT
    above = torch.relu(margin * worse - (first - lower)) + torch.relu(margin * (worst - worse) - (lower - lowest))
    kind = batch.condition[:, :-1]
    same = (kind @ kind.T) > 0
    soft = ORDER_SOFTNESS_POINTS / POINTS_PER_UNIT
    orders = [torch.sigmoid((s[:, None] - s[None]) / soft) for s in (first, second)]
    disagreement = ((orders[0] - orders[1]).square() * same).sum() / same.sum()
    return above.mean() + disagreement


def degraded(batch: Batch, strength: Tensor, *, generator: torch.Generator) -> Batch:
    """Limbs that are late and move less, and a tremor; strength (N,) 0 to 1. Velocities follow; boundaries stay."""
    n, _, length, _ = batch.pose.shape
    late, small = _limbs(n, generator), _limbs(n, generator)
    delay = (late * strength[:, None] * LARGEST_DELAY * length).round().long()
    frame = torch.arange(length, device=delay.device)
    source = (frame - delay[..., None]).clamp_min(0)

    def delayed(values: Tensor) -> Tensor:
        return values.gather(2, source[..., None].expand(-1, -1, -1, values.shape[-1]))

    there = delayed(batch.mask[..., None])
    pose, velocity = delayed(batch.pose), delayed(batch.velocity)
    factor = (1.0 - small * strength[:, None] * LARGEST_SHRINKAGE)[..., None, None]
    middle = pose.sum(dim=2, keepdim=True) / there.sum(dim=2, keepdim=True).clamp_min(1.0)
    trunk = velocity.mean(dim=1, keepdim=True)
    pose = middle + factor * (pose - middle)
    velocity = trunk + factor * (velocity - trunk)
    knots = torch.randn(n, JOINT_COUNT * 3, length // TREMOR_FRAMES, generator=generator, device=delay.device)
    tremor = torch.nn.functional.interpolate(knots, size=length, mode="linear", align_corners=True)
    tremor = (
        tremor.reshape(n, JOINT_COUNT, 3, length).transpose(2, 3) * (LARGEST_TREMOR * strength)[:, None, None, None]
    )
    step_s = (2.0 ** (batch.condition[:, -1] + 1.0) / (length - 1))[:, None, None, None]
    slope = torch.gradient(tremor, dim=2)[0] / step_s * VELOCITY_SCALE_S
    return Batch((pose + tremor) * there, (velocity + slope) * there, there[..., 0], batch.condition, batch.bounds)


def _limbs(count: int, generator: torch.Generator) -> Tensor:
    """(N, 17) 1 for the joints of each sample's drawn limbs."""
    members = torch.zeros(len(LIMBS), JOINT_COUNT, device=generator.device)
    for row, names in enumerate(LIMBS.values()):
        members[row, [INDEX[name] for name in names]] = 1.0
    drawn = torch.rand(count, len(LIMBS), generator=generator, device=generator.device) < LIMB_PROBABILITY
    return (drawn.float() @ members).clamp_max(1.0)
