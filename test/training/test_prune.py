from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")
pytest.importorskip("onnx", reason="onnx is not installed (pip install .[train])")

from sport_nodes.actions import action_names  # noqa: E402
from sport_nodes.scoring.backends import INPUTS, JOINT_FEATURE, OUTPUTS, OnnxRuntimeBackend  # noqa: E402
from sport_nodes.scoring.golden import golden_inputs  # noqa: E402
from sport_nodes.scoring.network import ABLATIONS, ExportedNetwork, NetworkConfig, ScoringNetwork  # noqa: E402
from sport_nodes.training import ablation  # noqa: E402
from sport_nodes.training.ablation import VARIANTS, ablation_rows, ablation_table  # noqa: E402
from sport_nodes.training.config import TrainConfig  # noqa: E402
from sport_nodes.training.onnx_network import network_graph  # noqa: E402
from sport_nodes.training.prune import pruned  # noqa: E402
from sport_nodes.training.st_gcn import StGcn  # noqa: E402

BLOCKS = ((16, 1), (32, 2))


def network(**changes):
    """Random weights, and batch norms that have seen something."""
    torch.manual_seed(5)
    made = ScoringNetwork(replace(NetworkConfig(actions=action_names(), blocks=BLOCKS), **changes))
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim == 1 or not parameter.any():
                parameter.add_(0.1 * torch.randn_like(parameter))
        for _ in range(40):
            made(*tensors())
    return made.eval()


def tensors():
    return [torch.from_numpy(golden_inputs(len(action_names()))[name]) for name in INPUTS]


@pytest.mark.parametrize("module", ["", *ABLATIONS.values(), "bias_correction"])
def test_the_exported_graph_is_the_network_without_any_of_its_modules(module, tmp_path):
    made = network(**({module: False} if module else {}))
    path = tmp_path / "scorer.onnx"
    path.write_bytes(network_graph(made).SerializeToString())
    rng = np.random.default_rng(0)
    inputs = {name: rng.standard_normal((2, *v.shape[1:])).astype(np.float32) for name, v in golden_inputs(4).items()}
    inputs["mask"] = (rng.random(inputs["mask"].shape) > 0.2).astype(np.float32)
    there = OnnxRuntimeBackend(path).run(inputs)
    # In double precision: an empty stage is the difference of two equal sigmoids, which single precision makes noise.
    with torch.inference_mode():
        here = ExportedNetwork(made).double()(*(torch.from_numpy(inputs[name]).double() for name in INPUTS))
    for name, values in zip((*OUTPUTS, JOINT_FEATURE), here, strict=True):
        np.testing.assert_allclose(there[name], values.numpy(), atol=1e-3, err_msg=name)


def test_pruning_nothing_changes_nothing():
    made = network()
    for one, other in zip(made(*tensors()), pruned(made, (16, 32)).eval()(*tensors()), strict=False):
        torch.testing.assert_close(one, other)


@torch.no_grad()
def test_channels_that_do_nothing_are_the_ones_that_go():
    made = network()
    dead = {0: [1, 4, 9, 15], 1: [0, 3, 7, 8, 20, 21, 30, 31]}
    for index, channels in dead.items():
        block = made.blocks[index]
        for tensor in (block.graph.norm.weight, block.graph.norm.bias, block.temporal.join.weight):
            tensor[channels] = 0.0
        block.temporal.join.bias[channels] = 0.0
        if index == 0:
            made.condition_blocks.weight[channels] = made.condition_blocks.bias[channels] = 0.0
        # As many channels of each branch as go must be idle too.
        begin = 0
        for branch in block.temporal.branches:
            idle = slice(begin, begin + len(channels) // 4)
            block.temporal.norm.weight[idle] = block.temporal.norm.bias[idle] = 0.0
            begin += branch.out_channels
    narrow = pruned(made, (12, 24)).eval()
    assert sum(p.numel() for p in narrow.parameters()) < sum(p.numel() for p in made.parameters())
    before, after = made(*tensors()), narrow(*tensors())
    torch.testing.assert_close(after.score, before.score, atol=1e-3, rtol=0.0)
    torch.testing.assert_close(after.bounds, before.bounds, atol=1e-5, rtol=0.0)


def test_widths_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="multiples of 4"):
        pruned(network(), (16, 34))


def test_st_gcn_convolves_as_its_equation_says():
    torch.manual_seed(0)
    plain = StGcn(4).eval()
    block = plain.backbone.blocks[0]
    joints = torch.randn(1, 6, 17, 12)
    mixed = torch.zeros(1, 64, 17, 12)
    inside = block.spatial(joints)
    for u in range(17):
        for v in range(17):
            mixed[:, :, u] += plain.backbone.graph[u, v] * inside[:, :, v]
    hidden = torch.relu(block.spatial_norm(mixed))
    expected = torch.relu(block.temporal_norm(block.temporal(hidden)) + block.residual(joints))
    torch.testing.assert_close(block(joints, plain.backbone.graph), expected, atol=1e-5, rtol=1e-4)
    assert plain(*tensors()).shape == (4,)


def test_the_ablation_table_compares_seed_by_seed():
    def row(variant, seed, mae):
        return {"variant": variant, "seed": seed, "mae": mae, "rmse": 1.0, "srcc": 0.9, "acc5": 0.5, "acc10": 0.8}

    rows = [row("whole", 1, 3.0), row("whole", 2, 5.0), row("A", 1, 3.5), row("A", 2, 5.1), row("B", 1, 2.9)]
    table = {line["variant"]: line for line in ablation_table(rows)}
    assert table["A"]["mae_loss"] == pytest.approx(0.3)
    assert table["A"]["pays"]
    assert table["B"]["seeds"] == 1
    assert not table["B"]["pays"]
    assert set(table) <= set(VARIANTS)


def test_an_ablation_that_was_stopped_goes_on(tmp_path, monkeypatch):
    trained = []

    def train(variant, parts, config):
        trained.append((variant, config.seed))
        if len(trained) == 4:
            raise KeyboardInterrupt
        return {"variant": variant, "seed": config.seed, "mae": float(len(trained))}

    monkeypatch.setattr(ablation, "ablation_row", train)
    config = TrainConfig(seed=5, run_directory=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        list(ablation_rows(None, config, seeds=1))
    first = list(ablation_rows(None, config, seeds=1))
    assert [row["mae"] for row in first[:3]] == [1.0, 2.0, 3.0]
    assert list(ablation_rows(None, config, seeds=2))[: len(VARIANTS)] == first
    assert len(trained) == 2 * len(VARIANTS) + 1
