"""2D pose: MediaPipe against OpenPose on the same images, ONNX decoding against truth, JSON there and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sport_nodes.capture import detect
from sport_nodes.capture.detect import detect_video, openpose_json, people_from_openpose
from sport_nodes.capture.onnx_pose import decode_heatmaps, decode_simcc, region_of, region_to_input, whole_image
from sport_nodes.capture.pose2d import People, pose_detector
from sport_nodes.cli import main
from sport_nodes.errors import InputError
from sport_nodes.fusion.pose2sim import read_pose2sim
from sport_nodes.rig import Rig, load_rig

TRIAL = "pose2sim_demo/S00_P00_SingleParticipant/S00_P00_T01_BalancingTrial"
#: Median distance to OpenPose's joints, as a part of the person's height.
AGREEMENT = 0.025
SURE = 0.3
INPUT = (192, 256)


def test_blazepose_agrees_with_openpose(shared_data: Path) -> None:
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    distances = []
    for camera in ("cam01", "cam02", "cam03", "cam04"):
        video = cv2.VideoCapture(str(shared_data / TRIAL / "videos" / f"{camera}.mp4"))
        detector = pose_detector()
        for frame in range(6):
            image = video.read()[1]
            truth = people_from_openpose(
                json.loads((shared_data / TRIAL / "pose" / f"{camera}_json" / f"{camera}.{frame:04d}.json").read_text())
            )
            found = detector.detect(image)
            assert len(found) == 1
            sure = truth.confidence > SURE
            apart = np.linalg.norm(truth.xy_px - found.xy_px, axis=2)
            athlete = int(
                np.argmin([np.median(a[s]) if s.sum() > 8 else np.inf for a, s in zip(apart, sure, strict=True)])
            )
            height = np.ptp(truth.xy_px[athlete][sure[athlete], 1])
            distances.append(apart[athlete][sure[athlete]] / height)
        detector.close()
    assert np.median(np.concatenate(distances)) < AGREEMENT


def test_two_people_keep_their_ids_and_places(shared_data: Path) -> None:
    """Two cameras' images side by side; each half's person is where a detector of that half alone finds it."""
    pytest.importorskip("mediapipe", reason="MediaPipe is not installed")
    videos = [cv2.VideoCapture(str(shared_data / TRIAL / "videos" / f"{c}.mp4")) for c in ("cam03", "cam04")]
    both, alone = pose_detector(max_people=2), [pose_detector(), pose_detector()]
    width, apart, ids = 700, [], []
    for _ in range(4):
        halves = [video.read()[1][:, 200 : 200 + width] for video in videos]
        together = both.detect(np.hstack(halves))
        ids.append(together.track_ids)
        order = np.argsort(np.nanmean(together.xy_px[..., 0], axis=1))
        for side, (half, detector) in enumerate(zip(halves, alone, strict=True)):
            single = detector.detect(half)
            person = together.xy_px[order[side]] - [side * width, 0]
            height = np.ptp(single.xy_px[0, :, 1])
            apart.append(np.median(np.linalg.norm(person - single.xy_px[0], axis=1)) / height)
    assert ids == [(0, 1)] * 4
    assert np.median(apart) < AGREEMENT
    assert len(both.detect(np.zeros((480, 640, 3), np.uint8))) == 0
    for detector in (both, *alone):
        detector.close()
    with pytest.raises(InputError, match="1 or more"):
        pose_detector(max_people=0)


def test_videos_of_a_trial_become_one_that_fuse_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Brightness:
        """Joints where the image's brightness says, so that cameras and frames can be told apart."""

        def detect(self, image: np.ndarray) -> People:
            return People(np.full((1, 17, 2), round(float(image.mean()) / 10) * 10.0), np.full((1, 17), 0.5), (0,))

        def close(self) -> None:
            pass

    monkeypatch.setattr(detect, "pose_detector", lambda model, max_people: Brightness())
    videos = tmp_path / "videos"
    videos.mkdir()
    rates = {"left": 25.0, "right": 25.0}
    for number, (name, rate_hz) in enumerate(rates.items()):
        writer = cv2.VideoWriter(str(videos / f"{name}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), rate_hz, (64, 48))
        for frame in range(3):
            writer.write(np.full((48, 64, 3), 100 * number + 20 * frame + 20, np.uint8))
        writer.release()
    assert main(["detect", str(videos), "-o", str(tmp_path / "trial")]) == 0
    rig = Rig("two", None, tuple(replace(load_rig("lab").cameras[0], name=name) for name in rates), ())
    recording, rate_hz = read_pose2sim(tmp_path / "trial", rig)
    assert rate_hz == 25.0
    for number, name in enumerate(rates):
        np.testing.assert_allclose(recording.cameras[name].times_s, np.arange(3) / 25.0)
        np.testing.assert_allclose(recording.cameras[name].xy_px[:, 0, 0, 0], 100 * number + np.array([20, 40, 60]))


def test_detect_writes_one_json_an_image(tmp_path: Path) -> None:
    class Counter:
        def __init__(self) -> None:
            self.images = 0

        def detect(self, image: np.ndarray) -> People:
            self.images += 1
            if self.images == 2:
                return People.nobody()
            return People(np.full((1, 17, 2), float(image[0, 0, 0])), np.full((1, 17), 0.5), (4,))

        def close(self) -> None:
            raise AssertionError("a detector that was given stays open")

    folder = tmp_path / "clip"
    folder.mkdir()
    for n in range(3):
        cv2.imwrite(str(folder / f"{n}.png"), np.full((8, 8, 3), 50 * n, np.uint8))
    done = detect_video(folder, tmp_path / "out", detector=Counter())
    assert (done.images, done.with_person) == (3, 2)
    files = sorted((tmp_path / "out").iterdir())
    assert [f.name for f in files] == [f"clip_{n:012d}_keypoints.json" for n in range(3)]
    last = json.loads(files[2].read_text())
    assert last["people"][0]["pose_keypoints_2d"] == [100.0, 100.0, 0.5] * 17
    assert json.loads(files[1].read_text())["people"] == []
    with pytest.raises(InputError, match="no camera, video or image folder"):
        detect_video(tmp_path / "none.mp4", tmp_path / "out")


@given(
    xy=st.lists(st.floats(1.0, 4000.0), min_size=34, max_size=34),
    confidence=st.lists(st.floats(0.0, 1.0), min_size=17, max_size=17),
)
@settings(max_examples=40, deadline=None)
def test_openpose_json_round_trip(xy: list[float], confidence: list[float]) -> None:
    sure = np.round(confidence, 6)
    points = np.array(xy).reshape(17, 2)
    points[sure == 0] = np.nan
    people = People(points[None], sure[None], (3,))
    back = people_from_openpose(json.loads(json.dumps(openpose_json(people))))
    np.testing.assert_allclose(back.xy_px, people.xy_px, atol=0.6e-3)
    np.testing.assert_allclose(back.confidence, people.confidence)
    assert back.track_ids == (3,)
    with pytest.raises(InputError, match="OpenPose"):
        people_from_openpose({"people": [{"pose_keypoints_2d": [1, 2]}]})


def test_heatmap_peaks_are_found_to_a_quarter_cell() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform([10, 10], [180, 240], (17, 2))
    rows, columns = np.mgrid[0:64, 0:48]
    at = np.stack([columns, rows], axis=-1)[None] * 4.0 + 1.5  # centre of each cell in input pixels
    heat = np.exp(-0.5 * ((at - truth[:, None, None]) ** 2).sum(-1) / 8.0**2).astype(np.float32)
    xy, confidence = decode_heatmaps(heat, INPUT)
    assert np.abs(xy - truth).max() <= 1.01  # half a cell, less the quarter
    assert (confidence > 0.9).all()


def test_simcc_bins_are_half_pixels() -> None:
    truth = np.random.default_rng(2).integers([0, 0], [384, 512], (17, 2))
    x, y = np.zeros((1, 17, 384), np.float32), np.zeros((1, 17, 512), np.float32)
    x[0, np.arange(17), truth[:, 0]] = 0.8
    y[0, np.arange(17), truth[:, 1]] = 0.6
    xy, confidence = decode_simcc(x, y)
    np.testing.assert_allclose(xy, truth / 2.0)
    np.testing.assert_allclose(confidence, 0.6)


def test_region_keeps_the_model_shape_and_maps_back() -> None:
    xy = np.array([[100.0, 50.0], [300.0, 850.0]] * 8 + [[200.0, 400.0]])
    region = region_of(xy, np.ones(17), INPUT)
    assert region is not None
    assert region.width / region.height == pytest.approx(INPUT[0] / INPUT[1])
    inside = xy @ region_to_input(region, INPUT)[:, :2].T + region_to_input(region, INPUT)[:, 2]
    assert (inside >= 0).all()
    assert (inside <= INPUT).all()
    assert region_of(xy, np.zeros(17), INPUT) is None
    image = np.zeros((720, 1280, 3), np.uint8)
    corner = np.array([[-0.5, -0.5], [1279.5, 719.5]])
    to_input = region_to_input(whole_image(image, INPUT), INPUT)
    assert ((corner @ to_input[:, :2].T + to_input[:, 2]) >= -0.51).all()


def onnx_model(path: Path, cell: tuple[int, int]) -> None:
    """A model that finds each of 17 joints where the image is brightest: a pooled, inverted copy of its input."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    helper = onnx.helper
    image = helper.make_tensor_value_info("image", 1, [1, 3, INPUT[1], INPUT[0]])
    heat = helper.make_tensor_value_info("heatmaps", 1, [1, 17, INPUT[1] // cell[1], INPUT[0] // cell[0]])
    weights = helper.make_tensor("w", 1, [17, 3, 1, 1], np.full(51, 0.1, np.float32))
    nodes = [
        helper.make_node("AveragePool", ["image"], ["small"], kernel_shape=list(cell[::-1]), strides=list(cell[::-1])),
        helper.make_node("Conv", ["small", "w"], ["heatmaps"]),
    ]
    graph = helper.make_graph(nodes, "brightest", [image], [heat], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def test_onnx_detector_follows_a_bright_spot(tmp_path: Path) -> None:
    path = tmp_path / "brightest.onnx"
    onnx_model(path, (4, 4))
    detector = pose_detector(str(path))
    image = np.zeros((480, 640, 3), np.uint8)
    rows, columns = np.mgrid[0:480, 0:640]
    image[:] = (255 * np.exp(-((columns - 400) ** 2 + (rows - 200) ** 2) / 300.0)).astype(np.uint8)[..., None]
    people = detector.detect(image)
    assert len(people) == 1
    np.testing.assert_allclose(people.xy_px[0], np.tile([400.0, 200.0], (17, 1)), atol=2.0)
    assert len(detector.detect(np.zeros_like(image))) == 0
    detector.close()
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(InputError, match="not an ONNX model"):
        pose_detector(str(broken))
    with pytest.raises(InputError, match="no such pose model"):
        pose_detector(str(tmp_path / "absent.onnx"))


#: Where a made-up person's joints are, in parts of the height, and their colours: on a sphere about ImageNet's mean, so
#: that each is nearest to itself.
FIGURE = np.array(
    [[0.5, 0.06], [0.56, 0.0], [0.44, 0.0], [0.62, 0.06], [0.38, 0.06]]
    + [[x, y] for y in (0.2, 0.36, 0.5, 0.54, 0.76, 1.0) for x in (0.72, 0.28)]
)
TURNS = np.arange(17) * np.pi * (3.0 - np.sqrt(5.0))
HEIGHTS = 1.0 - 2.0 * (np.arange(17) + 0.5) / 17
SPHERE = np.column_stack([np.sqrt(1 - HEIGHTS**2) * np.cos(TURNS), np.sqrt(1 - HEIGHTS**2) * np.sin(TURNS), HEIGHTS])


def colour_model(path: Path) -> None:
    """A top-down model that finds each joint where the input has most of its colour."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    helper = onnx.helper
    image = helper.make_tensor_value_info("image", 1, [1, 3, INPUT[1], INPUT[0]])
    heat = helper.make_tensor_value_info("heatmaps", 1, [1, 17, INPUT[1] // 4, INPUT[0] // 4])
    weights = helper.make_tensor("w", 1, [17, 3, 1, 1], SPHERE.astype(np.float32).ravel())
    nodes = [
        helper.make_node("AveragePool", ["image"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["small", "w"], ["heatmaps"]),
    ]
    graph = helper.make_graph(nodes, "colours", [image], [heat], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def figures(
    places: dict[str, tuple[float, float]], size: tuple[int, int] = (800, 480)
) -> tuple[np.ndarray, np.ndarray]:
    """An image of made-up people of 220 px, and their joints (P, 17, 2)."""
    mean, deviation = np.array([103.53, 116.28, 123.675]), np.array([57.375, 57.12, 58.395])
    image = np.tile(mean, (size[1], size[0], 1)).round().astype(np.uint8)
    joints = np.array([np.array(place) + 220.0 * (FIGURE - [0.5, 0.5]) for place in places.values()])
    for person in joints:
        for (x, y), colour in zip(np.round(person).astype(int), SPHERE[:, ::-1] * deviation + mean, strict=True):
            cv2.circle(image, (int(x), int(y)), 8, colour.round().tolist(), cv2.FILLED)
    return image, joints


def test_an_onnx_model_follows_several_people_who_keep_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "colours.onnx"
    colour_model(path)
    detector = pose_detector(str(path), max_people=2)
    ids, apart = [], []
    for frame in range(20):
        left, right = (130.0 + 8.0 * frame, 240.0), (650.0 - 4.0 * frame, 250.0)
        image, joints = figures({"left": left, "right": right} | ({"third": (400.0, 240.0)} if frame == 3 else {}))
        people = detector.detect(image)
        order = np.argsort(people.xy_px[:, 5, 0])
        ids.append(tuple(people.track_ids[k] for k in order))
        apart.append(np.linalg.norm(people.xy_px[order] - joints[:2], axis=2))
    assert len(set(ids)) == 1
    assert len(ids[0]) == 2
    assert np.max(apart) < 8.0  # within the blob

    # One leaves and comes back soon, near to where it was: the same person.
    for _ in range(5):
        (gone,) = detector.detect(figures({"left": left})[0]).track_ids
        assert gone == ids[0][0]
    for _ in range(16):
        people = detector.detect(figures({"left": left, "right": right})[0])
    assert sorted(people.track_ids) == sorted(ids[0])

    # Of one person at most, the second is not followed.
    alone = pose_detector(str(path))
    assert len(alone.detect(figures({"left": left, "right": right})[0])) == 1
    detector.close()
    alone.close()
