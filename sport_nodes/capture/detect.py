"""2D keypoints of whole videos, written as OpenPose does: one JSON an image, several videos as a trial of Pose2Sim."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from sport_nodes.capture.camera import VIDEO_SUFFIXES, CameraSettings, camera_source
from sport_nodes.capture.pose2d import People, PoseDetector, pose_detector
from sport_nodes.capture.source import each_sample
from sport_nodes.errors import InputError

#: Version of OpenPose's JSON that these files follow.
OPENPOSE_VERSION: Final = 1.3
#: A read of a recording never waits; the value is what the interface asks for [s].
FILE_TIMEOUT_S: Final = 0.0


@dataclass(frozen=True)
class Detected:
    """What `detect_video` did.

    rate_hz: images worked on a second, reading and writing included; video_rate_hz: the video's own.
    """

    images: int
    with_person: int
    rate_hz: float
    video_rate_hz: float
    folder: Path


def detect_video(
    path: str | Path,
    folder: str | Path,
    *,
    detector: PoseDetector | None = None,
    model: str = "",
    max_people: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Detected:
    """Find people in every image of a video or image folder; write `<stem>_<12 digits>_keypoints.json` into `folder`.

    model, max_people: of `pose_detector`, where no detector is given.
    Raises InputError when the video cannot be read or the folder cannot be written.
    """
    path, folder = Path(path), Path(folder)
    source = camera_source(CameraSettings(str(path)))
    source.open()
    found = detector or pose_detector(model, max_people)
    images = with_person = 0
    begin_s = time.perf_counter()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sample in each_sample(source, FILE_TIMEOUT_S):
            people = found.detect(sample.data)
            file = folder / f"{path.stem}_{images:012d}_keypoints.json"
            file.write_text(json.dumps(openpose_json(people)), encoding="utf-8")
            images, with_person = images + 1, with_person + bool(len(people))
            if progress:
                progress(images)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
    finally:
        source.close()
        if detector is None:
            found.close()
    rate_hz = images / (time.perf_counter() - begin_s)
    return Detected(images, with_person, rate_hz, source.nominal_rate_hz, folder)


def videos_in(path: Path) -> list[Path]:
    """The videos of a folder, by name; none where it is a folder of images, or no folder."""
    return sorted(p for p in path.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES) if path.is_dir() else []


def detect_trial(
    videos: Sequence[Path],
    folder: Path,
    *,
    model: str = "",
    max_people: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[Detected]:
    """Every camera's video of one trial into `folder`/pose/<stem>_json, with the Config.toml that `sport fuse` reads.

    Raises InputError as `detect_video`, and when the videos have different rates.
    """
    done = [
        detect_video(
            video, folder / "pose" / f"{video.stem}_json", model=model, max_people=max_people, progress=progress
        )
        for video in videos
    ]
    rates = {round(found.video_rate_hz, 3) for found in done}
    if len(rates) > 1:
        found_hz = ", ".join(map(str, sorted(rates)))
        raise InputError(f"the videos have {found_hz} images a second; convert them to one rate")
    config = f'[project]\nframe_rate = {rates.pop():g}\n[pose]\npose_model = "COCO_17"\n'
    (folder / "Config.toml").write_text(config, encoding="utf-8")
    return done


def openpose_json(people: People) -> dict[str, Any]:
    """OpenPose's structure with 17 COCO keypoints a person; 0, 0, 0 is its way to say "not found"."""
    entries = []
    for xy, confidence, track_id in zip(people.xy_px, people.confidence, people.track_ids, strict=True):
        values: list[float] = []
        for (x, y), c in zip(xy.tolist(), confidence.tolist(), strict=True):
            values += [round(x, 3), round(y, 3), round(c, 6)] if math.isfinite(x) else [0.0, 0.0, 0.0]
        entries.append({"person_id": [track_id], "pose_keypoints_2d": values})
    return {"version": OPENPOSE_VERSION, "people": entries}


def people_from_openpose(data: dict[str, Any]) -> People:
    """The first 17 keypoints (COCO, BODY_25B, HALPE order) of OpenPose JSON; zeros become NaN.

    Raises InputError when it is not such JSON.
    """
    try:
        people = [np.array(p["pose_keypoints_2d"], dtype=np.float64).reshape(-1, 3) for p in data["people"]]
        ids = tuple(int((p.get("person_id") or [-1])[0]) for p in data["people"])
        joints = np.array([p[:17] for p in people]).reshape(len(people), 17, 3)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not OpenPose JSON with at least 17 keypoints ({error!r})") from error
    xy, confidence = joints[..., :2].copy(), joints[..., 2]
    xy[confidence <= 0] = np.nan
    return People(xy, np.clip(confidence, 0.0, 1.0), ids)
