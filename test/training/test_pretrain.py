"""Learning the order of movements without marks: worse forms are movements, and the network ranks unseen ones right."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")

from sport_nodes.actions import action_names  # noqa: E402
from sport_nodes.scoring.features import VELOCITY_SCALE_S  # noqa: E402
from sport_nodes.scoring.network import NetworkConfig, ScoringNetwork  # noqa: E402
from sport_nodes.training import pretrain as module  # noqa: E402
from sport_nodes.training.augmentation import Batch  # noqa: E402
from sport_nodes.training.batches import TensorSet  # noqa: E402
from sport_nodes.training.pretrain import degraded, pretrain  # noqa: E402

LENGTH = 60
#: 2 to the power of it is the duration in units of half a second.
TEMPO = 1.0
STEP_S = 2.0 ** (TEMPO + 1.0) / (LENGTH - 1)


def swings(count, seed=0):
    """Joints that begin and end at rest, as many to one side as to the other; one of them is never there."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0.0, 1.0, LENGTH)
    size = rng.uniform(0.5, 1.5, (count, 17, 1, 3)) * rng.choice([-1.0, 1.0], (count, 17, 1, 3))
    size -= size[:, :16].mean(axis=1, keepdims=True)
    size[:, 16] = 0.0
    pose = size * (0.5 - 0.5 * np.cos(2.0 * np.pi * phase) ** 3)[:, None]
    velocity = np.gradient(pose, axis=2) / STEP_S * VELOCITY_SCALE_S
    mask = np.ones((count, 17, LENGTH))
    mask[:, 16] = 0.0
    condition = np.concatenate([np.eye(4)[np.arange(count) % 4], np.full((count, 1), TEMPO)], axis=1)
    bounds = np.tile([0.25, 0.5, 0.75], (count, 1))
    return Batch(*(torch.from_numpy(a).float() for a in (pose, velocity, mask, condition, bounds)))


def generator():
    return torch.Generator().manual_seed(1)


def test_the_mildest_form_is_the_movement_itself():
    batch = swings(8)
    same = degraded(batch, torch.zeros(8), generator=generator())
    torch.testing.assert_close(same.pose, batch.pose)
    torch.testing.assert_close(same.velocity, batch.velocity)


def test_a_worse_form_differs_and_its_velocity_is_still_that_of_its_positions():
    batch = swings(64)
    worse = degraded(batch, torch.ones(64), generator=generator())
    assert (worse.pose - batch.pose).abs().amax(dim=(1, 2, 3)).min() > 0.02
    slope = torch.gradient(worse.pose, dim=2)[0] / STEP_S * VELOCITY_SCALE_S
    inner = slice(2, -2)
    error = (slope - worse.velocity)[:, :16, inner]
    assert error.square().mean() < 0.01 * slope[:, :16, inner].square().mean()


def test_a_joint_that_is_not_there_stays_away():
    worse = degraded(swings(8), torch.ones(8), generator=generator())
    assert not worse.mask[:, 16].any()
    assert not worse.pose[:, 16].any()
    assert not worse.velocity[:, 16].any()


def test_worse_forms_of_movements_that_were_never_seen_rank_lower(made_up_trials, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 8)
    torch.manual_seed(0)
    network = ScoringNetwork(NetworkConfig(actions=action_names(), blocks=((8, 1), (16, 2))))
    unseen = TensorSet(made_up_trials(7, rows=64)).batch(np.arange(64))
    worst = degraded(unseen, torch.ones(64), generator=generator())

    def right():
        network.eval()
        with torch.inference_mode():
            scores = [network(b.pose, b.velocity, b.mask, b.condition).score for b in (unseen, worst)]
        return float((scores[0] > scores[1]).float().mean())

    pretrain(network, TensorSet(made_up_trials(0)), seed=0, steps=60)
    assert right() > 0.9
