"""MediaPipe's BlazePose for several people, each followed by a region of interest; works from the wheel alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from sport_nodes.capture.pose2d import Image, People
from sport_nodes.capture.tracks import Seen, Tracks
from sport_nodes.errors import InputError

#: Of BlazePose's 33 landmarks, those that are COCO's 17 joints, in COCO's order (MediaPipe's PoseLandmark).
COCO_FROM_BLAZEPOSE: Final = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
#: The only model in the wheel; 0 and 2 are downloaded on first use.
MODEL_COMPLEXITY: Final = 1
#: The region is the circle about the hips that holds the whole body, so much enlarged (MediaPipe's own factor).
REGION_SCALE: Final = 1.25

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

    @property
    def extent(self) -> float:
        return self.size


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
        self._tracks: Tracks[Region] = Tracks(max_people, look=self._look, find=self._find)

    def detect(self, image: Image) -> People:
        return self._tracks.follow(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def close(self) -> None:
        self._search.close()
        self._landmark.close()

    def _find(self, rgb: Image, rest: Image) -> Seen[Region] | None:
        detections = self._search.process(rest).detections
        if not detections:
            return None
        height, width = rgb.shape[:2]
        seen = self._look(rgb, region_of(detections[0].location_data.relative_keypoints, width, height))
        # The search's region is coarse; a second look, where the first one found the body, sits right.
        return seen and self._look(rgb, seen.region)

    def _look(self, rgb: Image, region: Region) -> Seen[Region] | None:
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
        return Seen(region_of(found.auxiliary.landmark, width, height), xy, confidence)


def region_of(points: Sequence[Any], width: int, height: int) -> Region:
    """Of BlazePose's two alignment points (0..1 of the image): between the hips, and on the circle about the body."""
    x, y = points[0].x * width, points[0].y * height
    right, up = points[1].x * width - x, y - points[1].y * height
    return Region(x, y, 2.0 * REGION_SCALE * math.hypot(right, up), 0.5 * math.pi - math.atan2(up, right))
