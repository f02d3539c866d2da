"""Which nodes make up the graph, once, for the launch files and for `sport up`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sport_nodes import topics
from sport_nodes.paths import share_directory
from sport_nodes.rig import Rig, load_rig

#: Where the sensor topics come from.
DEVICES: Final = "devices"  # the rig's cameras and IMUs
LAB: Final = "lab"  # the simulated lab
BAG: Final = "bag"  # a recorded trial
SOURCES: Final = (DEVICES, LAB, BAG)

#: How long after a trial's end its motion is fused as a whole at the latest [s].
MOTION_WITHIN_S: Final = 3.0


@dataclass(frozen=True)
class NodeSpec:
    """One node: a process that runs `python -m <module>` under this name with these parameters.

    group: drivers, core, results, view or record.
    """

    name: str
    module: str
    group: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GraphSettings:
    """What the whole graph agrees on.

    store: folder for bags and reports; empty for the user's data directory. record: write every trial into a bag.
    assess: score, diagnose, coach and report. lab, bag: parameters of the simulated lab (sport_nodes.nodes.lab) or of
    the bag player (sport_nodes.nodes.replay), where that is the source.
    """

    action: str
    rig: str = "lab"
    source: str = DEVICES
    record: bool = False
    assess: bool = True
    language: str = "en"
    store: str = ""
    use_sim_time: bool = False
    autostart: bool = True
    lab: Mapping[str, Any] = field(default_factory=dict)
    bag: Mapping[str, Any] = field(default_factory=dict)


def nodes_of(settings: GraphSettings) -> tuple[NodeSpec, ...]:
    """Every node of the graph, in the order in which data goes through them.

    Raises InputError when the rig cannot be read.
    """
    nodes = [*_sources(settings, load_rig(settings.rig)), *_core(settings)]
    if settings.source != DEVICES:
        # A player begins when everyone listens.
        player, *others = nodes
        waiting = [node.name for node in others]
        nodes[0] = _spec(player.name, player.group, {**player.parameters, "wait_for": waiting})
    common = {"use_sim_time": settings.use_sim_time, "autostart": settings.autostart}
    return tuple(NodeSpec(n.name, n.module, n.group, {**common, **n.parameters}) for n in nodes)


def default_params_file() -> Path:
    """The node parameters that ship with the package."""
    return share_directory() / "config" / "params.yaml"


def topic_names(rig_name: str) -> list[str]:
    """Every topic and service of the graph's own, /diagnostics and /tf aside. Raises InputError for an unknown rig."""
    rig = load_rig(rig_name)
    fixed = [v for k, v in vars(topics).items() if k.isupper() and str(v).startswith("/") and v != topics.DIAGNOSTICS]
    devices = [c.name for c in (*rig.cameras, *([rig.depth] if rig.depth else []))] + [m.name for m in rig.imus]
    names = [topics.clock(device) for device in devices]
    names += [name(c.name) for c in rig.cameras for name in (topics.keypoints, topics.image, topics.camera_info)]
    return fixed + names + [topics.imu(mount.name) for mount in rig.imus]


def _core(settings: GraphSettings) -> list[NodeSpec]:
    rig, action = {"rig": settings.rig}, {"action": settings.action}
    store, language = {"store": settings.store}, {"language": settings.language}
    nodes = [_spec("rig", "core", rig), _spec("synchronizer", "core", {**rig, **action}), _spec("markers", "view")]
    if settings.assess:
        nodes += [_spec("scorer", "results")]
        nodes += [_spec(name, "results", action) for name in ("keyframe", "diagnosis")]
        nodes += [_spec("coach", "results", language), _spec("report", "results", {**action, **store})]
    if settings.record:
        # Without results to wait for, a bag is closed soon after the trial's motion was heard.
        closing = {} if settings.assess else {"results_within_s": MOTION_WITHIN_S}
        nodes.append(_spec("recorder", "record", {**store, **rig, **closing}))
    return nodes


def _sources(settings: GraphSettings, rig: Rig) -> list[NodeSpec]:
    if settings.source == BAG:
        return [_spec("replay", "drivers", {"rig": settings.rig, **settings.bag})]
    if settings.source == LAB:
        return [_spec("lab", "drivers", {"rig": settings.rig, "action": settings.action, **settings.lab})]
    shared = {"rig": settings.rig}
    nodes = [_spec("kinect", "drivers", shared)] if rig.depth else []
    nodes += [_spec(camera.name, "drivers", shared, module="camera") for camera in rig.cameras]
    nodes += [_spec(mount.name, "drivers", shared, module="imu") for mount in rig.imus]
    return nodes


def _spec(name: str, group: str, parameters: Mapping[str, Any] | None = None, *, module: str = "") -> NodeSpec:
    return NodeSpec(name, f"sport_nodes.nodes.{module or name}", group, parameters or {})
