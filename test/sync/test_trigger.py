"""Times of triggers against the exposures of the simulated lab."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import Drivers, recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.rig import load_rig
from sport_nodes.sync.trigger import common_times


@given(seed=st.integers(0, 1000), lost=st.floats(0.0, 0.4))
@settings(max_examples=20, deadline=None)
def test_lost_frames_shift_no_other(seed: int, lost: float) -> None:
    rng = np.random.default_rng(seed)
    exposure_s = 1.7e9 + np.arange(120) / 60.0
    delays_s = {"a": 0.002, "b": 0.005, "c": 0.009}
    kept = {name: np.flatnonzero(rng.random(120) >= lost) for name in delays_s}
    stamps = {name: (kept[name], exposure_s[kept[name]] + delay_s) for name, delay_s in delays_s.items()}
    found = common_times(stamps)
    for name, numbers in kept.items():
        np.testing.assert_allclose(found[name], exposure_s[numbers] + 0.002, atol=1e-5)


def test_a_device_alone_keeps_its_stamps() -> None:
    times_s = np.array([1.0, 2.0, 3.5])
    np.testing.assert_array_equal(common_times({"a": (np.arange(3), times_s)})["a"], times_s)


def test_cameras_of_the_lab_share_their_triggers_times() -> None:
    events = observe(simulate("free_throw", seed=31).motion, load_rig("lab"), seed=31)
    recording = recording_from_events(events)
    drivers = Drivers(events.rates_hz)
    exposures: dict[str, list[float]] = {}
    alone: dict[str, list[float]] = {}
    for event, stamp_s in drivers.stamped(events.events):
        exposures.setdefault(event.device, []).append(event.exposure_s)
        alone.setdefault(event.device, []).append(stamp_s)
    before_s, after_s = [], []
    for name, stream in recording.cameras.items():
        before_s.append(np.median(np.array(alone[name]) - exposures[name]))
        after_s.append(np.median(stream.times_s - exposures[name]))
    assert np.ptp(after_s) < 1e-4
    assert np.ptp(after_s) < np.ptp(before_s)
    assert max(after_s) < max(before_s)
