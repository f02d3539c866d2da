from types import SimpleNamespace

import numpy as np
import pytest

from sport_nodes.scoring.live import RESCORE_PERIOD_S, LiveScorer


class Recorder:
    """Stands in for the scorer and keeps what it was asked."""

    def __init__(self):
        self.windows = []

    def score(self, motion, action, *, unfinished):
        assert unfinished
        self.windows.append(motion)
        return SimpleNamespace(action=action)


def frames(motion):
    return [motion.take(slice(i, i + 1)) for i in range(len(motion))]


@pytest.mark.parametrize(("rate_hz", "every"), [(30.0, 3), (60.0, 6)])
def test_rescored_ten_times_a_second_over_the_last_window(person, rate_hz, every):
    recorder = Recorder()
    live = LiveScorer(recorder, "free_throw", window_frames=40)
    motion = person(rate_hz=rate_hz, moving_s=3.0)
    results = [live.push(frame) for frame in frames(motion)]
    scored = [i for i, result in enumerate(results) if result is not None]
    assert np.all(np.diff(scored) == every)
    assert max(len(w) for w in recorder.windows) == 40
    last = recorder.windows[-1]
    np.testing.assert_array_equal(last.times_s, motion.times_s[scored[-1] - 39 : scored[-1] + 1])
    np.testing.assert_array_equal(last.positions_m, motion.positions_m[scored[-1] - 39 : scored[-1] + 1])
    assert RESCORE_PERIOD_S == 0.1


def test_a_clock_set_back_begins_a_new_window(person):
    recorder = Recorder()
    live = LiveScorer(recorder, "free_throw")
    for frame in [*frames(person(rate_hz=30.0)), *frames(person(rate_hz=30.0))]:
        live.push(frame)
    for window in recorder.windows:
        assert np.all(np.diff(window.times_s) > 0)
    lengths = [len(w) for w in recorder.windows]
    assert min(lengths[len(lengths) // 2 :]) < 20


def test_live_scores_of_a_real_model(small_model, person):
    from sport_nodes.scoring.scorer import Scorer

    live = LiveScorer(Scorer.load(small_model), "free_throw")
    scores = [s for frame in frames(person(rate_hz=30.0)) if (s := live.push(frame)) is not None]
    given = [s for s in scores if not s.withheld]
    assert given
    assert all("the movement is not finished" in s.warnings for s in given)
