"""One thread for linear algebra, before numpy starts its pool: on a busy machine threads that wait cost most.

And a scoring model that several rooms' tests use.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

#: A scoring model that can be read at a glance: the mean of the pose times ten, plus an offset of its own.
GRAPH = """
<ir_version: 8, opset_import: ["" : 18]>
scorer (float[n, 17, l, 3] pose, float[n, 17, l, 3] velocity, float[n, 17, l] mask, float[n, c] condition) =>
    (float[n] score, float[n, 4] stages, float[n, 3] bounds, float[n, 5] grade_probabilities, float[n] bias,
     float[n, 17] joint_importance, float[n, l] frame_importance)
    <float offset = {OFFSET}, float ten = {10.0}, float zero = {0.0}, float[1, 3] inner = {0.25, 0.5, 0.75},
     float[1, 5] even = {0.2, 0.2, 0.2, 0.2, 0.2}, int64[3] all = {1, 2, 3}, int64[1] one = {1}, int64[1] two = {2}>
{
    mean = ReduceMean <keepdims = 0> (pose, all)
    scaled = Mul (mean, ten)
    score = Add (scaled, offset)
    bias = Mul (score, zero)
    column = Unsqueeze (score, one)
    stages = Concat <axis = 1> (column, column, column, column)
    none = Mul (column, zero)
    bounds = Add (none, inner)
    grade_probabilities = Add (none, even)
    joint_importance = ReduceMean <keepdims = 0> (mask, two)
    frame_importance = ReduceMean <keepdims = 0> (mask, one)
}
"""


@pytest.fixture(scope="session")
def plain_model() -> Callable[..., Path]:
    """Writes that model and its sidecar into a new folder; its path. Intervals, familiarity: the shipped model's."""
    parser = pytest.importorskip("onnx.parser", reason="onnx is not installed (pip install .[train])")
    from sport_nodes.actions import action_names
    from sport_nodes.scoring.backends import OnnxRuntimeBackend
    from sport_nodes.scoring.familiarity import Familiarity
    from sport_nodes.scoring.golden import golden_inputs
    from sport_nodes.scoring.sidecar import Sidecar, file_sha256, read_sidecar, shipped_model

    def make(folder: Path, *, offset: int, without: tuple[str, ...] = ()) -> Path:
        folder.mkdir()
        path = folder / "scorer.onnx"
        path.write_bytes(parser.parse_model(GRAPH.replace("OFFSET", f"{offset}.0")).SerializeToString())
        actions = tuple(name for name in action_names() if name not in without)
        outputs = OnnxRuntimeBackend(path).run(golden_inputs(len(actions)))
        golden = {name: outputs[name].tolist() for name in ("score", "stages", "bounds")}
        shipped = read_sidecar(shipped_model())
        known = shipped.familiarity
        tables = ({a: t[a] for a in actions} for t in (known.mean, known.spread, known.weights, known.offset))
        Sidecar(
            f"plus{offset}",
            file_sha256(path),
            actions,
            shipped.intervals,
            Familiarity(*tables, known.centre),
            golden,
            {},
        ).write(path.with_suffix(".json"))
        return path

    return make
