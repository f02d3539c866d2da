"""How soon a camera that was nudged is named: a part of scripts/capture_study.py."""

from __future__ import annotations

import copy
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from sport_nodes.actions import action_names
from sport_nodes.capture.calib_toml import import_toml
from sport_nodes.fusion.noise import DETECTOR_SHARE, keypoint_sigma_px
from sport_nodes.fusion.pose2sim import read_pose2sim
from sport_nodes.fusion.rig_change import Known
from sport_nodes.fusion.rig_stand import athlete_only, learn_stand, load_stand, save_stand
from sport_nodes.fusion.rig_turns import TurnEvidence, turn_evidence
from sport_nodes.fusion.rig_watch import RigWatch
from sport_nodes.lab.noise import SensorNoise
from sport_nodes.lab.observe import observe
from sport_nodes.lab.recording import recording_from_events
from sport_nodes.lab.simulate import simulate
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Camera, Rig, load_rig
from sport_nodes.sync.align import align_recording

TRIAL = "pose2sim_demo/S00_P00_SingleParticipant/S00_P00_T01_BalancingTrial"
CALIBRATION = "pose2sim_demo/S00_Calibration"
#: Untouched pairs of trials a movement; trials more that a watch has seen; the seconds of the bound.
STILL = 3
MORE_TRIALS = 3
BOUND_S = 5.0
PAN_TILT, ROLL = "pan or tilt", "roll"

Rows = list[tuple[str, str, str]]


def nudge(data: Path) -> Rows:
    """Every camera of the lab turned by a degree about each of its axes, and left alone."""
    rig = load_rig("lab")
    names = [camera.name for camera in cameras_of(rig)]
    while_watched, longer, before = Tally(), Tally(), Tally()
    roll_sigma_deg: dict[str, list[float]] = {name: [] for name in names}
    for number, action in enumerate(action_names()):
        stood = stand(rig, trial(rig, action_names()[number - 1], 700 + number))
        for repeat in range(STILL):
            seed = 500 + number + 10 * repeat
            watch = RigWatch(rig)
            first = alarm(watch, trial(rig, action, seed))
            second = trial(rig, action, seed + 50)
            while_watched.untouched(first or alarm(watch, second))
            before.untouched(alarm(RigWatch(rig, stood), second))
        untouched, learned = trial(rig, action, 600 + number), RigWatch(rig)
        for name, sigma_deg in least_roll_sigma_deg(rig, untouched).items():
            roll_sigma_deg[name].append(sigma_deg)
        while_watched.untouched(alarm(learned, untouched))
        before.untouched(alarm(RigWatch(rig, stood), untouched))
        practised = copy.deepcopy(learned)
        for repeat in range(MORE_TRIALS):
            longer.untouched(alarm(practised, trial(rig, action, 800 + number + 10 * repeat)))
        for name in names:
            for axis, kind in (([0, 1, 0], PAN_TILT), ([1, 0, 0], PAN_TILT), ([0, 0, 1], ROLL)):
                nudged = trial(_turned(rig, name, np.array(axis, dtype=float)), action, 650 + number)
                while_watched.turned(kind, name, alarm(copy.deepcopy(learned), nudged))
                before.turned(kind, name, alarm(RigWatch(rig, stood), nudged))
                if kind == ROLL:
                    longer.turned(kind, name, alarm(copy.deepcopy(practised), nudged))
    bound = ", ".join(f"{name} {min(v):.2f} to {max(v):.2f}" for name, v in roll_sigma_deg.items())
    return [
        *while_watched.rows("simulated: a camera turned by 1 degree"),
        ("nudge", "the least sigma of a roll that 5 s after it and 5 s before it leave to any estimator, deg", bound),
        *longer.rows(f"simulated: turned after {1 + MORE_TRIALS} trials watched, in place of one"),
        *before.rows(
            "simulated: the same before the watch began, with another athlete's file of `sport calibrate stand`"
        ),
        *nudged_demo(data),
    ]


@dataclass
class Tally:
    """Of trials with one camera turned and with none: what the watch said."""

    told: dict[str, list[tuple[str, tuple[float, str] | None]]] = field(default_factory=dict)
    still: int = 0
    false_alarms: int = 0

    def turned(self, kind: str, name: str, said: tuple[float, str] | None) -> None:
        self.told.setdefault(kind, []).append((name, said))

    def untouched(self, said: tuple[float, str] | None) -> None:
        self.still += 1
        self.false_alarms += said is not None

    def rows(self, what: str) -> Rows:
        rows = []
        for kind, trials in self.told.items():
            found = [(said[0], said[1] == name) for name, said in trials if said]
            missed = Counter(name for name, said in trials if not said)
            figure = f"{len(found)} of {len(trials)}, {sum(f[0] <= 5.0 for f in found)}, {sum(f[1] for f in found)}"
            if found:
                figure += f", {np.median([f[0] for f in found]):.1f} ({max(f[0] for f in found):.1f})"
            if found and missed:
                figure += f"; missed: {', '.join(f'{name} {count}' for name, count in missed.items())}"
            rows.append(("nudge", f"{what} ({kind}): found, in 5 s, the right one named, seconds (longest)", figure))
        return [*rows, ("nudge", f"{what}: false alarms, no camera touched", f"{self.false_alarms} of {self.still}")]


