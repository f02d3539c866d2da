from itertools import pairwise

import numpy as np
import pytest

from sport_nodes.scoring.repetitions import split_repetitions


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
