"""A made-up person whose movement is known in closed form, and a small model exported on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.motion import Motion
from sport_nodes.scoring.familiarity import ALL_FEATURES, Familiarity
from sport_nodes.scoring.intervals import IntervalTable
from sport_nodes.scoring.sidecar import Sidecar, file_sha256
from sport_nodes.skeleton import INDEX, JOINT_COUNT

# Standing, metres: x ahead, y left, z up.
STANDING = {
    "nose": (0.10, 0.0, 1.55),
    "eye": (0.08, 0.03, 1.60),
    "ear": (0.0, 0.07, 1.58),
    "shoulder": (0.0, 0.18, 1.38),
    "elbow": (0.0, 0.22, 1.10),
    "wrist": (0.05, 0.24, 0.86),
    "hip": (0.0, 0.11, 0.90),
    "knee": (0.02, 0.12, 0.48),
    "ankle": (0.0, 0.12, 0.09),
}


def standing_pose() -> np.ndarray:
    pose = np.zeros((JOINT_COUNT, 3))
    for name, index in INDEX.items():
        x, y, z = STANDING[name.split("_")[-1]]
        pose[index] = (x, -y if name.startswith("right_") else y, z)
    return pose


def moving_person(
    *, rate_hz: float = 60.0, still_s: float = 0.5, moving_s: float = 1.5, repetitions: int = 1
) -> Motion:
    """Bows forward with swinging arms and a dip of the knees, then comes back; stands still before and after."""
    times = np.arange(0.0, 2 * still_s + repetitions * moving_s + 0.5 / rate_hz, 1.0 / rate_hz)
    phase = np.clip((times - still_s) / moving_s, 0.0, repetitions)
    amount = np.sin(np.pi * phase) ** 2
    positions = np.repeat(standing_pose()[None], len(times), axis=0)
    for name, index in INDEX.items():
        part = name.split("_")[-1]
        if part in ("nose", "eye", "ear", "shoulder", "elbow", "wrist"):
            positions[:, index, 0] += 0.45 * amount
            positions[:, index, 2] -= 0.40 * amount
        if part == "wrist":
            positions[:, index, 0] += 0.50 * amount
        if part == "hip":
            positions[:, index, 2] -= 0.15 * amount
    return Motion(times, positions)


@pytest.fixture(scope="session")
def person() -> Callable[..., Motion]:
    return moving_person


@pytest.fixture(scope="session")
def small_network() -> Any:
    """A two-block network with random weights."""
    torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")
    from sport_nodes.scoring.network import NetworkConfig, ScoringNetwork

    torch.manual_seed(3)
    return ScoringNetwork(NetworkConfig(actions=action_names(), blocks=((8, 1), (16, 2))))


@pytest.fixture(scope="session")
def small_model(small_network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network as scorer.onnx with its sidecar."""
    pytest.importorskip("onnx", reason="onnx is not installed (pip install .[train])")
    from sport_nodes.training.export import export_onnx
    from sport_nodes.training.train import golden_outputs

    actions = action_names()
    path = tmp_path_factory.mktemp("model") / "scorer.onnx"
    export_onnx(small_network, path)
    Sidecar(
        name="small",
        sha256=file_sha256(path),
        actions=actions,
        intervals=IntervalTable(
            total=dict.fromkeys(actions, 6.0),
            stages=dict.fromkeys(actions, (8.0,) * 4),
            shares=(0.0, 0.1, 0.4),
            factors=(1.0, 1.3, 2.0),
            joints=(1.2,) * JOINT_COUNT,
        ),
        familiarity=Familiarity(
            mean={a: np.zeros(len(ALL_FEATURES)) for a in actions},
            spread={a: np.full(len(ALL_FEATURES), 10.0) for a in actions},
            weights={a: np.zeros(len(ALL_FEATURES)) for a in actions},
            offset=dict.fromkeys(actions, 0.0),
            centre=np.zeros(len(ALL_FEATURES)),
        ),
        golden=golden_outputs(path, len(actions)),
        provenance={},
    ).write(path.with_suffix(".json"))
    return path
