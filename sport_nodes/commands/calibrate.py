"""`sport calibrate`: cameras from images of a board, IMU mountings from a standing athlete, other programs' files."""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sport_nodes.cli import Output
from sport_nodes.commands.options import add_json, add_output, add_rig
from sport_nodes.errors import InputError

BOARD_HELP: Final = (
    "charuco:COLUMNSxROWS:SQUARE_M:MARKER_M:DICTIONARY (squares, as in charuco:8x6:0.05:0.037:5X5_100) or "
    "checkerboard:COLUMNSxROWS:SQUARE_M (inner corners, as in checkerboard:7x4:0.06)"
)
#: Where `--view` is, if not said otherwise.
VIEW_PORT: Final = 8008
#: Who may be in its picture: the one who holds the board, and one who helps.
VIEW_PEOPLE: Final = 2


def register(commands: Any) -> None:
    """Add the parsers of this module's commands."""
    parser = commands.add_parser("calibrate", help="cameras, rig, IMU placement")
    kinds = parser.add_subparsers(dest="calibrate_command", metavar="WHAT", required=True)

    parser = kinds.add_parser("board", help="draw a ChArUco board to print")
    parser.add_argument("--board", required=True, help=BOARD_HELP)
    add_output(parser, "PDF file")
    parser.set_defaults(handler=board_command)

    parser = kinds.add_parser("collect", help="take board images with one camera, and say which are still needed")
    parser.add_argument(
        "device", metavar="DEVICE", help="as the camera node's parameter: number, /dev path, video, ..."
    )
    parser.add_argument("--board", required=True, help=BOARD_HELP)
    parser.add_argument("--size", default="1280x720", metavar="WxH", help="of a live camera's images [px]")
    parser.add_argument(
        "--view",
        nargs="?",
        type=int,
        const=VIEW_PORT,
        metavar="PORT",
        help=f"show what is covered on http://127.0.0.1:PORT (default {VIEW_PORT}), to this machine only, faces coarse",
    )
    add_output(parser, "the camera's folder, named after it")
    add_json(parser)
    parser.set_defaults(handler=collect_command)

    parser = kinds.add_parser("cameras", help="intrinsics and places from images of a board")
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="one folder a camera, named after it; images called floor*, mark* and together* show one moment to all",
    )
    parser.add_argument("--board", required=True, help=BOARD_HELP)
    parser.add_argument("--depth", default="", metavar="NAME", help="which folder is the depth camera's colour image")
    add_output(parser, "rig YAML to write")
    add_json(parser)
    parser.set_defaults(handler=cameras_command)

    parser = kinds.add_parser("refine", help="place a camera that was moved anew, from a trial that the others saw too")
    parser.add_argument("bag", type=Path, metavar="BAG", help="recorded with the rig as it stands now")
    parser.add_argument("--camera", required=True, metavar="NAME", help="the one that was moved")
    add_rig(parser)
    add_output(parser, "rig YAML to write")
    add_json(parser)
    parser.set_defaults(handler=refine_command)

    parser = kinds.add_parser("stand", help="how the cameras stand after calibration, for the rig node to compare with")
    parser.add_argument(
        "bag", type=Path, metavar="BAG", help="a person who moves about, before anybody touches a camera"
    )
    add_rig(parser)
    add_output(parser, "YAML for the rig node's parameter 'stand'")
    add_json(parser)
    parser.set_defaults(handler=stand_command)

    parser = kinds.add_parser("imus", help="how each IMU sits on its segment")
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="<imu>.csv of each IMU while standing still, and bow.csv of the trunk's",
    )
    add_rig(parser)
    add_output(parser, "rig YAML to write")
    add_json(parser)
    parser.set_defaults(handler=imus_command)

    parser = kinds.add_parser(
        "which", help="which IMU is on which segment, from a routine that moves one after another"
    )
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="one CSV an IMU, recorded together: stand, bow, bend left elbow, right elbow, lift left knee, right knee",
    )
    add_json(parser)
    parser.set_defaults(handler=which_command)

    parser = kinds.add_parser(
        "convert", help="Pose2Sim/Anipose TOML or a ROS camera_info YAML to a rig YAML, or back, by the paths' endings"
    )
    parser.add_argument("calibration", type=Path, metavar="FILE")
    parser.add_argument("--rig", default="", metavar="RIG", help="the rig whose camera a camera_info YAML is of")
    add_output(parser, "a rig YAML; or a TOML; or a folder for one camera_info YAML a camera")
    parser.set_defaults(handler=convert_command)


