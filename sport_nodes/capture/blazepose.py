"""MediaPipe's BlazePose for several people, each followed by a region of interest; works from the wheel alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from sport_nodes.capture.pose2d import Array, Image, People
from sport_nodes.errors import InputError

#: Of BlazePose's 33 landmarks, those that are COCO's 17 joints, in COCO's order (MediaPipe's PoseLandmark).
COCO_FROM_BLAZEPOSE: Final = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
#: The only model in the wheel; 0 and 2 are downloaded on first use.
MODEL_COMPLEXITY: Final = 1
#: The region is the circle about the hips that holds the whole body, so much enlarged (MediaPipe's own factor).
REGION_SCALE: Final = 1.25
#: While there is room for more people, they are looked for in every so many images; the look costs a whole inference.
SEARCH_EVERY: Final = 15
#: Two people whose hips are nearer than this part of the region's size are one.
SAME_PERSON: Final = 0.15
#: A person is blanked out by the box about the joints, grown by this part of its height to each side.
BLANK_MARGIN: Final = 0.1
GREY: Final = 128
#: Somebody who is found again within so many images, within this part of the region's size, is the same person.
LOST_IMAGES: Final = 30
LOST_REACH: Final = 0.5

#: MediaPipe's own two halves of its pose graph: people in an image, and one person's landmarks in a region.
SEARCH_GRAPH: Final = """
input_stream: "image" output_stream: "detections"
node { calculator: "PoseDetectionCpu" input_stream: "IMAGE:image" output_stream: "DETECTIONS:detections" }
"""
LANDMARK_GRAPH: Final = """
input_stream: "image" input_stream: "roi" output_stream: "landmarks" output_stream: "auxiliary"
input_side_packet: "model_complexity" input_side_packet: "enable_segmentation"
node {
  calculator: "PoseLandmarkByRoiCpu"
  input_side_packet: "MODEL_COMPLEXITY:model_complexity" input_side_packet: "ENABLE_SEGMENTATION:enable_segmentation"
  input_stream: "IMAGE:image" input_stream: "ROI:roi"
  output_stream: "LANDMARKS:landmarks" output_stream: "AUXILIARY_LANDMARKS:auxiliary"
}
"""


@dataclass(frozen=True)
class Region:
    """A turned square [px]; angle_rad from upright, clockwise in the image."""

    x: float
    y: float
    size: float
    angle_rad: float

    def holds(self, other: Region, part: float) -> bool:
        """Whether the other's middle lies within this part of the larger one's size."""
        return math.hypot(self.x - other.x, self.y - other.y) < part * max(self.size, other.size)


@dataclass(frozen=True, eq=False)
class _Seen:
    """One person in one image; region: where to look for the person in the next."""

    region: Region
    xy_px: Array
    confidence: Array


@dataclass
class _Track:
    track_id: int
    seen: _Seen
    unseen: int = 0


class BlazePose:
    """Follows at most max_people; not smoothed over time, which would delay the joints.

    Raises InputError when MediaPipe is not installed.
    """

    def __init__(self, max_people: int = 1) -> None:
        try:
            from mediapipe.framework.formats.rect_pb2 import NormalizedRect
            from mediapipe.python.solution_base import SolutionBase
            from mediapipe.python.solutions import pose  # noqa: F401  brings the pose graphs
        except ImportError as error:
            raise InputError(
                f"MediaPipe is not there ({error}); install it (pip install --no-deps mediapipe==0.10.21) or give an "
                "ONNX pose model"
            ) from error
        self._rect: Any = NormalizedRect
        self._search: Any = SolutionBase(graph_config=SEARCH_GRAPH)
        self._landmark: Any = SolutionBase(
            graph_config=LANDMARK_GRAPH,
            side_inputs={"model_complexity": MODEL_COMPLEXITY, "enable_segmentation": False},
        )
        self._max_people = max_people
        self._tracks: list[_Track] = []
        self._lost: list[_Track] = []
        self._next_id = 0
        self._images = 0

    def detect(self, image: Image) -> People:
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        for track in list(self._tracks):
            seen = self._look(rgb, track.seen.region)
            others = [t.seen.region for t in self._tracks if t is not track]
            if seen is None or any(seen.region.holds(region, SAME_PERSON) for region in others):
                self._tracks.remove(track)
                self._lost.append(track)
            else:
                track.seen = seen
        if len(self._tracks) < self._max_people and (not self._tracks or self._images % SEARCH_EVERY == 0):
            self._find_more(rgb)
        self._images += 1
        for track in self._lost:
            track.unseen += 1
        self._lost = [t for t in self._lost if t.unseen <= LOST_IMAGES]
        if not self._tracks:
            return People.nobody()
        return People(
            np.stack([t.seen.xy_px for t in self._tracks]),
            np.stack([t.seen.confidence for t in self._tracks]),
            tuple(t.track_id for t in self._tracks),
        )

    def close(self) -> None:
        self._search.close()
        self._landmark.close()

    def _find_more(self, rgb: Image) -> None:
        """People who are not followed yet, one after the other: what the search finds of two at once lies between."""
        rest = rgb.copy()
        for track in self._tracks:
            _blank(rest, track.seen.xy_px)
        while len(self._tracks) < self._max_people:
            detections = self._search.process(rest).detections
            if not detections:
                return
            height, width = rgb.shape[:2]
            seen = self._look(rgb, region_of(detections[0].location_data.relative_keypoints, width, height))
            # The search's region is coarse; a second look, where the first one found the body, sits right.
            seen = seen and self._look(rgb, seen.region)
            if seen is None or any(t.seen.region.holds(seen.region, SAME_PERSON) for t in self._tracks):
                return
            self._tracks.append(self._known(seen))
            _blank(rest, seen.xy_px)

    def _known(self, seen: _Seen) -> _Track:
        for track in self._lost:
            if track.seen.region.holds(seen.region, LOST_REACH):
                self._lost.remove(track)
                return _Track(track.track_id, seen)
        self._next_id += 1
        return _Track(self._next_id - 1, seen)

    def _look(self, rgb: Image, region: Region) -> _Seen | None:
        """The person in this region; None where there is nobody."""
        height, width = rgb.shape[:2]
        roi = self._rect(
            x_center=region.x / width,
            y_center=region.y / height,
            width=region.size / width,
            height=region.size / height,
            rotation=region.angle_rad,
        )
        found = self._landmark.process({"image": rgb, "roi": roi})
        if found.landmarks is None:
            return None
        marks = [found.landmarks.landmark[i] for i in COCO_FROM_BLAZEPOSE]
        # MediaPipe counts from the image's edge; this project from the first pixel's centre, as OpenCV does.
        xy = np.array([[mark.x * width - 0.5, mark.y * height - 0.5] for mark in marks])
        confidence = np.clip([mark.visibility for mark in marks], 0.0, 1.0)
        xy[confidence == 0.0] = np.nan
        return _Seen(region_of(found.auxiliary.landmark, width, height), xy, confidence)


def region_of(points: Sequence[Any], width: int, height: int) -> Region:
    """Of BlazePose's two alignment points (0..1 of the image): between the hips, and on the circle about the body."""
    x, y = points[0].x * width, points[0].y * height
    right, up = points[1].x * width - x, y - points[1].y * height
    return Region(x, y, 2.0 * REGION_SCALE * math.hypot(right, up), 0.5 * math.pi - math.atan2(up, right))


def _blank(rgb: Image, xy_px: Array) -> None:
    """Grey where this person is, so that a search finds somebody else."""
    low, high = np.nanmin(xy_px, axis=0), np.nanmax(xy_px, axis=0)
    margin = BLANK_MARGIN * (high[1] - low[1])
    left, top = np.maximum(low - margin, 0).astype(int)
    right, bottom = np.maximum(high + margin, 0).astype(int)
    rgb[top:bottom, left:right] = GREY
