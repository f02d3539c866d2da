import numpy as np
import pytest

from sport_nodes.scoring.backends import INPUTS, JOINT_FEATURE, LENGTH_RANGE, OUTPUTS, OnnxRuntimeBackend
from sport_nodes.scoring.golden import golden_inputs
from sport_nodes.skeleton import JOINT_COUNT


@pytest.mark.parametrize("length", [*LENGTH_RANGE, 90, 47])
@pytest.mark.parametrize("count", [1, 3])
def test_onnx_runtime_agrees_with_torch_at_any_length(small_model, small_network, length, count):
    from sport_nodes.scoring.torch_backend import TorchBackend

    rng = np.random.default_rng(length)
    shape = (count, JOINT_COUNT, length)
    inputs = {
        "pose": rng.standard_normal((*shape, 3)),
        "velocity": rng.standard_normal((*shape, 3)),
        "mask": (rng.random(shape) > 0.1).astype(float),
        "condition": rng.standard_normal((count, 5)),
    }
    inputs = {name: inputs[name].astype(np.float32) for name in INPUTS}
    here, there = TorchBackend(small_network).run(inputs), OnnxRuntimeBackend(small_model).run(inputs)
    for name in (*OUTPUTS, JOINT_FEATURE):
        np.testing.assert_allclose(there[name], here[name], atol=1e-3, err_msg=name)
    np.testing.assert_allclose(here["frame_importance"].sum(axis=1), 1.0, atol=1e-5)
    assert here["frame_importance"].shape == (count, length)


def test_one_file_without_external_data(small_model):
    names = {path.name for path in small_model.parent.iterdir()}
    assert names == {"scorer.onnx", "scorer.json"}


def test_a_model_without_the_joint_feature_is_run_without_it(small_model, plain_model, tmp_path):
    inputs = golden_inputs(4)
    older = OnnxRuntimeBackend(plain_model(tmp_path / "older", offset=60)).run(inputs)
    assert tuple(older) == OUTPUTS
    assert OnnxRuntimeBackend(small_model).run(inputs)[JOINT_FEATURE].shape == (4, 128)
