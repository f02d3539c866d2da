"""MediaPipe's BlazePose: one person, tracked by its own region of interest; works from the wheel alone."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from sport_nodes.capture.pose2d import Image, People
from sport_nodes.errors import InputError

#: Of BlazePose's 33 landmarks, those that are COCO's 17 joints, in COCO's order (MediaPipe's PoseLandmark).
COCO_FROM_BLAZEPOSE: Final = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
#: The only model in the wheel; 0 and 2 are downloaded on first use.
MODEL_COMPLEXITY: Final = 1
#: MediaPipe's own default for a person to be reported and followed.
MINIMUM_CONFIDENCE: Final = 0.5
#: An athlete who is found again within so many images is the same one.
LOST_IMAGES: Final = 30


class BlazePose:
    """Raises InputError when MediaPipe is not installed. Its smoothing over time is off: it would delay the joints."""

    def __init__(self) -> None:
        try:
            from mediapipe.python.solutions import pose
        except ImportError as error:
            raise InputError(
                f"MediaPipe is not there ({error}); install it (pip install --no-deps mediapipe==0.10.21) or give an "
                "ONNX pose model"
            ) from error
        self._pose: Any = pose.Pose(
            model_complexity=MODEL_COMPLEXITY,
            smooth_landmarks=False,
            min_detection_confidence=MINIMUM_CONFIDENCE,
            min_tracking_confidence=MINIMUM_CONFIDENCE,
        )
        self._track_id = 0
        self._unseen = 0

    def detect(self, image: Image) -> People:
        height, width = image.shape[:2]
        found = self._pose.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).pose_landmarks
        if found is None:
            self._unseen += 1
            return People.nobody()
        if self._unseen > LOST_IMAGES:
            self._track_id += 1
        self._unseen = 0
        landmarks = [found.landmark[i] for i in COCO_FROM_BLAZEPOSE]
        # MediaPipe counts from the image's edge; this project from the first pixel's centre, as OpenCV does.
        xy = np.array([[mark.x * width - 0.5, mark.y * height - 0.5] for mark in landmarks])
        confidence = np.clip([mark.visibility for mark in landmarks], 0.0, 1.0)
        xy[confidence == 0.0] = np.nan
        return People(xy[None], confidence[None], (self._track_id,))

    def close(self) -> None:
        self._pose.close()
