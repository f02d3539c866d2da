import numpy as np
import pytest

from sport_nodes.actions import action_names
from sport_nodes.training.dataset_rows import split_of
from sport_nodes.training.trial_set import TrialSet

LENGTH = 30


@pytest.fixture
def made_up_trials():
    """A function (seed, rows) that makes a TrialSet."""

    def made_up_trials(seed=0, rows=48):
        """The mark is in how far the left wrist swings: something that can be learned."""
        rng = np.random.default_rng(seed)
        swing = rng.uniform(0.0, 1.0, rows)
        phase = np.linspace(0.0, 1.0, LENGTH)
        pose = rng.normal(0.0, 0.02, (rows, 17, LENGTH, 3))
        pose[:, 9, :, 0] += swing[:, None] * np.sin(np.pi * phase) * 2.0
        velocity = np.gradient(pose, axis=2) * 5.0
        total = 40.0 + 55.0 * swing
        return TrialSet(
            action_names=np.array(action_names()),
            pose=pose.astype(np.float32),
            velocity=velocity.astype(np.float32),
            mask=np.ones((rows, 17, LENGTH), dtype=np.float32),
            tempo=np.zeros(rows),
            unmeasured=np.zeros((rows, 17)),
            action=np.arange(rows) % 4,
            person=np.arange(rows) // 4,
            trial=np.arange(rows),
            height_m=np.full(rows, 1.6),
            condition=np.full(rows, "default"),
            fused=np.zeros(rows, dtype=bool),
            total=total,
            stages=np.repeat(total[:, None], 4, axis=1),
            true_total=total,
            bounds=np.tile([0.25, 0.5, 0.75], (rows, 1)),
            summary=np.zeros((rows, 16)),
            handmade=np.zeros((rows, 3)),
            naive=np.zeros((rows, 2)),
        )

    return made_up_trials


@pytest.fixture
def dataset_row():
    """A function that makes one trial of a data set, marked by as many raters as there are totals."""

    def dataset_row(trial, athlete, motion, totals, *, action, stages=None):
        return {
            "trial": f"t{trial}",
            "athlete": athlete,
            "split": split_of(athlete),
            "action": action,
            "times_s": motion.times_s,
            "positions_m": motion.positions_m.reshape(-1),
            "confidence": motion.confidence.reshape(-1),
            "provenance": motion.provenance.reshape(-1),
            "sigma_m": motion.sigma_m.reshape(-1),
            "height_m": 1.7,
            "raters": [f"r{k}" for k in range(len(totals))],
            "totals": totals,
            "stages": [[] for _ in totals] if stages is None else stages,
        }

    return dataset_row
