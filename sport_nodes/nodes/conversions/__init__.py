"""Messages to core objects and back, losing nothing; what makes no sense raises InputError."""

from sport_nodes.nodes.conversions.arrays import from_stamp, make_header, to_stamp
from sport_nodes.nodes.conversions.motions import (
    clocks_of_trial,
    frame_from_message,
    frame_to_message,
    skeleton_from_message,
    skeleton_to_message,
    trial_from_message,
    trial_to_message,
)
from sport_nodes.nodes.conversions.results import (
    alignment_from_message,
    alignment_to_message,
    coaching_from_message,
    coaching_to_message,
    diagnosis_from_message,
    diagnosis_to_message,
    scores_from_message,
    scores_to_message,
)
from sport_nodes.nodes.conversions.sensors import (
    camera_info,
    clock_from_message,
    clock_to_message,
    clocks_from_sync,
    imu_from_cdr,
    imu_to_message,
    keypoints_from_message,
    keypoints_to_message,
    sync_to_message,
)

__all__ = [
    "alignment_from_message",
    "alignment_to_message",
    "camera_info",
    "clock_from_message",
    "clock_to_message",
    "clocks_from_sync",
    "clocks_of_trial",
    "coaching_from_message",
    "coaching_to_message",
    "diagnosis_from_message",
    "diagnosis_to_message",
    "frame_from_message",
    "frame_to_message",
    "from_stamp",
    "imu_from_cdr",
    "imu_to_message",
    "keypoints_from_message",
    "keypoints_to_message",
    "make_header",
    "scores_from_message",
    "scores_to_message",
    "skeleton_from_message",
    "skeleton_to_message",
    "sync_to_message",
    "to_stamp",
    "trial_from_message",
    "trial_to_message",
]
