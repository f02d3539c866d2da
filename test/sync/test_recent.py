"""The memory of recent samples gives back what came in, in order, within the span that was asked for."""

from __future__ import annotations

import numpy as np

from sport_nodes.sync.recent import MARGIN_S, RecentSamples

SKELETON = (np.zeros((17, 3)), np.ones(17))


def test_a_span_and_its_margins_in_order_of_time_and_once() -> None:
    recent = RecentSamples(keep_s=60.0)
    for stamp_s in (1.0, 3.0, 2.0, 2.0, 4.0, 2.0 - MARGIN_S - 0.01):
        recent.add_depth(stamp_s, np.full((17, 3), stamp_s), np.ones(17))
    recording = recent.recording(2.0, 3.0)
    assert recording.depth is not None
    assert recording.depth.times_s.tolist() == [2.0, 3.0]
    assert recording.depth.positions_m[:, 0, 0].tolist() == [2.0, 3.0]


def test_people_are_padded_and_silent_devices_left_out() -> None:
    recent = RecentSamples(keep_s=60.0)
    recent.add_keypoints("camera_0", 1.0, np.ones((2, 17, 2)), np.ones((2, 17)))
    recent.add_keypoints("camera_0", 1.1, np.ones((0, 17, 2)), np.ones((0, 17)))
    recent.add_imu("imu_trunk", 9.0, np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(6))
    recording = recent.recording(1.0, 1.1)
    assert recording.depth is None
    assert recording.imus == {}
    seen = recording.cameras["camera_0"]
    assert seen.xy_px.shape == (2, 2, 17, 2)
    assert np.isnan(seen.xy_px[1]).all()
    assert (seen.confidence[1] == 0.0).all()


def test_what_is_too_old_is_forgotten() -> None:
    recent = RecentSamples(keep_s=2.0)
    for stamp_s in np.arange(0.0, 10.0, 0.5):
        recent.add_depth(float(stamp_s), *SKELETON)
    recording = recent.recording(0.0, 100.0)
    assert recording.depth is not None
    assert recording.depth.times_s[0] == 7.5
