"""Says where the rig's cameras stand, and whether they still stand there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from sport_coach.msg import MotionFrame

from sport_nodes import topics
from sport_nodes.fusion.rig_stand import load_stand
from sport_nodes.fusion.rig_watch import CameraHealth, RigWatch
from sport_nodes.nodes import conversions, qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.health import OK, WARN
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.transforms import TF_STATIC, TransformSender, camera_transform
from sport_nodes.rig import load_rig

REPORT_PERIOD_S: Final = 1.0


class RigNode(SportNode):
    """The rig's YAML to /tf_static; on /diagnostics how well each camera agrees with the others on the athlete."""

    def __init__(self) -> None:
        super().__init__("rig")
        self.parameter("rig", "lab", "Name of a rig in config/rigs, or path of a rig's YAML.")
        self.parameter(
            "stand", "", "File of `sport calibrate stand`; empty learns at each start how the cameras stand."
        )

    def configure(self) -> None:
        self._rig = load_rig(self.value("rig"))
        self._known = load_stand(Path(self.value("stand")), self._rig) if self.value("stand") else None
        self._transforms = TransformSender(self, TF_STATIC, qos.RESULT)

    def activate(self) -> None:
        cameras = [*self._rig.cameras, *([self._rig.depth] if self._rig.depth else [])]
        self._transforms.send([camera_transform(camera, self.now_s()) for camera in cameras])
        self.health.figure("rig", f"{self._rig.name}: {', '.join(c.name for c in cameras)}")
        self._watch = RigWatch(self._rig, self._known)
        self.subscribe(MotionFrame, topics.MOTION_FRAME, self._take, qos.SENSOR_IN)
        self.every(REPORT_PERIOD_S, self._report)

    def _take(self, message: Any) -> None:
        self._watch.add(conversions.frame_from_message(message)[0])

    def _report(self) -> None:
        for camera in self._watch.report():
            self.health.condition(f"place of {camera.name}", WARN if camera.moved else OK, moved_words(camera))
            if math.isfinite(camera.residual_px):
                self.health.figure(f"{camera.name} residual_px", f"{camera.residual_px:.1f}")


def moved_words(camera: CameraHealth) -> str:
    """For a camera that moved; what to do about it."""
    return (
        f"{camera.name} seems turned by {camera.turned_deg:.1f} deg since it was calibrated "
        f"({camera.residual_px:.0f} px off the other cameras); set it right or calibrate the rig again"
    )


def main() -> None:
    run_node(RigNode)


if __name__ == "__main__":
    main()