def parse_board(text: str) -> Any:
    """A Board as BOARD_HELP says. Raises InputError."""
    from sport_nodes.capture.boards import Board

    kind, *parts = text.split(":")
    try:
        columns, rows = (int(v) for v in parts[0].split("x"))
        if kind == "charuco":
            square, marker, dictionary = parts[1:]
            return Board(columns, rows, float(square), float(marker), dictionary)
        if kind == "checkerboard":
            (square,) = parts[1:]
            return Board(columns, rows, float(square))
    except (ValueError, IndexError) as error:
        raise InputError(f"board '{text}' is not understood; expected {BOARD_HELP}") from error
    raise InputError(f"unknown kind of board '{kind}'; expected {BOARD_HELP}")


def board_command(options: argparse.Namespace) -> Output:
    from sport_nodes.capture.board_pdf import write_board_pdf

    if options.output.suffix.lower() != ".pdf":
        raise InputError(f"{options.output}: the board is written as PDF; expected a path that ends in .pdf")
    page_m = write_board_pdf(parse_board(options.board), options.output)
    size = f"{page_m[0] * 1e3:.0f} x {page_m[1] * 1e3:.0f} mm"
    return Output(text=f"{options.output}: print its page ({size}) at 100 %, on something flat, and measure a square")


def collect_command(options: argparse.Namespace) -> Output:
    from sport_nodes.capture.camera import CameraSettings
    from sport_nodes.capture.collect import collect_images
    from sport_nodes.capture.coverage_view import CoverageView
    from sport_nodes.capture.local_page import LocalPage
    from sport_nodes.capture.pose2d import pose_detector

    def tell(images: int, needed: list[str]) -> None:
        print(f"{images} images; still needed: {'; '.join(needed) or 'nothing'}", file=sys.stderr)

    try:
        width_px, height_px = (int(v) for v in options.size.split("x"))
    except ValueError as error:
        raise InputError(f"size '{options.size}' is not understood; expected WxH, as in 1280x720") from error
    settings, board = CameraSettings(options.device, width_px, height_px), parse_board(options.board)
    with ExitStack() as stack:
        show = None
        if options.view is not None:
            detector = pose_detector(max_people=VIEW_PEOPLE)
            stack.callback(detector.close)
            page = LocalPage(options.output.name, options.view)
            stack.callback(page.close)
            print(f"what is covered: {page.url}", file=sys.stderr)
            show = CoverageView(page, detector).show
        found = collect_images(settings, board, options.output, tell=tell, show=show)
    text = f"{found.images} images in {options.output}; still needed: {'; '.join(found.needed) or 'nothing'}"
    return Output({"images": found.images, "needed": list(found.needed)}, text)


def cameras_command(options: argparse.Namespace) -> Output:
    from sport_nodes.capture.camera import IMAGE_SUFFIXES, read_image
    from sport_nodes.capture.rig_calibration import calibrate_rig
    from sport_nodes.rig import save_rig

    if not options.folder.is_dir():
        raise InputError(f"{options.folder}: there is no such folder")
    images: dict[str, dict[str, Any]] = {}
    for folder in sorted(p for p in options.folder.iterdir() if p.is_dir()):
        files = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        images[folder.name] = {p.stem: read_image(p) for p in files}
    empty = [name for name, taken in images.items() if not taken]
    if empty or not images:
        raise InputError(
            f"{options.folder}: {', '.join(empty) or 'it'} holds no images; expected one folder a camera (camera_0, "
            f"kinect, ...) with {', '.join(IMAGE_SUFFIXES)}"
        )
    rig, seen, placed = calibrate_rig(options.output.stem, images, parse_board(options.board), depth=options.depth)
    save_rig(rig, options.output)
    data = {
        "cameras": {
            name: {"error_px": found.error_px, "views": found.views, "rejected": list(found.rejected)}
            for name, found in seen.items()
        },
        "placed": {"error_px": placed.error_px, "shared": placed.shared},
    }
    lines = [f"{name}: {found.error_px:.2f} px from {found.views} images" for name, found in seen.items()]
    lines += [f"  left out: {reason}" for found in seen.values() for reason in found.rejected]
    lines += [f"placed by {placed.shared} moments that cameras share, {placed.error_px:.2f} px off"]
    return Output(data, "\n".join([*lines, f"written: {options.output}"]))


