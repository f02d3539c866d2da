"""Top-down pose models as ONNX: heatmaps (HRNet, ViTPose) and SimCC (RTMPose), each person's region tracked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from sport_nodes.capture.pose2d import Array, Image, People
from sport_nodes.capture.tracks import Seen, Tracks
from sport_nodes.errors import InputError
from sport_nodes.skeleton import JOINT_COUNT

#: Where the model runs, the fastest first: on a Jetson, ONNX Runtime hands it to TensorRT.
PROVIDERS: Final = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")
#: Mean and deviation of ImageNet's channels (R, G, B; 0..255), with which these models are trained.
IMAGENET_MEAN: Final = np.array([123.675, 116.28, 103.53], dtype=np.float32)
IMAGENET_DEVIATION: Final = np.array([58.395, 57.12, 57.375], dtype=np.float32)
#: The region is the person's box, so many times enlarged (as in the models' training).
REGION_SCALE: Final = 1.25
#: Joints below this do not shape the region; fewer than REGION_JOINTS of them and the person is lost.
REGION_CONFIDENCE: Final = 0.3
REGION_JOINTS: Final = 6
#: Nobody who is smaller than this in the image can be told from noise.
SMALLEST_REGION_PX: Final = 32.0
#: A search looks at the whole image and at windows as high as it is, so much of their width apart: in a window there
#: may be one person where in the whole there are two, whose joints the model would mix.
WINDOW_STEP: Final = 0.5
#: A wide image has four windows: with nobody in view, searching costs about as much as following one person does.
IDLE_EVERY: Final = 5
#: In a window a person is small; so many more looks, each at the box of the last, settle on the person.
SETTLING_LOOKS: Final = 2
#: SimCC cuts each pixel of the input into two bins (RTMPose).
SIMCC_SPLIT: Final = 2.0


@dataclass(frozen=True)
class Region:
    """An upright box of the model's shape [px]; x, y: its middle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def extent(self) -> float:
        return max(self.width, self.height)


class OnnxPose:
    """Follows at most max_people with a single-person (top-down) model of COCO's 17 joints.

    Raises InputError when the file is not such a model.
    """

    def __init__(self, path: str, max_people: int = 1) -> None:
        if not Path(path).is_file():
            raise InputError(f"{path}: there is no such pose model; give the path of an ONNX file")
        import onnxruntime

        try:
            available = onnxruntime.get_available_providers()
            providers = [provider for provider in PROVIDERS if provider in available]
            self._session: Any = onnxruntime.InferenceSession(path, providers=providers)
        except Exception as error:  # onnxruntime raises classes of its own that share no base but Exception
            raise InputError(f"{path}: not an ONNX model that loads ({str(error).splitlines()[0]})") from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape = inputs[0].shape
        kind = [len(output.shape) for output in outputs[:2]]
        if len(shape) != 4 or not all(isinstance(v, int) for v in shape[2:]) or kind not in ([4], [3, 3]):
            raise InputError(
                f"{path}: expected an image (1, 3, H, W) in and heatmaps (1, 17, h, w) or SimCC (1, 17, bins) x 2 out, "
                f"found {shape} and {[output.shape for output in outputs]}"
            )
        if outputs[0].shape[1] != JOINT_COUNT:
            raise InputError(f"{path}: finds {outputs[0].shape[1]} joints, expected COCO's {JOINT_COUNT}")
        self._input = inputs[0].name
        self._size = (int(shape[3]), int(shape[2]))
        self._tracks: Tracks[Region] = Tracks(max_people, look=self._look, find=self._find, idle_every=IDLE_EVERY)

    def detect(self, image: Image) -> People:
        return self._tracks.follow(image)

    def close(self) -> None:
        self._session = None

    def _find(self, image: Image, rest: Image) -> Seen[Region] | None:
        """Whom the model is surest of, in whichever window."""
        seen = [found for region in windows(rest, self._size) if (found := self._look(rest, region)) is not None]
        best = max(seen, key=lambda found: float(found.confidence.mean()), default=None)
        for _ in range(SETTLING_LOOKS - 1):
            best = best and self._look(rest, best.region)
        return best and self._look(image, best.region)

    def _look(self, image: Image, region: Region) -> Seen[Region] | None:
        """The person in a region; None where there is nobody."""
        to_input = region_to_input(region, self._size)
        crop = cv2.warpAffine(image, to_input, self._size, flags=cv2.INTER_LINEAR)
        normal = (crop[..., ::-1].astype(np.float32) - IMAGENET_MEAN) / IMAGENET_DEVIATION
        found = self._session.run(None, {self._input: normal.transpose(2, 0, 1)[None]})
        xy, confidence = decode_heatmaps(found[0][0], self._size) if found[0].ndim == 4 else decode_simcc(*found[:2])
        back = cv2.invertAffineTransform(to_input)
        xy = xy @ back[:, :2].T + back[:, 2]
        box = region_of(xy, confidence, self._size)
        if box is None:
            return None
        xy[confidence <= 0.0] = np.nan
        return Seen(box, xy, np.clip(confidence, 0.0, 1.0))


