"""Commands for the lab: detect, doctor, erase."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from sport_nodes.cli import FAULT, OK, Output
from sport_nodes.commands.options import add_json, add_output

PROGRESS_EVERY_IMAGES = 30


def register(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    parser = commands.add_parser("detect", help="2D keypoints of a video or image folder, as OpenPose-style JSON")
    parser.add_argument(
        "video", type=Path, metavar="VIDEO", help="a video, a folder of images, or a folder with one video a camera"
    )
    parser.add_argument("--model", default="", metavar="FILE", help="pose ONNX (default: MediaPipe's own)")
    parser.add_argument("--people", type=int, default=1, metavar="N", help="follow at most N people (default: 1)")
    add_output(parser, "folder for one JSON file an image; for several videos, a trial that `sport fuse` reads")
    add_json(parser)
    parser.set_defaults(handler=detect_command)

    parser = commands.add_parser("doctor", help="what this machine has and lacks")
    add_json(parser)
    parser.set_defaults(handler=doctor_command)

    parser = commands.add_parser("erase", help="remove everything stored about one athlete")
    parser.add_argument("athlete", metavar="ATHLETE", help="the pseudonym")
    parser.add_argument("--store", default="", metavar="DIR", help="folder of trials (default: the data directory)")
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        metavar="DIR",
        help="a data set; may be repeated (default: datasets/ there)",
    )
    parser.add_argument("--runs", type=Path, action="append", metavar="DIR", help="training runs (default: there too)")
    add_json(parser)
    parser.set_defaults(handler=erase_command)


def detect_command(options: argparse.Namespace) -> Output:
    from sport_nodes.capture.detect import detect_trial, detect_video, videos_in

    def progress(images: int) -> None:
        if images % PROGRESS_EVERY_IMAGES == 0:
            print(f"{images} images", file=sys.stderr)

    settings: dict[str, Any] = {"model": options.model, "max_people": options.people, "progress": progress}
    videos = videos_in(options.video)
    if videos:
        all_found = detect_trial(videos, options.output, **settings)
    else:
        all_found = [detect_video(options.video, options.output, **settings)]
    keys = ("images", "with_person", "rate_hz", "video_rate_hz")
    data = [{key: getattr(found, key) for key in keys} | {"folder": str(found.folder)} for found in all_found]
    lines = [
        f"{f.with_person} of {f.images} images with a person, {f.rate_hz:.0f} a second, in {f.folder}"
        for f in all_found
    ]
    return Output({"videos": data} if videos else data[0], "\n".join(lines))


def doctor_command(options: argparse.Namespace) -> Output:
    from sport_nodes.doctor import examine

    checks = examine()
    lines = [f"{'ok' if c.ok else '--':3s} {c.name:18s} {c.found}{f'; {c.mend}' if not c.ok else ''}" for c in checks]
    data = [{"name": c.name, "ok": c.ok, "required": c.required, "found": c.found, "mend": c.mend} for c in checks]
    healthy = all(c.ok for c in checks if c.required)
    return Output(data, "\n".join(lines), OK if healthy else FAULT)


def erase_command(options: argparse.Namespace) -> Output:
    import dataclasses

    from sport_nodes.erasing import erase_athlete
    from sport_nodes.paths import data_directory
    from sport_nodes.store import TrialStore
    from sport_nodes.training.runs import default_runs_directory

    datasets = options.data or [path.parent for path in data_directory().glob("datasets/*/dataset.json")]
    runs = options.runs or [default_runs_directory()]
    erased = erase_athlete(options.athlete, store=TrialStore.at(options.store), datasets=datasets, runs=runs)
    lines = [
        f"{erased.files} files, {erased.dataset_rows} trials in data sets and {erased.marked} in teachers' standards "
        f"of '{options.athlete}' removed"
    ]
    lines += [f"a model had seen this person ({part} data): {run}; train it again" for run, part in erased.seen_by]
    return Output(dataclasses.asdict(erased), "\n".join(lines))
