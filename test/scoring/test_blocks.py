"""Every equation of the network against plain loops in numpy."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")

from sport_nodes.scoring import blocks  # noqa: E402
from sport_nodes.skeleton import EDGES, JOINT_COUNT, LIMBS  # noqa: E402


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def array(tensor):
    return tensor.detach().double().numpy()


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def test_adjacency_is_the_skeleton_with_self_loops():
    matrix = array(blocks.adjacency())
    assert matrix.sum() == JOINT_COUNT + 2 * len(EDGES)
    np.testing.assert_array_equal(matrix, matrix.T)


def test_spatial_attention_is_an_mlp_of_the_pair():
    attention = blocks.SpatialAttention(5)
    joints = torch.randn(2, JOINT_COUNT, 7, 5)
    mean = array(joints).mean(axis=2)
    # The unsplit first layer: one matrix over the concatenation [h_i, h_j].
    first = np.hstack([array(attention.from_i.weight), array(attention.from_j.weight)])
    expected = np.zeros((2, JOINT_COUNT, JOINT_COUNT))
    for n in range(2):
        for i in range(JOINT_COUNT):
            for j in range(JOINT_COUNT):
                pair = np.concatenate([mean[n, i], mean[n, j]])
                hidden = np.maximum(first @ pair + array(attention.from_i.bias), 0.0)
                expected[n, i, j] = sigmoid(array(attention.out.weight)[0] @ hidden + array(attention.out.bias)[0])
    np.testing.assert_allclose(array(attention(joints)), expected, atol=1e-6)


def test_graph_convolution_is_its_equation():
    layer = blocks.GraphConvolution(3, 4, adaptive=True, attention=True).eval()
    with torch.no_grad():
        layer.learned_edges.normal_(0.0, 0.3)
        layer.norm.running_mean.normal_()
        layer.norm.running_var.uniform_(0.5, 2.0)
    joints = torch.randn(2, JOINT_COUNT, 6, 3)
    edges, learned = array(blocks.adjacency()), array(layer.learned_edges)
    root = np.diag(edges.sum(axis=1) ** -0.5)
    masks = array(layer.attention(joints))
    mean, variance = array(layer.norm.running_mean), array(layer.norm.running_var)
    for n in range(2):
        graph = root @ (edges * masks[n] + learned) @ root
        for t in range(6):
            mixed = graph @ array(joints)[n, :, t] @ array(layer.weight.weight).T
            expected = np.maximum((mixed - mean) / np.sqrt(variance + layer.norm.eps), 0.0)
            np.testing.assert_allclose(array(layer(joints))[n, :, t], expected, atol=1e-5)


def test_learned_graph_is_zero_at_the_start():
    layer = blocks.GraphConvolution(3, 4, adaptive=True, attention=False)
    root = array(blocks.adjacency()).sum(axis=1) ** -0.5
    expected = root[:, None] * array(blocks.adjacency()) * root
    np.testing.assert_allclose(array(layer.graph(torch.randn(1, JOINT_COUNT, 4, 3)))[0], expected, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("length", [20, 31])
def test_temporal_aggregation_is_four_dilated_convolutions(stride, length):
    layer = blocks.TemporalAggregation(8, stride=stride, multi_scale=True).eval()
    frames = torch.randn(1, length, 8)
    series = array(frames)[0]
    steps = range(0, length, stride)
    together = []
    for branch, (kernel, dilation) in zip(layer.branches, blocks.TEMPORAL_BRANCHES, strict=True):
        weight, bias = array(branch.weight), array(branch.bias)
        rows = []
        for t in steps:
            value = bias.copy()
            for tap in range(kernel):
                source = t + (tap - kernel // 2) * dilation
                if 0 <= source < length:
                    value += weight[:, :, tap] @ series[source]
            rows.append(value)
        together.append(np.array(rows))
    hidden = np.maximum(np.hstack(together) / np.sqrt(1.0 + layer.norm.eps), 0.0)
    expected = hidden @ array(layer.join.weight)[:, :, 0].T + array(layer.join.bias)
    np.testing.assert_allclose(array(layer(frames))[0], expected, atol=1e-5)


def test_temporal_attention_is_a_softmax_over_frames():
    layer = blocks.TemporalAttention(6)
    frames = torch.randn(2, 9, 6)
    for n in range(2):
        hidden = np.tanh(array(frames)[n] @ array(layer.project.weight).T + array(layer.project.bias))
        expected = softmax(hidden @ array(layer.score.weight)[0])
        np.testing.assert_allclose(array(layer(frames))[n], expected, atol=1e-6)
    assert layer.project.out_features == 64


def test_block_broadcasts_the_aggregate_back_and_weighs_frames():
    block = blocks.SpatioTemporalBlock(
        3, 8, stride=2, adaptive=True, attention=True, multi_scale=True, temporal_attention=True
    ).eval()
    joints = torch.randn(2, JOINT_COUNT, 15, 3)
    out, weights = block(joints)
    hidden = block.graph(joints)
    summed = array(hidden)[:, :, ::2] + array(block.temporal(hidden.mean(dim=1)))[:, None]
    assert out.shape == (2, JOINT_COUNT, 8, 8)
    np.testing.assert_allclose(array(out), summed * array(weights)[:, None, :, None] * 8, atol=1e-5)
    np.testing.assert_allclose(array(weights).sum(axis=1), 1.0, atol=1e-6)


def test_limb_encoder_pools_each_limb_by_itself():
    encoder = blocks.LimbEncoder(6)
    joints = torch.randn(1, JOINT_COUNT, 5, 6)
    limbs, shares = encoder(joints)
    assert limbs.shape == (1, 5, len(LIMBS), blocks.LIMB_CHANNELS)
    for k, members in enumerate(encoder.members):
        region = array(joints)[0, members]
        share = softmax((region.mean(axis=1) @ array(encoder.score[k].weight).T + array(encoder.score[k].bias))[:, 0])
        pooled = (region * share[:, None, None]).sum(axis=0)
        expected = np.maximum(pooled @ array(encoder.encode[k].weight).T + array(encoder.encode[k].bias), 0.0)
        np.testing.assert_allclose(array(limbs)[0, :, k], expected, atol=1e-5)
        np.testing.assert_allclose(array(shares)[0, members], share, atol=1e-6)


def test_cross_attention_is_scaled_dot_product():
    layer = blocks.CrossAttention(10)
    whole, limbs = torch.randn(1, 10), torch.randn(1, 5, blocks.LIMB_CHANNELS)
    query = array(layer.query.weight) @ array(whole)[0] + array(layer.query.bias)
    keys = array(limbs)[0] @ array(layer.key.weight).T + array(layer.key.bias)
    values = array(limbs)[0] @ array(layer.value.weight).T + array(layer.value.bias)
    weights = softmax(keys @ query / np.sqrt(64))
    local, found = layer(whole, limbs)
    np.testing.assert_allclose(array(found)[0], weights, atol=1e-6)
    np.testing.assert_allclose(array(local)[0], weights @ values, atol=1e-5)
