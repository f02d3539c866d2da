"""What capture can do, measured: python scripts/capture_study.py [PART ...] [--data ../shared/data]

Parts: video, node, intrinsics, extrinsics, nudge, lifting and serial; all by default (20 minutes, 10 of them
for the serial lines). Prints a table and writes it into docs/capture.md, where each part keeps its rows until it is
measured again.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from extrinsics_study import extrinsics
from nudge_study import nudge

from sport_nodes.capture.boards import Board
from sport_nodes.capture.calib_toml import import_toml
from sport_nodes.capture.calibration import calibrate_intrinsics
from sport_nodes.capture.depth_lifting import lift
from sport_nodes.capture.detect import detect_trial, detect_video, people_from_openpose
from sport_nodes.capture.imu import SerialImu
from sport_nodes.capture.source import Pump
from sport_nodes.fusion.pose2sim import read_pose2sim
from sport_nodes.fusion.triangulated import triangulate_trial
from sport_nodes.io.motion_files import read_motion
from sport_nodes.lab.depth_images import FACE, covered_joints, posed_joints, render_depth
from sport_nodes.lab.serial_line import Disturbance, SerialLine
from sport_nodes.rig import Camera, Rig, load_rig, look_at
from sport_nodes.sync.align import align_recording

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "capture.md"
DEMO = "pose2sim_demo"
TRIAL = f"{DEMO}/S00_P00_SingleParticipant/S00_P00_T01_BalancingTrial"
CALIBRATION = f"{DEMO}/S00_Calibration"
#: OpenPose's joints below this are no reference.
SURE = 0.3
SERIAL_S = 600.0

Rows = list[tuple[str, str, str]]


def video(data: Path) -> Rows:
    """sport detect and sport fuse on real videos."""
    folder = Path(tempfile.mkdtemp())
    begin_s = time.process_time()
    done = detect_trial(sorted((data / TRIAL / "videos").glob("*.mp4")), folder)
    clip = detect_video(data / "rgb_clips/sports2d/demo.mp4", folder / "clip")
    images = sum(found.images for found in (*done, clip))
    by_processor = images / (time.process_time() - begin_s)
    apart = {camera.folder.name.removesuffix("_json"): openpose_distance(camera.folder, data) for camera in done}
    rates = sorted(found.rate_hz for found in (*done, clip))
    rig = import_toml(data / CALIBRATION / "Calib_qualisys.toml")
    recording, rate_hz = read_pose2sim(folder, rig)
    motion = triangulate_trial(align_recording(recording, rig, rate_hz=rate_hz), rig)
    reference = read_motion(data / TRIAL / "pose-3d/S00_P00_T01_BalancingTrial_0-100.trc")
    off_mm = 1e3 * np.linalg.norm(motion.positions_m - reference.positions_m, axis=2)
    shutil.rmtree(folder)
    each = ", ".join(f"{name} {np.median(part):.1%}" for name, part in apart.items())
    return [
        (
            "video",
            "**real** videos through `sport detect`, images a second, slowest and fastest of five",
            _range(rates),
        ),
        ("video", "the same by processor time, models loaded five times included", f"{by_processor:.0f}"),
        ("video", "images with a person in them", f"{sum(d.with_person for d in (*done, clip))} of {images}"),
        (
            "video",
            "keypoints against OpenPose's on the same images, median part of the person's height",
            f"{np.median(np.concatenate(list(apart.values()))):.2%} ({each})",
        ),
        (
            "video",
            "four videos to 3D against Pose2Sim's TRC, median (95 %)",
            f"{np.nanmedian(off_mm):.0f} mm ({np.nanpercentile(off_mm, 95):.0f})",
        ),
    ]


def openpose_distance(folder: Path, data: Path) -> np.ndarray:
    """Of every joint that OpenPose is sure of, the distance over the height of the person nearest in the image."""
    apart, camera = [], folder.name.removesuffix("_json")
    for frame, file in enumerate(sorted(folder.glob("*.json"))):
        theirs = data / TRIAL / "pose" / folder.name / f"{camera}.{frame:04d}.json"
        truth, ours = (people_from_openpose(json.loads(path.read_text())) for path in (theirs, file))
        heights = [
            np.ptp(xy[c > SURE, 1]) if (c > SURE).any() else 0.0
            for xy, c in zip(truth.xy_px, truth.confidence, strict=True)
        ]
        athlete = int(np.argmax(heights))
        sure = truth.confidence[athlete] > SURE
        if len(ours):
            off = np.linalg.norm(ours.xy_px - truth.xy_px[athlete], axis=2)[:, sure] / heights[athlete]
            apart.append(off[int(np.argmin(np.nanmedian(off, axis=1)))])
    found = np.concatenate(apart)
    return found[np.isfinite(found)]


def node(data: Path) -> Rows:
    """The camera node with a video in place of its camera, as fast as it can."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from sport_coach.msg import Keypoints2D

    from sport_nodes import topics, up
    from sport_nodes.nodes import qos
    from sport_nodes.nodes.camera import CameraNode
    from sport_nodes.rig import save_rig

    folder = Path(tempfile.mkdtemp())
    camera = load_rig("lab").cameras[0]
    rates = []
    rclpy.init(domain_id=up.free_domain())
    heard: list[float] = []
    for clip in (data / TRIAL / "videos/cam01.mp4", data / "rgb_clips/sports2d/demo.mp4"):
        opened = cv2.VideoCapture(str(clip))
        size = [int(opened.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
        save_rig(Rig("one", None, (replace(camera, width_px=size[0], height_px=size[1]),), ()), folder / "one.yaml")
        made, listener = CameraNode(), rclpy.create_node("listener")
        heard.clear()
        listener.create_subscription(
            Keypoints2D, topics.keypoints("camera_0"), lambda _: heard.append(time.monotonic()), qos.SENSOR_OUT
        )
        values = {"rig": str(folder / "one.yaml"), "device": str(clip), "paced": False}
        made.set_parameters([rclpy.parameter.Parameter(k, value=v) for k, v in values.items()])
        executor = SingleThreadedExecutor()
        executor.add_node(listener)
        executor.add_node(made)
        made.start()
        while len(heard) < 90:
            executor.spin_once(timeout_sec=0.05)
        made.trigger_shutdown()
        made.destroy_node()
        listener.destroy_node()
        rates.append(89 / (heard[-1] - heard[0]))
    rclpy.shutdown()
    shutil.rmtree(folder)
    return [("node", "**real** videos through the camera node, keypoint messages a second", _range(sorted(rates)))]


def intrinsics(data: Path) -> Rows:
    """Four cameras from their board images."""
    rig, off, errors = import_toml(data / CALIBRATION / "Calib_qualisys.toml"), [], []
    for number, truth in enumerate(rig.cameras, start=1):
        files = sorted((data / CALIBRATION / "intrinsics" / f"int_cam0{number}_img").glob("*.jpg"))
        found = calibrate_intrinsics([cv2.imread(str(f)) for f in files], Board(4, 7, 0.06), name=truth.name)
        off += [abs(found.matrix[i, i] / truth.matrix[i, i] - 1.0) for i in (0, 1)]
        errors.append(found.error_px)
    text = f"at most {max(off):.2%} ({max(errors):.2f} px)"
    return [("intrinsics", "**real** boards of Pose2Sim's demo: focal lengths off its calibration (worst RMS)", text)]


def lifting(_: Path) -> Rows:
    """Drawn bodies with detector-like keypoints."""
    turn, translation = look_at(np.array([0.0, -2.9, 1.1]), np.array([0.0, 0.0, 0.95]))
    matrix = np.array([[306.0, 0.0, 320.0], [0.0, 306.0, 180.0], [0.0, 0.0, 1.0]])
    camera = Camera("kinect", 640, 360, matrix, np.array([0.05, -0.03, 0.0004, -0.0003, 0.01]), turn, translation)
    rng = np.random.default_rng(2024)
    errors, hidden, measured, sure = [], [], [], []
    for _ in range(400):
        joints = posed_joints(rng, heading_deg=rng.uniform(0, 360))
        depth = render_depth(joints, camera)
        hidden.append(covered_joints(joints, camera, depth))
        noisy = depth + rng.normal(0.0, 0.003, depth.shape).astype(np.float32)
        pixels = camera.project(joints) + rng.normal(0.0, 1.0, (17, 2))
        lifted = lift(pixels, np.full(17, 0.9), noisy, camera)
        errors.append(np.linalg.norm(lifted.positions_m - camera.to_optical(joints), axis=1))
        measured.append(lifted.confidence > 0)
        sure.append(lifted.confidence)
    error, behind, given, confidence = (np.array(v) for v in (errors, hidden, measured, sure))
    body = [j for j in range(17) if j not in FACE]
    good = np.isfinite(error) & ~behind
    likely = confidence / 0.9
    groups = [good & (likely >= low) & (likely < high) for low, high in ((0.0, 0.6), (0.6, 0.85), (0.85, 1.0))]
    kept = [f"{likely[g].mean():.0%} {(error[g] < 0.05).mean():.0%}" for g in groups]
    return [
        (
            "lifting",
            "simulated depth images, 400 poses: lifted joints' error, median",
            f"{1e3 * np.nanmedian(error):.1f} mm",
        ),
        (
            "lifting",
            "occluded joints recognised, all",
            f"{(~given)[behind].mean():.1%} of {behind.sum()}",
        ),
        (
            "lifting",
            "occluded joints recognised, body and ears",
            f"{(~given)[:, body][behind[:, body]].mean():.1%} of {behind[:, body].sum()}",
        ),
        (
            "lifting",
            "occluded joints recognised, nose and eyes",
            f"{(~given)[:, FACE][behind[:, FACE]].mean():.1%} of {behind[:, FACE].sum()}",
        ),
        ("lifting", "joints in view that were refused", f"{(~given)[~behind].mean():.1%}"),
        (
            "lifting",
            "confidence said that so many joints lie within 50 mm, and so many did; low, middle, high",
            "; ".join(kept),
        ),
    ]


def serial(_: Path) -> Rows:
    """Five lines at 400 Hz for ten minutes."""
    folder = Path(tempfile.mkdtemp())
    lines = [
        SerialLine(folder / f"tty{k}", rate_hz=400.0, seed=k, disturbance=Disturbance(unplugged_every_s=60.0 + 3 * k))
        for k in range(5)
    ]
    pumps = [
        Pump(
            SerialImu(str(line.path), protocol="own", baud=115200, rate_hz=400.0),
            lambda sample, line=line: line.received.append(sample.sequence),
        )
        for line in lines
    ]
    for started in (*pumps, *lines):
        started.start()
    time.sleep(5.0)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    time.sleep(SERIAL_S - 5.0)
    after_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    for line in lines:
        line.stop()
    for pump, line in zip(pumps, lines, strict=True):
        pump.stop()
        line.close()
    lost = sum(len(line.lost()) for line in lines)
    whole = sum(len(sent) for line in lines for sent in line.intact)
    pulled = sum(len(line.intact) - 1 for line in lines)
    kept_mb = 4e-6 * (whole + sum(len(line.received) for line in lines))
    text = (
        f"{lost} of {whole:,} lost; {pulled} times unplugged; {after_mb - before_mb:.0f} MB more at the end, of which "
        f"the study's own record is {kept_mb:.0f}"
    )
    return [
        (
            "serial",
            "serial IMUs on pseudo-terminals, 5 x 400 Hz, 10 minutes, noise, damage, unplugging: whole frames",
            text,
        )
    ]


def _range(values: list[float]) -> str:
    return f"{values[0]:.0f} to {values[-1]:.0f}"


PARTS: dict[str, Callable[[Path], Rows]] = {
    part.__name__: part for part in (video, node, intrinsics, extrinsics, nudge, lifting, serial)
}
HEADING = """# Capture, measured

Written by `scripts/capture_study.py PART ...`, two x86-64 cores without a GPU; what is simulated is called so.

| part | what | figure |
|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    kept = re.findall(r"^\| (\w+) \| (.*) \| (.*) \|$", OUT.read_text(encoding="utf-8"), re.M) if OUT.is_file() else []
    rest = OUT.read_text(encoding="utf-8").partition("\n## ")[1:] if OUT.is_file() else ("", "")
    rows = [row for row in kept if row[0] in PARTS]
    for part in options.parts or PARTS:
        measured = PARTS[part](options.data)
        rows = [row for row in rows if row[0] != part] + measured
        for _, what, figure in measured:
            print(f"{part:11s} {what}: {figure}", flush=True)
    rows.sort(key=lambda row: list(PARTS).index(row[0]))
    table = "".join(f"| {part} | {what} | {figure} |\n" for part, what, figure in rows)
    OUT.write_text(HEADING + table + "".join(rest), encoding="utf-8")


if __name__ == "__main__":
    main()
