"""Names of topics and services. The one place that knows them; nodes, bags and the lab use these."""

from typing import Final

KINECT: Final = "kinect"
CAMERAS: Final = ("camera_0", "camera_1", "camera_2")
IMUS: Final = ("imu_trunk", "imu_left_forearm", "imu_right_forearm", "imu_left_shank", "imu_right_shank")

KINECT_SKELETON: Final = "/kinect/skeleton"
KINECT_IMAGE: Final = "/kinect/rgb/image_raw/compressed"
KINECT_CAMERA_INFO: Final = "/kinect/rgb/camera_info"
KINECT_DEPTH: Final = "/kinect/depth_to_rgb/image_raw"
KINECT_IMU: Final = "/kinect/imu"

MOTION_FRAME: Final = "/motion/frame"
MOTION_SKELETON: Final = "/motion/skeleton"
MOTION_SYNC: Final = "/motion/sync"
MOTION_TRIAL: Final = "/motion/trial"
TRIAL_STATE: Final = "/trial/state"
SCORE_LIVE: Final = "/score/live"
SCORE_TRIAL: Final = "/score/trial"
SCORE_IMPORTANCE: Final = "/score/importance"
KEYFRAMES: Final = "/keyframes"
KEYFRAMES_LIVE: Final = "/keyframes/live"
DIAGNOSIS: Final = "/diagnosis"
COACH_STREAM: Final = "/coach/stream"
COACH_REPORT: Final = "/coach/report"
REPORT_PATH: Final = "/report/path"
RECORD_PATH: Final = "/record/path"
MARKERS_SKELETON: Final = "/markers/skeleton"
MARKERS_SCORES: Final = "/markers/scores"
DIAGNOSTICS: Final = "/diagnostics"
GROUND_TRUTH_SKELETON: Final = "/ground_truth/skeleton"
GROUND_TRUTH_TRIAL: Final = "/ground_truth/trial"

SERVICE_TRIAL_START: Final = "/trial/start"
SERVICE_TRIAL_STOP: Final = "/trial/stop"
SERVICE_TRIAL_LABEL: Final = "/trial/label"
SERVICE_ATHLETE_SELECT: Final = "/athlete/select"
SERVICE_ATHLETE_ERASE: Final = "/athlete/erase"
SERVICE_SCORER_RELOAD: Final = "/scorer/reload"

WORLD_FRAME: Final = "world"


def keypoints(camera: str) -> str:
    return f"/{camera}/keypoints"


def image(camera: str) -> str:
    return f"/{camera}/image_raw/compressed"


def camera_info(camera: str) -> str:
    return f"/{camera}/camera_info"


def imu(name: str) -> str:
    return f"/{name}/data"


def clock(device: str) -> str:
    """Once a second, from each driver: how its device's clock stands against the host's."""
    return f"/{device}/clock"
