"""Says where the rig's cameras stand."""

from __future__ import annotations

from sport_nodes.nodes import qos
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.run import run_node
from sport_nodes.nodes.transforms import TF_STATIC, TransformSender, camera_transform
from sport_nodes.rig import load_rig


class RigNode(SportNode):
    """The rig's YAML to /tf_static."""

    def __init__(self) -> None:
        super().__init__("rig")
        self.parameter("rig", "lab", "Name of a rig in config/rigs, or path of a rig's YAML.")

    def configure(self) -> None:
        self._rig = load_rig(self.value("rig"))
        self._transforms = TransformSender(self, TF_STATIC, qos.RESULT)

    def activate(self) -> None:
        cameras = [*self._rig.cameras, *([self._rig.depth] if self._rig.depth else [])]
        self._transforms.send([camera_transform(camera, self.now_s()) for camera in cameras])
        self.health.figure("rig", f"{self._rig.name}: {', '.join(c.name for c in cameras)}")


def main() -> None:
    run_node(RigNode)


if __name__ == "__main__":
    main()
