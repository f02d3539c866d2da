"""Augmentation of a batch of prepared movements, in plain torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from sport_nodes.scoring.features import VELOCITY_SCALE_S
from sport_nodes.skeleton import INDEX, JOINT_COUNT, MIRROR_INDEX, TRUNK_JOINTS

#: Each of the founding paper's three augmentations happens with this probability (section 4).
PROBABILITY: Final = 0.5
JOINT_NOISE: Final = 0.02  # trunk lengths, the paper's section 4
#: The paper turns by up to 30 degrees. Here the heading is taken out beforehand; what is left is the error in it.
HEADING_ERROR_DEG: Final = 5.0
LARGEST_TILT_DEG: Final = 6.0
#: Time is warped by at most this share of the movement.
LARGEST_WARP: Final = 0.05
#: A dead joint (up to LARGEST_DEAD of them), and a hidden stretch of some joints.
DEAD_PROBABILITY: Final = 0.35
LARGEST_DEAD: Final = 3


@dataclass(frozen=True)
class Batch:
    """pose, velocity (N, 17, L, 3), mask (N, 17, L), condition (N, actions + 1), bounds (N, 3) as shares."""

    pose: Tensor
    velocity: Tensor
    mask: Tensor
    condition: Tensor
    bounds: Tensor


def augment(batch: Batch, *, generator: torch.Generator) -> Batch:
    """Time warp, noise, turn and tilt, mirroring, missing joints: each sample by its own draw."""
    batch = _warp_time(batch, generator)
    batch = _turn_and_tilt(batch, generator)
    batch = _noise(batch, generator)
    batch = _mirror(batch, generator)
    return _lose_joints(batch, generator)


def _chosen(count: int, probability: float, generator: torch.Generator) -> Tensor:
    return _uniform(count, generator=generator) < probability


def _uniform(*shape: int, generator: torch.Generator) -> Tensor:
    """0 to 1, on the generator's device."""
    return torch.rand(*shape, generator=generator, device=generator.device)


def _warp_time(batch: Batch, generator: torch.Generator) -> Batch:
    """A smooth warp phase + a sin(pi phase) + b sin(2 pi phase); boundaries move with it, speeds follow its slope."""
    n, _, length, _ = batch.pose.shape
    chosen = _chosen(n, PROBABILITY, generator)[:, None].float()
    size = (_uniform(n, 2, generator=generator) * 2.0 - 1.0) * LARGEST_WARP * chosen
    phase = torch.linspace(0.0, 1.0, length, device=size.device)
    waves = torch.stack([torch.sin(torch.pi * phase), torch.sin(2.0 * torch.pi * phase)])
    source = phase + size @ waves
    position = (source * (length - 1)).clamp(0.0, length - 1.0)
    before = position.floor().long().clamp(max=length - 2)
    share = position - before
    slope = torch.gradient(source, spacing=1.0 / (length - 1), dim=1)[0]

    def sample(values: Tensor) -> Tensor:
        index = before[:, None, :, None].expand(-1, JOINT_COUNT, -1, values.shape[-1])
        weight = share[:, None, :, None]
        return values.gather(2, index) * (1.0 - weight) + values.gather(2, index + 1) * weight

    # The warped time at which the source's boundary is reached.
    bounds = torch.searchsorted(source.contiguous(), batch.bounds.contiguous())
    mask = (sample(batch.mask[..., None])[..., 0] > 0.999).float()
    return Batch(
        sample(batch.pose) * mask[..., None],
        sample(batch.velocity) * slope[:, None, :, None] * mask[..., None],
        mask,
        batch.condition,
        torch.where(chosen > 0, bounds / (length - 1), batch.bounds),
    )