def refine_command(options: argparse.Namespace) -> Output:
    from sport_nodes.fusion.rig_refine import refine_camera
    from sport_nodes.io.bag import read_recording
    from sport_nodes.rig import load_rig, save_rig
    from sport_nodes.sync.align import align_recording

    rig = load_rig(options.rig)
    found = refine_camera(align_recording(read_recording(options.bag), rig), rig, options.camera)
    save_rig(found.rig, options.output)
    figures = {key: getattr(found, key) for key in ("before_px", "after_px", "turned_deg", "moved_m")}
    return Output(
        figures,
        f"{options.camera} had turned by {found.turned_deg:.1f} deg and moved by {1e3 * found.moved_m:.0f} mm: "
        f"{found.before_px:.1f} px off the others, now {found.after_px:.1f}; written: {options.output}",
    )


def stand_command(options: argparse.Namespace) -> Output:
    from sport_nodes.fusion.rig_stand import learn_stand, save_stand
    from sport_nodes.io.bag import read_recording
    from sport_nodes.rig import load_rig
    from sport_nodes.sync.align import align_recording

    rig = load_rig(options.rig)
    known = learn_stand(align_recording(read_recording(options.bag), rig), rig)
    save_stand(known, rig, options.output)
    scale = float((known.surprise / known.numbers).mean())
    text = f"errors of the keypoints {scale**0.5:.1f} times what is usual; written: {options.output}"
    return Output({"error_scale": scale**0.5}, text)


def imus_command(options: argparse.Namespace) -> Output:
    from sport_nodes.capture.imu import read_imu_csv
    from sport_nodes.capture.imu_mounting import check_heading, heading_of_bow, mounting
    from sport_nodes.rig import load_rig, save_rig

    rig = load_rig(options.rig)
    bow = read_imu_csv(options.folder / "bow.csv")
    check_heading(bow, name="bow")
    heading_rad, placed = heading_of_bow(bow, name="bow"), []
    for mount in rig.imus:
        standing = read_imu_csv(options.folder / f"{mount.name}.csv")
        check_heading(standing, name=mount.name)
        turn = mounting(standing, heading_rad=heading_rad, name=mount.name)
        placed.append(replace(mount, segment_from_sensor=turn))
    mounts = tuple(placed)
    save_rig(replace(rig, imus=mounts), options.output)
    return Output(
        {"heading_rad": heading_rad, "imus": [mount.name for mount in mounts]},
        f"{len(mounts)} IMUs placed; written: {options.output}",
    )


def which_command(options: argparse.Namespace) -> Output:
    from sport_nodes.capture.imu import read_imu_csv
    from sport_nodes.capture.imu_identity import segments_of

    if not options.folder.is_dir():
        raise InputError(f"{options.folder}: there is no such folder")
    found = segments_of({path.stem: read_imu_csv(path) for path in sorted(options.folder.glob("*.csv"))})
    return Output(found, "\n".join(f"{name}: {segment}" for name, segment in found.items()))


def convert_command(options: argparse.Namespace) -> Output:
    from sport_nodes.capture.calib_toml import export_toml, import_toml
    from sport_nodes.capture.camera_info_yaml import export_camera_info, import_camera_info, is_camera_info
    from sport_nodes.rig import load_rig, save_rig

    if options.calibration.suffix == ".toml":
        save_rig(import_toml(options.calibration), options.output)
    elif is_camera_info(options.calibration):
        if not options.rig:
            raise InputError(
                f"{options.calibration} says how a camera sees, not where it stands; give its rig as --rig"
            )
        save_rig(import_camera_info(options.calibration, load_rig(options.rig)), options.output)
    elif options.output.suffix == ".toml":
        export_toml(load_rig(options.calibration), options.output)
    elif not options.output.suffix:
        export_camera_info(load_rig(options.calibration), options.output)
    else:
        raise InputError(f"{options.output}: a rig becomes a .toml, or a folder of camera_info YAML; give one of them")
    return Output(text=f"written: {options.output}")
