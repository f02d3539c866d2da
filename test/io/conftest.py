"""A person of known proportions who sways and swings the arms, built from bone fractions, for tests of files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sport_nodes.motion import Motion
from sport_nodes.skeleton import INDEX

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
STATURE_M = 1.70


def person(*, frames: int = 40, rate_hz: float = 30.0, stature_m: float = STATURE_M) -> Motion:
    """Stands facing +x, trunk swaying 10 degrees, arms swinging; bones of Drillis and Contini's fractions."""
    times = np.arange(frames) / rate_hz
    sway = np.deg2rad(10.0) * np.sin(2 * np.pi * 0.5 * times)
    swing = np.deg2rad(60.0) * np.sin(2 * np.pi * 0.8 * times)
    positions = np.full((frames, 17, 3), np.nan)
    upward, forward = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])
    leftward = np.array([0.0, 1.0, 0.0])
    up = np.stack([np.sin(sway), np.zeros(frames), np.cos(sway)], axis=1)
    arm = np.stack([np.sin(swing), np.zeros(frames), -np.cos(swing)], axis=1)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        ankle = np.tile([0.0, sign * 0.09, 0.039 * stature_m], (frames, 1))
        knee = ankle + upward * 0.246 * stature_m
        hip = knee + upward * 0.245 * stature_m
        shoulder = hip + up * 0.288 * stature_m + leftward * sign * 0.08
        elbow = shoulder + arm * 0.186 * stature_m
        wrist = elbow + arm * 0.146 * stature_m
        eye = shoulder + up * 0.13 * stature_m + forward * 0.08 - leftward * sign * 0.14
        ear = eye - forward * 0.09 + leftward * sign * 0.04
        parts = {"ankle": ankle, "knee": knee, "hip": hip, "shoulder": shoulder, "elbow": elbow, "wrist": wrist}
        for name, position in {**parts, "eye": eye, "ear": ear}.items():
            positions[:, INDEX[f"{side}_{name}"]] = position
    eyes = positions[:, [INDEX["left_eye"], INDEX["right_eye"]]].mean(axis=1)
    positions[:, INDEX["nose"]] = eyes + 0.02 * forward - 0.03 * upward
    return Motion(times, positions)


@pytest.fixture
def standing() -> Motion:
    return person()


@pytest.fixture
def make_person() -> Callable[..., Motion]:
    return person


@pytest.fixture
def shared_data() -> Path:
    if not DATA.is_dir():
        pytest.skip("the real recordings (../shared/data) are not on this machine")
    return DATA
