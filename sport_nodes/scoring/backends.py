"""What runs the network: one small interface, ONNX Runtime by default."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sport_nodes.errors import InputError

Array = NDArray[np.float32]

#: Inputs and outputs of the exported network, in order.
INPUTS: Final = ("pose", "velocity", "mask", "condition")
OUTPUTS: Final = (
    "score",
    "stages",
    "bounds",
    "grade_probabilities",
    "bias",
    "joint_importance",
    "frame_importance",
)
#: An output that older models lack: (N, 128), what the network makes of the movement before it marks it.
JOINT_FEATURE: Final = "joint_feature"
#: What ONNX Runtime raises for a file that is no model, or another kind of one; they have no base class of their own.
REFUSALS: Final = tuple(
    getattr(onnxruntime.capi.onnxruntime_pybind11_state, name)
    for name in ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoModel", "NotImplemented")
)
#: Lengths and batch sizes that the exported network takes.
LENGTH_RANGE: Final = (30, 300)
LARGEST_BATCH: Final = 64


class Backend(Protocol):
    """Runs the network on one batch."""

    name: str

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """INPUTS (N first) to OUTPUTS and, where the model has it, JOINT_FEATURE (N first), float32."""
        ...


class OnnxRuntimeBackend:
    """ONNX Runtime on the CPU, one thread: the network is too small for more to pay."""

    name = "onnxruntime"

    def __init__(self, model: Path, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                model.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except (OSError, *REFUSALS) as error:
            raise InputError(f"{model} is not a readable ONNX model: {error}") from error
        found = ([i.name for i in self._session.get_inputs()], [o.name for o in self._session.get_outputs()])
        self._outputs = known_outputs(found[1])
        if set(found[0]) != set(INPUTS) or not set(OUTPUTS) <= set(found[1]):
            raise InputError(
                f"{model} goes from {', '.join(found[0])} to {', '.join(found[1])}; a scoring model goes from "
                f"{', '.join(INPUTS)} to {', '.join(OUTPUTS)}: train or export it again"
            )

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """See Backend."""
        return dict(zip(self._outputs, self._session.run(self._outputs, inputs), strict=True))


def known_outputs(found: Collection[str]) -> list[str]:
    """Those of a model's outputs that are asked for: OUTPUTS, and JOINT_FEATURE where it has it."""
    return [*OUTPUTS, *(name for name in (JOINT_FEATURE,) if name in found)]


def make_backend(name: str, model: Path) -> Backend:
    """`onnxruntime`, or `tensorrt` on a machine that has it.

    Raises InputError for another name or when the backend's library is not installed.
    """
    if name == "onnxruntime":
        return OnnxRuntimeBackend(model)
    if name == "tensorrt":
        try:
            from sport_nodes.scoring.tensorrt_backend import TensorRtBackend
        except ImportError as error:
            raise InputError(f"backend tensorrt needs tensorrt and pycuda ({error}); use onnxruntime") from error
        return TensorRtBackend(model)
    raise InputError(f"there is no backend '{name}'; known are onnxruntime and tensorrt")
