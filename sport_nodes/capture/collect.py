"""Board images from a running camera: the good ones are kept, and it is said which are still missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2

from sport_nodes.capture.boards import Board, BoardView, find_board
from sport_nodes.capture.camera import CameraSettings, camera_source
from sport_nodes.capture.coverage import Coverage
from sport_nodes.capture.pose2d import Image
from sport_nodes.capture.source import READ_TIMEOUT_S, each_sample
from sport_nodes.errors import InputError


@dataclass(frozen=True)
class Collected:
    """images: how many lie in the folder; needed: what is still missing, in words."""

    images: int
    needed: tuple[str, ...]


def collect_images(
    settings: CameraSettings,
    board: Board,
    folder: Path,
    *,
    tell: Callable[[int, list[str]], None],
    show: Callable[[Image, BoardView, Coverage], None] | None = None,
) -> Collected:
    """Watch a camera (or a recording) until its board images suffice, or the recording ends.

    tell: called after every image that was kept, with their number and what is still needed; show: after every image.
    Images are called 000.png, 001.png, ...
    Raises InputError when the camera does not open or the folder cannot be written.
    """
    source = camera_source(settings)
    coverage: Coverage | None = None
    source.open()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sample in each_sample(source, READ_TIMEOUT_S):
            height, width = sample.data.shape[:2]
            coverage = coverage or Coverage((width, height))
            view = find_board(sample.data, board)
            if coverage.take(view):
                cv2.imwrite(str(folder / f"{coverage.images - 1:03d}.png"), sample.data)
                tell(coverage.images, coverage.needed())
            if show:
                show(sample.data, view, coverage)
            if not coverage.needed():
                break
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    finally:
        source.close()
    if coverage is None:
        raise InputError(f"{settings.device}: gave no image; is it a camera, and running?")
    return Collected(coverage.images, tuple(coverage.needed()))