def stand(rig: Rig, aligned: AlignedTrial) -> Known:
    """As the rig node reads it."""
    with tempfile.TemporaryDirectory() as folder:
        save_stand(learn_stand(aligned, rig), rig, Path(folder) / "stand.yaml")
        return load_stand(Path(folder) / "stand.yaml", rig)


def least_roll_sigma_deg(rig: Rig, aligned: AlignedTrial) -> dict[str, float]:
    """Cramer and Rao's bound for each camera's roll if it alone was turned, as the lab's noise is.

    All joints in all images of 5 s, with the lab's own sigmas; half of their variance lasts from image to image with
    its time constant, so n images are worth 1 / v independent ones.
    """
    noise, cameras = SensorNoise(), cameras_of(rig)
    n = round(BOUND_S * noise.camera_rate_hz)
    lags = np.arange(1, n)
    memory = np.exp(-lags / (noise.camera_rate_hz * noise.keypoint_correlation_s))
    share = noise.keypoint_correlated_share
    v = (1.0 - share) / n + share * (1.0 + 2.0 * ((1.0 - lags / n) * memory).sum()) / n
    watch, total = RigWatch(rig), TurnEvidence.none(len(cameras))
    for k in range(n):
        pixels, confidence = watch.seen(aligned.frame(k))
        sigma_px = keypoint_sigma_px(np.swapaxes(pixels, 0, 1), confidence.T).T
        total += turn_evidence(cameras, pixels, noise.keypoint_sigma_share / DETECTOR_SHARE * sigma_px)
    # The turn is a difference: as much is not known of how the camera stood before.
    sigmas = [
        np.sqrt(2.0 * n * v * np.linalg.inv(total.information[3 * c : 3 * c + 3, 3 * c : 3 * c + 3])[2, 2])
        for c in range(len(cameras))
    ]
    return {camera.name: float(np.degrees(sigma)) for camera, sigma in zip(cameras, sigmas, strict=True)}


def nudged_demo(data: Path) -> Rows:
    """Pose2Sim's demo, forth and back for 13 s as it is, then with one camera's keypoints as if it had been turned."""
    rig = import_toml(data / CALIBRATION / "Calib_qualisys.toml")
    recording, rate_hz = read_pose2sim(data / TRIAL, rig)
    aligned = align_recording(recording, rig, rate_hz=rate_hz)
    alone = athlete_only(aligned, rig)
    frames = [alone.frame(k) for k in range(0, len(alone), 2)]
    rows = []
    for kind, axes in (("pan, tilt", ([0, 1, 0], [1, 0, 0])), ("roll", ([0, 0, 1],))):
        alarms = [(c, demo_alarm(frames, rig, c, np.array(axis))) for c in range(len(rig.cameras)) for axis in axes]
        found = [(told[0], told[1] == rig.cameras[c].name) for c, told in alarms if told]
        when = f", {np.median([f[0] for f in found]):.1f} ({max(f[0] for f in found):.1f})" if found else ""
        what = f"**real** keypoints of Pose2Sim's demo, a camera turned by 1 degree ({kind}): found, named"
        figure = f"{len(found)} of {len(alarms)}, {sum(f[1] for f in found)}{when}"
        rows.append(("nudge", f"{what}, seconds (longest)", figure))
    still = demo_alarm(frames, rig, -1, np.zeros(3))
    return [*rows, ("nudge", "the same keypoints, no camera touched", "a false alarm" if still else "no alarm")]


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


def trial(real: Rig, action: str, seed: int) -> AlignedTrial:
    """What a rig sees, taken for what the calibrated one sees."""
    events = observe(simulate(action, seed=seed).motion, real, seed=seed)
    return align_recording(recording_from_events(events), load_rig("lab"))


def alarm(watch: RigWatch, aligned: AlignedTrial) -> tuple[float, str] | None:
    """Seconds from a trial's first image to the first alarm, asked for twice a second, and whose it is.

    The trial follows on what the watch has seen.
    """
    begin_s = float(aligned.times_s[0])
    moved_s = watch.last_s + 1.0 / 30.0 - begin_s
    for k in range(len(aligned)):
        watch.add(replace(aligned.frame(k), times_s=aligned.times_s[k : k + 1] + moved_s))
        if k % 15 == 14:
            for camera in watch.report():
                if camera.moved:
                    return float(aligned.times_s[k]) - begin_s, camera.name
    return None


def cameras_of(rig: Rig) -> tuple[Camera, ...]:
    """As the watch counts them: the depth camera last."""
    return (*rig.cameras, *((rig.depth,) if rig.depth else ()))


def _turned(rig: Rig, name: str, axis_deg: np.ndarray) -> Rig:
    turn = Rotation.from_rotvec(np.deg2rad(axis_deg)).as_matrix()

    def moved(camera: Camera) -> Camera:
        if camera.name != name:
            return camera
        return replace(camera, rotation=turn @ camera.rotation, translation_m=turn @ camera.translation_m)

    assert rig.depth is not None
    return replace(rig, depth=moved(rig.depth), cameras=tuple(moved(c) for c in rig.cameras))
