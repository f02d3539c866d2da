"""How a rig's cameras were seen to stand after its calibration: what a watch that starts later compares with."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import yaml
from numpy.typing import NDArray

from sport_nodes.errors import InputError
from sport_nodes.fusion.rig_change import Known
from sport_nodes.fusion.rig_turns import TurnEvidence
from sport_nodes.fusion.rig_watch import BLOCK_S, RigWatch
from sport_nodes.fusion.triangulated import choose_athlete
from sport_nodes.measurements import AlignedTrial
from sport_nodes.rig import Rig, rig_sha256

Array = NDArray[np.float64]

#: Another day's athlete, clothes and light put the joints elsewhere: about x and y (pan, tilt) 0.1 degrees are 9 mm at
#: 5 m; the optical axis is told less well by as much as a body is narrow [rad].
SESSION_RAD: Final = np.radians([0.1, 0.1, 0.3])
#: What fewer blocks of a watch say is no standard.
LEAST_BLOCKS: Final = 10
#: Keeps directions regular of which a trial said nothing [rad].
UNKNOWN_RAD: Final = math.radians(5.0)


def learn_stand(aligned: AlignedTrial, rig: Rig) -> Known:
    """From a trial recorded while the cameras stood as calibrated.

    Raises InputError when three cameras or more did not see a person for some seconds, or one was moved meanwhile.
    """
    watch = RigWatch(rig)
    alone, blocks = athlete_only(aligned, rig), 0
    for k in range(len(alone)):
        watch.add(alone.frame(k))
        if watch.blocks == blocks:
            continue
        blocks = watch.blocks
        moved = [camera.name for camera in watch.report() if camera.moved]
        if moved:
            raise InputError(
                f"{', '.join(moved)} stands far from its calibration, or was moved in the recording; calibrate the "
                "rig, then record a person before anybody touches a camera"
            )
    if watch.blocks < LEAST_BLOCKS:
        seen_s, needed_s = BLOCK_S * watch.blocks, BLOCK_S * LEAST_BLOCKS
        raise InputError(
            f"three cameras or more saw a person for {seen_s:.1f} s, {needed_s:.0f} s are needed; record somebody who "
            "moves about where all of them see it"
        )
    return watch.known()


def save_stand(known: Known, rig: Rig, path: Path) -> None:
    """A YAML file: of which rig, each camera's turn [deg], and how sure that is."""
    covariance = np.linalg.inv(known.evidence.information + np.eye(len(known.evidence.pull)) / UNKNOWN_RAD**2)
    turns_deg = np.degrees(covariance @ known.evidence.pull).reshape(-1, 3)
    names = [camera.name for camera in (*rig.cameras, *((rig.depth,) if rig.depth else ()))]
    data = {
        "rig_sha256": rig_sha256(rig),
        "turned_deg": dict(zip(names, turns_deg.round(4).tolist(), strict=True)),
        "covariance_deg2": (covariance * math.degrees(1.0) ** 2).round(9).tolist(),
        "scale": dict(zip(names, (known.surprise / known.numbers).round(3).tolist(), strict=True)),
        "numbers": float(known.numbers),
    }
    path.write_text(yaml.safe_dump(data, sort_keys=False, default_flow_style=None), encoding="utf-8")


def load_stand(path: Path, rig: Rig) -> Known:
    """What `save_stand` wrote, less sure by what another session may change.

    Raises InputError when it is no such file, or of a rig that was calibrated anew since.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; `sport calibrate stand` writes one")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        made_for = str(data["rig_sha256"])
        turns = np.radians(np.array(list(data["turned_deg"].values()), dtype=np.float64)).ravel()
        covariance = np.array(data["covariance_deg2"], dtype=np.float64).reshape(len(turns), len(turns))
        scale = np.array(list(data["scale"].values()), dtype=np.float64)
        numbers = float(data["numbers"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: does not say how cameras stood ({error!r}); make it by `sport calibrate stand`"
        ) from error
    if made_for != rig_sha256(rig):
        raise InputError(f"{path}: was made for another calibration of the rig; record a trial and make it anew")
    sure = covariance / math.degrees(1.0) ** 2 + np.diag(np.tile(SESSION_RAD**2, len(scale)))
    information = np.asarray(np.linalg.inv(sure), dtype=np.float64)
    return Known(TurnEvidence(information, np.asarray(information @ turns, dtype=np.float64)), scale * numbers, numbers)


def athlete_only(aligned: AlignedTrial, rig: Rig) -> AlignedTrial:
    """Of the people in each camera the athlete alone, as `RigWatch.add` takes frames; confidence 0 where not seen."""
    chosen = choose_athlete(aligned, tuple(rig.camera(name) for name in aligned.camera_names))
    frames, views = np.arange(len(aligned))[:, None], np.arange(len(aligned.camera_names))[None]
    slots = np.maximum(chosen, 0)
    confidence = np.where(chosen[..., None] >= 0, aligned.keypoint_confidence[frames, views, slots], 0.0)
    return replace(
        aligned,
        keypoints_px=aligned.keypoints_px[frames, views, slots][:, :, None],
        keypoint_confidence=confidence[:, :, None],
        keypoint_filled=aligned.keypoint_filled[frames, views, slots][:, :, None],
    )
