from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import find_peaks

from sport_nodes.scoring.repetitions import prominent_peaks, split_repetitions


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_repetition_is_found(person, count):
    # The made-up person bows, a dip of the trunk's elevation: turned over it is a rise from the floor.
    motion = person(repetitions=count, moving_s=1.6, still_s=0.5)
    motion = motion.moved(motion.positions_m * np.array([1.0, 1.0, -1.0]))
    windows = split_repetitions(motion)
    assert len(windows) == count
    assert windows[0][0] == motion.times_s[0]
    assert windows[-1][1] == motion.times_s[-1]
    for k, (begin_s, end_s) in enumerate(windows):
        middle_s = 0.5 + (k + 0.5) * 1.6
        assert begin_s < middle_s < end_s
    for (_, end_s), (begin_s, _) in pairwise(windows):
        assert end_s == begin_s
        assert (end_s - 0.5) % 1.6 == pytest.approx(0.0, abs=0.1) or (end_s - 0.5) % 1.6 == pytest.approx(1.6, abs=0.1)


@pytest.mark.parametrize("seed", range(50))
def test_peaks_are_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=rng.integers(3, 60)).cumsum()
    prominence, distance = rng.uniform(0.1, 2.0), int(rng.integers(1, 8))
    found = prominent_peaks(values, prominence=prominence, distance=distance)
    assert found == find_peaks(values, prominence=prominence, distance=distance)[0].tolist()


def test_a_plateau_peaks_in_its_middle_and_the_ends_never():
    assert prominent_peaks(np.array([3.0, 1.0, 2.0, 2.0, 2.0, 0.0, 5.0]), prominence=0.5, distance=1) == [3]
    assert prominent_peaks(np.ones(5), prominence=0.0, distance=1) == []
