import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")

from sport_nodes.scoring.network import (  # noqa: E402
    ABLATIONS,
    LARGEST_BIAS,
    STAGE_EDGE,
    NetworkConfig,
    ScoringNetwork,
    soft_stages,
)
from sport_nodes.skeleton import JOINT_COUNT, LIMBS  # noqa: E402

SMALL = ((8, 1), (16, 2))
ACTIONS = ("a", "b", "c", "d")


def inputs(count=3, length=40):
    torch.manual_seed(1)
    condition = torch.cat([torch.eye(4)[:count], torch.zeros(count, 1)], dim=1)
    return (
        torch.randn(count, JOINT_COUNT, length, 3),
        torch.randn(count, JOINT_COUNT, length, 3),
        torch.ones(count, JOINT_COUNT, length),
        condition,
    )


def test_blocks_are_the_papers():
    network = ScoringNetwork(NetworkConfig(actions=ACTIONS))
    widths = [block.graph.weight.out_features for block in network.blocks]
    assert widths == [64, 64, 128, 128, 256, 256]
    assert [block.stride for block in network.blocks] == [1, 1, 2, 1, 2, 1]
    learned = [block.graph.learned_edges for block in network.blocks]
    assert sum(edges.numel() for edges in learned) == 1734
    assert all(not edges.any() for edges in learned)


@pytest.mark.parametrize("module", [*ABLATIONS.values(), "bias_correction"])
def test_each_module_can_be_left_out(module):
    torch.manual_seed(0)
    whole = ScoringNetwork(NetworkConfig(actions=ACTIONS, blocks=SMALL))
    without = ScoringNetwork(NetworkConfig(**{"actions": ACTIONS, "blocks": SMALL, module: False}))
    count = [sum(p.numel() for p in network.parameters()) for network in (whole, without)]
    assert count[1] < count[0]
    out = without.eval()(*inputs())
    assert torch.isfinite(out.score).all()
    torch.testing.assert_close(out.joint_importance.sum(dim=1), torch.ones(3))
    torch.testing.assert_close(out.frame_importance.sum(dim=1), torch.ones(3))


def test_score_is_whole_plus_bias_plus_mean_of_stages():
    network = ScoringNetwork(NetworkConfig(actions=ACTIONS, blocks=SMALL)).eval()
    out = network(*inputs())
    weight, offset = network.whole.weight[0].detach().numpy(), network.whole.bias.item()
    own = 15.0 * (out.vector.detach().numpy() @ weight + offset)
    expected = own + out.bias.detach().numpy() + out.stages.detach().numpy().mean(axis=1)
    np.testing.assert_allclose(out.score.detach().numpy(), expected, rtol=1e-5)


def test_bias_stays_within_ten_points():
    network = ScoringNetwork(NetworkConfig(actions=ACTIONS, blocks=SMALL)).eval()
    with torch.no_grad():
        network.bias.weight.mul_(1e4)
    bias = network(*inputs()).bias
    assert bias.abs().max() <= LARGEST_BIAS
    assert bias.abs().max() > 0.9 * LARGEST_BIAS


def test_boundaries_rise_within_the_movement_and_can_be_learned():
    network = ScoringNetwork(NetworkConfig(actions=ACTIONS, blocks=SMALL))
    optimiser = torch.optim.Adam(network.stages.parameters(), lr=1e-2)
    wanted = torch.tensor([0.2, 0.5, 0.9])
    for _ in range(150):
        bounds = network(*inputs()).bounds
        loss = (bounds - wanted).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (bounds.diff(dim=1) >= 0).all()
    assert ((bounds >= 0) & (bounds <= 1)).all()
    np.testing.assert_allclose(bounds.detach().numpy(), np.tile(wanted, (3, 1)), atol=0.05)


def test_marks_of_a_stage_move_its_boundaries():
    network = ScoringNetwork(NetworkConfig(actions=ACTIONS, blocks=SMALL))
    network(*inputs()).stages.sum().backward()
    assert network.stages.boundaries[0].weight.grad.abs().sum() > 0


def test_soft_stages_share_every_frame():
    phase = torch.linspace(0, 1, 101)
    share = soft_stages(torch.tensor([[0.25, 0.5, 0.75]]), phase)[0]
    torch.testing.assert_close(share.sum(dim=0), torch.ones(101))
    inside = (phase > 0.5 + 5 * STAGE_EDGE) & (phase < 0.75 - 5 * STAGE_EDGE)
    assert (share[2, inside] > 0.98).all()
    assert (share[[0, 1, 3]][:, inside] < 0.01).all()


def test_a_missing_joints_values_do_not_matter():
    network = ScoringNetwork(NetworkConfig(actions=ACTIONS, blocks=SMALL)).eval()
    pose, velocity, mask, condition = inputs()
    mask[:, 9] = 0.0
    before = network(pose, velocity, mask, condition).score
    pose[:, 9], velocity[:, 9] = 1e3, -1e3
    torch.testing.assert_close(network(pose, velocity, mask, condition).score, before)


def test_a_limbs_joints_share_its_weight():
    network = ScoringNetwork(NetworkConfig(actions=ACTIONS, blocks=SMALL)).eval()
    arguments = inputs()
    out = network(*arguments)
    assert (out.joint_importance >= 0).all()
    assert sum(len(names) for names in LIMBS.values()) == JOINT_COUNT
