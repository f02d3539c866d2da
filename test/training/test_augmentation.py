import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")

from sport_nodes.scoring.features import VELOCITY_SCALE_S  # noqa: E402
from sport_nodes.skeleton import INDEX, JOINT_COUNT  # noqa: E402
from sport_nodes.training import augmentation  # noqa: E402
from sport_nodes.training.augmentation import Batch, augment  # noqa: E402

LENGTH = 90
DURATION_S = 2.0


@pytest.fixture(autouse=True)
def _always(monkeypatch):
    monkeypatch.setattr(augmentation, "PROBABILITY", 1.0)


def waving(count=4):
    """Joints swing on known sine curves, so velocities are known too."""
    phase = torch.linspace(0.0, 1.0, LENGTH)[None, None, :, None]
    joint = torch.arange(JOINT_COUNT)[None, :, None, None] / 3.0
    axis = torch.arange(3)[None, None, None]
    angle = 2 * torch.pi * phase + joint + axis
    pose = torch.sin(angle).expand(count, -1, -1, -1).clone()
    velocity = torch.cos(angle) * 2 * torch.pi / DURATION_S * VELOCITY_SCALE_S
    condition = torch.zeros(count, 5)
    condition[:, -1] = float(np.log2(DURATION_S / 2.0))
    bounds = torch.tensor([[0.25, 0.5, 0.75]]).expand(count, -1).clone()
    return Batch(
        pose, velocity.expand(count, -1, -1, -1).clone(), torch.ones(count, JOINT_COUNT, LENGTH), condition, bounds
    )


def generator():
    return torch.Generator().manual_seed(5)


def derivative(batch):
    return torch.gradient(batch.pose, dim=2)[0] * (LENGTH - 1) / DURATION_S * VELOCITY_SCALE_S


@pytest.mark.parametrize("name", ["_warp_time", "_turn_and_tilt", "_noise", "_mirror"])
def test_velocity_stays_the_derivative_of_the_pose(name):
    changed = getattr(augmentation, name)(waving(), generator())
    assert (changed.pose - waving().pose).abs().max() > 0.01
    inner = slice(2, -2)
    error = (derivative(changed) - changed.velocity)[:, :, inner]
    assert error.abs().mean() < 0.02


def test_boundaries_move_with_the_warp():
    batch = waving()
    # A ramp shows the source time of every warped frame.
    ramp = torch.linspace(0.0, 1.0, LENGTH)[None, None, :, None].expand_as(batch.pose)
    warped = augmentation._warp_time(
        Batch(ramp, batch.velocity, batch.mask, batch.condition, batch.bounds), generator()
    )
    for sample in range(4):
        source = warped.pose[sample, 0, :, 0].numpy()
        at = np.interp(warped.bounds[sample].numpy(), np.linspace(0, 1, LENGTH), source)
        np.testing.assert_allclose(at, [0.25, 0.5, 0.75], atol=0.015)


def test_turning_keeps_lengths():
    turned = augmentation._turn_and_tilt(waving(), generator())
    torch.testing.assert_close(turned.pose.norm(dim=-1), waving().pose.norm(dim=-1))


def test_mirroring_twice_is_nothing():
    once = augmentation._mirror(waving(), generator())
    left, right = INDEX["left_wrist"], INDEX["right_wrist"]
    torch.testing.assert_close(once.pose[:, left, :, 0], waving().pose[:, right, :, 0])
    torch.testing.assert_close(once.pose[:, left, :, 1], -waving().pose[:, right, :, 1])
    torch.testing.assert_close(augmentation._mirror(once, generator()).pose, waving().pose)


def test_lost_joints_are_zero_and_one_trunk_corner_at_most(monkeypatch):
    monkeypatch.setattr(augmentation, "DEAD_PROBABILITY", 1.0)
    batch = augmentation._lose_joints(waving(64), generator())
    lost = batch.mask == 0
    assert lost.any()
    assert not batch.pose[lost].any()
    trunk = [INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "hip")]
    assert lost[:, trunk].any(dim=2).sum(dim=1).max() == 1
    assert 1 <= lost.any(dim=2).sum(dim=1).max() <= 3


def test_a_seed_gives_the_same_batch():
    torch.testing.assert_close(
        augment(waving(), generator=generator()).pose, augment(waving(), generator=generator()).pose
    )
