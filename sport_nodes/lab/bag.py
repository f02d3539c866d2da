"""The simulated lab into a bag."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sport_nodes import topics
from sport_nodes.errors import InputError
from sport_nodes.io import bag_messages as messages
from sport_nodes.io.bag import BagWriter
from sport_nodes.lab.events import DepthFrame, ImuSample, KeypointFrame
from sport_nodes.lab.observe import HOST_EPOCH_S
from sport_nodes.lab.player import LabPlayer, Played, TruthFrame, TruthTrial
from sport_nodes.measurements import DeviceClock
from sport_nodes.motion import Motion
from sport_nodes.rig import Camera, Rig

if TYPE_CHECKING:
    from sport_nodes.lab.simulate import SimulatedTrial


def write_lab_bag(
    source: SimulatedTrial | Motion,
    rig: Rig,
    path: Path,
    *,
    seed: int,
    scenario: str = "default",
    action: str = "",
    epoch_s: float = HOST_EPOCH_S,
) -> None:
    """Record everything that the rig's drivers publish, and the truth, as a rosbag2 folder (MCAP).

    action: of a recorded motion; a simulated trial knows its own. The same arguments give the same bytes, whatever
    the folder's name. Raises InputError when the folder exists or the motion cannot be observed.
    """
    if path.exists():
        raise InputError(f"{path} exists already; choose a new folder for the bag")
    player = LabPlayer(source, rig, seed=seed, scenario=scenario, action=action)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and moved when whole: no half bags, and the file in it does not take the folder's name.
    with tempfile.TemporaryDirectory(prefix=".lab_", dir=path.parent) as folder:
        whole = Path(folder) / "lab"
        with BagWriter(whole) as writer:
            for item in player.play(epoch_s):
                writer.write(*_message(item, rig), item.due_s + epoch_s)
        whole.rename(path)


def _message(item: Played, rig: Rig) -> tuple[str, Any]:
    """Topic and message of one item."""
    payload, time_s, device = item.payload, item.stamp_s, item.device
    match payload:
        case KeypointFrame(xy_px=xy_px, confidence=confidence):
            camera = rig.camera(device)
            message = messages.keypoints_message(camera, xy_px, confidence, time_s=time_s, sequence=item.sequence)
            return topics.keypoints(device), message
        case DepthFrame(positions_m=positions_m, confidence=confidence):
            frame_id = rig.camera(device).frame_id
            return topics.KINECT_SKELETON, messages.skeleton_message(
                positions_m, confidence, time_s=time_s, frame_id=frame_id
            )
        case ImuSample(orientation_xyzw=orientation, vector=vector):
            return topics.imu(device), messages.imu_message(orientation, vector, time_s=time_s, frame_id=device)
        case DeviceClock():
            return topics.clock(device), messages.device_clock_message(payload)
        case Camera():
            depth = rig.depth is not None and rig.depth.name == device
            topic = topics.KINECT_CAMERA_INFO if depth else topics.camera_info(device)
            return topic, messages.camera_info_message(payload, time_s=time_s)
        case TruthFrame(positions_m=positions_m, confidence=confidence):
            return topics.GROUND_TRUTH_SKELETON, messages.skeleton_message(
                positions_m, confidence, time_s=time_s, frame_id=topics.WORLD_FRAME
            )
        case TruthTrial():
            return topics.GROUND_TRUTH_TRIAL, messages.trial_motion_message(
                payload.motion,
                begin_s=time_s,
                trial=payload.trial,
                action=payload.action,
                athlete=payload.athlete,
                clocks=payload.clocks,
            )
