"""The sensors work on recordings of real people as well."""

from pathlib import Path

import numpy as np
import pytest

from sport_nodes.io.motion_files import read_motion
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.lab.staging import staged
from sport_nodes.rig import load_rig
from sport_nodes.skeleton import INDEX

MOTIONS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "motions"
pytestmark = pytest.mark.skipif(not MOTIONS.is_dir(), reason="../shared/data/motions is not there")
RIG = load_rig("lab")


def recorded(name):
    motion = staged(read_motion(MOTIONS / f"{name}.csv"))
    return motion, recording_from_events(observe(motion, RIG, seed=1))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["free_throw_T0001", "cmu_train_jumping_1", "cmu_train_jumping_4"])
def test_recordings_can_be_observed(name):
    motion, recording = recorded(name)
    absent = ~motion.present.any(axis=0)  # the CMU recordings have no eyes and ears
    assert (np.isnan(recording.depth.positions_m[..., 0]).all(axis=0) == absent).all()
    assert np.isfinite(recording.depth.positions_m[:, INDEX["left_ankle"]]).mean() > 0.95
    assert len(recording.imus) == 5
    for stream in recording.imus.values():
        still = stream.times_s < stream.times_s[0] + 1.0
        assert np.linalg.norm(stream.vectors[still, 3:], axis=1) == pytest.approx(9.81, abs=0.5)


def test_a_simulated_jump_shakes_the_imus_as_a_real_one_does():
    """Peak force and rate of every sensor: simulated within a factor of two of two real jumps."""

    def peaks(recording):
        parts = (slice(0, 3), slice(3, 6))
        return np.array(
            [[np.linalg.norm(s.vectors[:, p], axis=1).max() for p in parts] for _, s in sorted(recording.imus.items())]
        )

    real = np.mean([peaks(recorded(f"cmu_train_jumping_{n}")[1]) for n in (1, 4)], axis=0)
    simulated = np.mean(
        [
            peaks(recording_from_events(observe(simulate("standing_long_jump", seed=s).motion, RIG, seed=s)))
            for s in range(3)
        ],
        axis=0,
    )
    ratio = simulated / real
    assert (ratio > 0.5).all()
    assert (ratio < 2.0).all()