def windows(image: Image, size: tuple[int, int]) -> list[Region]:
    """Where to search: the whole image, and windows over it that are as high."""
    height, width = image.shape[:2]
    window = height * size[0] / size[1]
    steps = math.ceil(max(width - window, 0.0) / (WINDOW_STEP * window))
    middles = np.linspace(0.5 * window, width - 0.5 * window, steps + 1) - 0.5
    parts = [Region(float(x), 0.5 * (height - 1), window, height) for x in middles]
    return [whole_image(image, size), *(parts if steps else ())]


def whole_image(image: Image, size: tuple[int, int]) -> Region:
    """The region of the input's shape that holds the whole image."""
    height, width = image.shape[:2]
    return _shaped(0.5 * (width - 1), 0.5 * (height - 1), float(width), float(height), size)


def region_of(xy: Array, confidence: Array, size: tuple[int, int]) -> Region | None:
    """The region around the joints that were found; None when there are too few."""
    good = confidence >= REGION_CONFIDENCE
    if good.sum() < REGION_JOINTS:
        return None
    low, high = xy[good].min(axis=0), xy[good].max(axis=0)
    (x, y), (width, height) = 0.5 * (low + high), np.maximum(REGION_SCALE * (high - low), SMALLEST_REGION_PX)
    return _shaped(float(x), float(y), float(width), float(height), size)


def region_to_input(region: Region, size: tuple[int, int]) -> Array:
    """(2, 3) affine map from the image to the model's input, pixel centres at whole numbers."""
    scale = size[0] / region.width
    x, y = scale * region.x, scale * region.y
    return np.array([[scale, 0.0, 0.5 * size[0] - x - 0.5], [0.0, scale, 0.5 * size[1] - y - 0.5]])


def decode_heatmaps(heatmaps: NDArray[np.float32], size: tuple[int, int]) -> tuple[Array, Array]:
    """(J, h, w) to (J, 2) input pixels and (J,) peak heights; a quarter pixel towards the higher neighbour."""
    joints, height, width = heatmaps.shape
    flat = heatmaps.reshape(joints, -1)
    peak = flat.argmax(axis=1)
    y, x = np.divmod(peak, width)
    at = np.arange(joints)
    padded = np.pad(heatmaps, ((0, 0), (1, 1), (1, 1)), mode="edge")
    shift_x = np.sign(padded[at, y + 1, x + 2] - padded[at, y + 1, x])
    shift_y = np.sign(padded[at, y + 2, x + 1] - padded[at, y, x + 1])
    cells = np.stack([x + 0.25 * shift_x, y + 0.25 * shift_y], axis=1)
    xy = (cells + 0.5) * [size[0] / width, size[1] / height] - 0.5
    return xy, flat[at, peak].astype(np.float64)


def decode_simcc(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[Array, Array]:
    """(1, J, bins) along x and y to (J, 2) input pixels and (J,) confidence, the lower of the two peaks."""
    xy = np.stack([x[0].argmax(axis=1), y[0].argmax(axis=1)], axis=1) / SIMCC_SPLIT
    confidence = np.minimum(x[0].max(axis=1), y[0].max(axis=1))
    return xy.astype(np.float64), confidence.astype(np.float64)


def _shaped(x: float, y: float, width: float, height: float, size: tuple[int, int]) -> Region:
    """Grown to the input's aspect ratio."""
    aspect = size[0] / size[1]
    return Region(x, y, max(width, height * aspect), max(height, width / aspect))
