"""2D pose in one image: what every detector offers, and which one is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.skeleton import JOINT_COUNT

Array = NDArray[np.float64]
Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class People:
    """The people in one image.

    xy_px: (P, 17, 2) in COCO order, NaN where a joint was not found; confidence: (P, 17), 0 there.
    track_ids: one a person, the same while in view.
    """

    xy_px: Array
    confidence: Array
    track_ids: tuple[int, ...]

    @classmethod
    def nobody(cls) -> People:
        return cls(np.zeros((0, JOINT_COUNT, 2)), np.zeros((0, JOINT_COUNT)), ())

    def __len__(self) -> int:
        return len(self.track_ids)


class PoseDetector(Protocol):
    """Follows people from image to image of one camera; one instance a camera."""

    def detect(self, image: Image) -> People:
        """The people in a BGR image (H, W, 3)."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


def pose_detector(model: str = "", max_people: int = 1) -> PoseDetector:
    """A detector: MediaPipe's without a model, else the ONNX file at that path (heatmap or SimCC output).

    Raises InputError when the library or the file is missing, the model is of neither kind, or for fewer than one.
    """
    if max_people < 1:
        raise InputError(f"at most {max_people} people makes no sense; expected 1 or more")
    if model:
        from sport_nodes.capture.onnx_pose import OnnxPose

        return OnnxPose(model, max_people)
    from sport_nodes.capture.blazepose import BlazePose

    return BlazePose(max_people)
