"""How soon a camera that was nudged is named: a part of scripts/capture_study.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from sport_nodes.actions import action_names
from sport_nodes.capture.calib_toml import import_toml
from sport_nodes.fusion.pose2sim import read_pose2sim
from sport_nodes.fusion.rig_watch import RigWatch
from sport_nodes.fusion.triangulated import choose_athlete
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Camera, Rig, load_rig
from sport_nodes.sync.align import align_recording

TRIAL = "pose2sim_demo/S00_P00_SingleParticipant/S00_P00_T01_BalancingTrial"
CALIBRATION = "pose2sim_demo/S00_Calibration"

Rows = list[tuple[str, str, str]]


def nudge(data: Path) -> Rows:
    """Every camera of the lab turned by a degree about each of its axes, and left alone."""
    rig = load_rig("lab")
    assert rig.depth is not None
    names = [*(c.name for c in rig.cameras), rig.depth.name]
    found: dict[str, list[float]] = {"pan or tilt": [], "roll": []}
    right = dict.fromkeys(found, 0)
    tried = dict.fromkeys(found, 0)
    false_alarms = still = 0
    for number, action in enumerate(action_names()):
        still += 1
        false_alarms += bool(first_alarm(rig, rig, action, seed=500 + number))
        for name in names:
            for axis, kind in (([0, 1, 0], "pan or tilt"), ([1, 0, 0], "pan or tilt"), ([0, 0, 1], "roll")):
                real = _turned(rig, name, np.array(axis, dtype=float))
                alarm = first_alarm(rig, real, action, seed=600 + number)
                tried[kind] += 1
                if alarm:
                    found[kind].append(alarm[0])
                    right[kind] += alarm[1] == name
    rows = []
    for kind, times_s in found.items():
        what = f"simulated: a camera turned by 1 degree ({kind}): found, the right one named, seconds (longest)"
        figure = f"{len(times_s)} of {tried[kind]}, {right[kind]}, {np.median(times_s):.1f} ({max(times_s):.1f})"
        rows.append(("nudge", what, figure))
    rows.append(("nudge", "false alarms, simulated trials with no camera touched", f"{false_alarms} of {still}"))
    return [*rows, nudged_demo(data)]


def nudged_demo(data: Path) -> tuple[str, str, str]:
    """Pose2Sim's demo, forth and back for 13 s as it is, then with one camera's keypoints as if it had been turned."""
    rig = import_toml(data / CALIBRATION / "Calib_qualisys.toml")
    recording, rate_hz = read_pose2sim(data / TRIAL, rig)
    aligned = align_recording(recording, rig, rate_hz=rate_hz)
    chosen = choose_athlete(aligned, rig.cameras)
    frames = []
    for k in range(0, len(aligned), 2):
        frame, views, slots = aligned.frame(k), np.arange(len(rig.cameras)), np.maximum(chosen[k], 0)
        confidence = np.where(chosen[k][:, None] >= 0, frame.keypoint_confidence[0, views, slots], 0.0)
        frames.append(
            replace(
                frame,
                keypoints_px=frame.keypoints_px[:, views, slots][:, :, None],
                keypoint_confidence=confidence[None, :, None],
                keypoint_filled=frame.keypoint_filled[:, views, slots][:, :, None],
            )
        )
    alarms = [demo_alarm(frames, rig, c, np.array(a)) for c in range(len(rig.cameras)) for a in ([0, 1, 0], [1, 0, 0])]
    found = [alarm for alarm in alarms if alarm]
    right = sum(alarm[1] == rig.cameras[number // 2].name for number, alarm in enumerate(alarms) if alarm)
    still = demo_alarm(frames, rig, -1, np.zeros(3))
    return (
        "nudge",
        "**real** keypoints of Pose2Sim's demo, a camera turned by 1 degree (pan, tilt): as above",
        f"{len(found)} of {len(alarms)}, {right}, {np.median([a[0] for a in found]):.1f} "
        f"({max(a[0] for a in found):.1f}); untouched: {'a false alarm' if still else 'no alarm'}",
    )


def demo_alarm(frames: list[AlignedTrial], rig: Rig, turned: int, axis_deg: np.ndarray) -> tuple[float, str] | None:
    """The movement at half its speed: 50 frames, 15 a second, there and back; from the fifth time on one is turned."""
    watch, turn = RigWatch(rig), Rotation.from_rotvec(np.deg2rad(axis_deg)).as_matrix()
    for number, frame in enumerate(frame for n in range(8) for frame in frames[:: 1 if n % 2 == 0 else -1]):
        pixels, since_s = frame.keypoints_px.copy(), (number - 4 * len(frames)) / 15.0
        if turned >= 0 and since_s >= 0.0:
            camera = rig.cameras[turned]
            rays = np.column_stack([camera.undistort(pixels[0, turned, 0]), np.ones(17)]) @ turn.T
            ideal = camera.distort(rays[:, :2] / rays[:, 2:])
            pixels[0, turned, 0] = ideal @ camera.matrix[:2, :2].T + camera.matrix[:2, 2]
        watch.add(replace(frame, times_s=np.array([number / 15.0]), keypoints_px=pixels))
        if number % 15 == 14:
            for health in watch.report():
                if health.moved:
                    return since_s, health.name
    return None


def first_alarm(calibrated: Rig, real: Rig, action: str, *, seed: int) -> tuple[float, str] | None:
    """Seconds from the first image of a second trial, which `real` sees, to the first alarm, and whose it is."""
    watch, begin_s = RigWatch(calibrated), 0.0
    for trial, rig in enumerate((calibrated, real)):
        events = observe(simulate(action, seed=seed + 50 * trial).motion, rig, seed=seed + 50 * trial)
        aligned = align_recording(recording_from_events(events), calibrated)
        moved_s = begin_s - float(aligned.times_s[0])
        for k in range(len(aligned)):
            watch.add(replace(aligned.frame(k), times_s=aligned.times_s[k : k + 1] + moved_s))
            if k % 15 == 14:
                for camera in watch.report():
                    if camera.moved:
                        return float(aligned.times_s[k]) + moved_s - begin_s, camera.name
        begin_s += float(aligned.times_s[-1] - aligned.times_s[0]) + 1.0 / 30.0
    return None


def _turned(rig: Rig, name: str, axis_deg: np.ndarray) -> Rig:
    turn = Rotation.from_rotvec(np.deg2rad(axis_deg)).as_matrix()

    def moved(camera: Camera) -> Camera:
        if camera.name != name:
            return camera
        return replace(camera, rotation=turn @ camera.rotation, translation_m=turn @ camera.translation_m)

    assert rig.depth is not None
    return replace(rig, depth=moved(rig.depth), cameras=tuple(moved(c) for c in rig.cameras))