def _turn_and_tilt(batch: Batch, generator: torch.Generator) -> Batch:
    n = len(batch.pose)
    chosen = _chosen(n, PROBABILITY, generator).float()
    turn = torch.deg2rad((_uniform(n, generator=generator) * 2 - 1) * HEADING_ERROR_DEG) * chosen
    tilt = torch.deg2rad((_uniform(n, 2, generator=generator) * 2 - 1) * LARGEST_TILT_DEG) * chosen[:, None]
    zeros = torch.zeros_like(turn)
    generators = torch.stack(
        [zeros, -turn, tilt[:, 0], turn, zeros, -tilt[:, 1], -tilt[:, 0], tilt[:, 1], zeros], dim=1
    )
    rotation = torch.matrix_exp(generators.reshape(n, 3, 3))

    def rotated(values: Tensor) -> Tensor:
        return torch.einsum("nab,nvlb->nvla", rotation, values)

    return Batch(rotated(batch.pose), rotated(batch.velocity), batch.mask, batch.condition, batch.bounds)


def _noise(batch: Batch, generator: torch.Generator) -> Batch:
    """Smooth joint noise; its slope in time goes into the velocity."""
    n, v, length, _ = batch.pose.shape
    chosen = _chosen(n, PROBABILITY, generator)[:, None, None, None].float()
    knots = torch.randn(n, v * 3, length // 6 + 2, generator=generator, device=generator.device) * JOINT_NOISE
    noise = torch.nn.functional.interpolate(knots, size=length, mode="linear", align_corners=True)
    noise = noise.reshape(n, v, 3, length).transpose(2, 3) * chosen
    duration_s = 2.0 ** (batch.condition[:, -1] + 1.0)
    step_s = (duration_s / (length - 1))[:, None, None, None]
    slope = torch.gradient(noise, dim=2)[0] / step_s * VELOCITY_SCALE_S
    there = batch.mask[..., None]
    return Batch(batch.pose + noise * there, batch.velocity + slope * there, batch.mask, batch.condition, batch.bounds)


def _mirror(batch: Batch, generator: torch.Generator) -> Batch:
    """Left becomes right: joints swap and y changes sign. The marks stay."""
    chosen = _chosen(len(batch.pose), PROBABILITY, generator)
    order = torch.tensor(MIRROR_INDEX, device=batch.pose.device)
    flip = torch.tensor([1.0, -1.0, 1.0], device=batch.pose.device)

    def mirrored(values: Tensor) -> Tensor:
        return torch.where(chosen[:, None, None, None], values[:, order] * flip, values)

    mask = torch.where(chosen[:, None, None], batch.mask[:, order], batch.mask)
    return Batch(mirrored(batch.pose), mirrored(batch.velocity), mask, batch.condition, batch.bounds)


def _lose_joints(batch: Batch, generator: torch.Generator) -> Batch:
    """Up to LARGEST_DEAD joints are dead all along, or hide for a while. Trunk corners die too, but one at most."""
    n, joints, length = batch.mask.shape
    device = batch.mask.device
    trunk = torch.zeros(joints, dtype=torch.bool, device=device)
    trunk[[INDEX[name] for name in TRUNK_JOINTS]] = True
    count = torch.randint(1, LARGEST_DEAD + 1, (n, 1), generator=generator, device=device)
    rank = _uniform(n, joints, generator=generator).argsort(dim=1).argsort(dim=1)
    first_of_trunk = rank == torch.where(trunk, rank, joints).min(dim=1, keepdim=True).values
    lost = (rank < count) & (~trunk | first_of_trunk) & _chosen(n, DEAD_PROBABILITY, generator)[:, None]
    dead = _uniform(n, joints, generator=generator) < 0.5
    begin = (_uniform(n, joints, generator=generator) * length).long()
    frame = torch.arange(length, device=device)
    hidden = (frame >= begin[..., None]) & (frame < begin[..., None] + length // 3)
    mask = batch.mask * ~(lost[..., None] & (dead[..., None] | hidden))
    there = mask[..., None]
    return Batch(batch.pose * there, batch.velocity * there, mask, batch.condition, batch.bounds)
