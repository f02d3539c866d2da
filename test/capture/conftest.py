"""A depth camera without a device: bodies of capsules, hit by the rays of its pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.lab.depth_images import covered_joints, posed_joints, render_depth
from sport_nodes.rig import Camera, look_at

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture
def depth_camera() -> Camera:
    """Half the resolution of the lab's depth camera, 2.9 m from the athlete."""
    turn, translation = look_at(np.array([0.0, -2.9, 1.1]), np.array([0.0, 0.0, 0.95]))
    matrix = np.array([[306.0, 0.0, 320.0], [0.0, 306.0, 180.0], [0.0, 0.0, 1.0]])
    distortion = np.array([0.05, -0.03, 0.0004, -0.0003, 0.01])
    return Camera("kinect", 640, 360, matrix, distortion, turn, translation)


@pytest.fixture
def pose_maker() -> Callable[..., np.ndarray]:
    return posed_joints


@pytest.fixture
def renderer() -> Callable[..., np.ndarray]:
    return render_depth


@pytest.fixture
def covered() -> Callable[..., np.ndarray]:
    return covered_joints


@pytest.fixture
def shared_data() -> Path:
    if not DATA.is_dir():
        pytest.skip("the real recordings (../shared/data) are not on this machine")
    return DATA
