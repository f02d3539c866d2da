"""The average of recordings against the one movement that they are noisy, stretched and turned copies of."""

from pathlib import Path

import numpy as np
import pytest

from sport_nodes.errors import InputError
from sport_nodes.keyframes.target import make_target, read_target, save_target
from sport_nodes.lab.simulate import simulate
from sport_nodes.motion import Motion

NOISE_M = 0.008


def copies(count: int) -> tuple[Motion, list[Motion]]:
    truth = simulate("overhead_pass", seed=60, rate_hz=60.0).motion
    made = []
    for k in range(count):
        rng = np.random.default_rng(k)
        turn = 0.4 * k
        matrix = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        noise = NOISE_M * rng.normal(size=truth.positions_m.shape)
        positions = (truth.positions_m + noise) @ matrix.T + [k, -k, 0.0]
        made.append(Motion(truth.times_s * (0.9 + 0.05 * k), positions))
    return truth, made


def test_noise_averages_out_and_its_size_is_kept(tmp_path: Path) -> None:
    truth, recordings = copies(5)
    target = make_target(recordings, "overhead_pass", name="mean")
    wanted = make_target([truth], "overhead_pass")
    # The copies' tempos average to that of the truth; a mark in the one in the middle is as noisy as that.
    for name, time_s in wanted.keyframes.items():
        since = target.keyframes[name] - target.keyframes["hands_set"]
        assert since == pytest.approx(time_s - wanted.keyframes["hands_set"], abs=0.05), name
    spread = np.nanmedian(target.motion.sigma_m)
    assert 0.5 * NOISE_M < spread < 1.5 * NOISE_M
    save_target(target, tmp_path / "mean.json")
    read = read_target(tmp_path / "mean.json")
    assert np.allclose(read.motion.sigma_m, target.motion.sigma_m, atol=1e-4, equal_nan=True)

    def roughness(motion: Motion) -> float:
        return float(np.median(np.abs(np.diff(motion.positions_m, n=3, axis=0))))

    assert roughness(target.motion) < 0.7 * roughness(recordings[2])


def test_a_recording_of_something_else_is_named() -> None:
    _, recordings = copies(2)
    other = simulate("sit_up", seed=61, rate_hz=30.0).motion
    with pytest.raises(InputError, match="cannot be averaged"):
        make_target([*recordings, other], "overhead_pass")
