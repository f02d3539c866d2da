"""The shipped model through TensorRT's own parser and builder; no GPU is needed for that."""

import pytest

from sport_nodes.scoring.backends import INPUTS, LENGTH_RANGE
from sport_nodes.scoring.features import NETWORK_FRAMES
from sport_nodes.scoring.sidecar import shipped_model

trt = pytest.importorskip("tensorrt_rtx", reason="tensorrt-rtx-cu13 is for x86-64 only")


def test_the_shipped_model_is_parsed_and_built():
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    assert parser.parse(shipped_model().read_bytes()), [parser.get_error(i).desc() for i in range(parser.num_errors)]
    config, profile = builder.create_builder_config(), builder.create_optimization_profile()
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        assert tensor.name in INPUTS
        shapes = [
            (batch, *(length if size < 0 else size for size in tuple(tensor.shape)[1:]))
            for batch, length in ((1, LENGTH_RANGE[0]), (1, NETWORK_FRAMES), (4, LENGTH_RANGE[1]))
        ]
        profile.set_shape(tensor.name, *shapes)
    config.add_optimization_profile(profile)
    assert builder.build_serialized_network(network, config) is not None
