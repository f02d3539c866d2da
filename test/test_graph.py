"""The graph as data: the same nodes for the launch files, `sport up` and the demo."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
import yaml

from sport_nodes import graph, topics
from sport_nodes.errors import InputError
from sport_nodes.graph import BAG, DEVICES, LAB, GraphSettings, nodes_of
from sport_nodes.rig import load_rig

ROOT = Path(__file__).resolve().parents[1]


def names(settings: GraphSettings) -> list[str]:
    return [node.name for node in nodes_of(settings)]


def test_every_node_can_be_run_as_a_module() -> None:
    for source in graph.SOURCES:
        for node in nodes_of(GraphSettings(action="sit_up", source=source, record=True)):
            spec = importlib.util.find_spec(node.module)
            assert spec is not None, node.module
            assert spec.origin is not None
            tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
            assert "main" in [item.name for item in tree.body if isinstance(item, ast.FunctionDef)], node.module


def test_the_rig_decides_on_the_drivers() -> None:
    rig = load_rig("lab")
    found = {n.name: n.module.rpartition(".")[2] for n in nodes_of(GraphSettings("sit_up")) if n.group == "drivers"}
    expected = {"kinect": "kinect"}
    expected |= {camera.name: "camera" for camera in rig.cameras}
    expected |= {mount.name: "imu" for mount in rig.imus}
    assert found == expected


@pytest.mark.parametrize(("source", "player"), [(LAB, "lab"), (BAG, "replay")])
def test_a_player_takes_the_drivers_place_and_waits_for_everyone(source: str, player: str) -> None:
    nodes = nodes_of(GraphSettings("sit_up", source=source, record=True))
    assert [n.name for n in nodes if n.group == "drivers"] == [player]
    assert set(nodes[0].parameters["wait_for"]) == {n.name for n in nodes} - {player}


def test_recording_and_assessing_are_chosen() -> None:
    everything = names(GraphSettings("sit_up", record=True))
    assert len(everything) == len(set(everything))
    assert set(everything) - set(names(GraphSettings("sit_up"))) == {"recorder"}
    without = set(everything) - set(names(GraphSettings("sit_up", record=True, assess=False)))
    assert without == {"scorer", "keyframe", "diagnosis", "coach", "report"}


def test_settings_reach_the_nodes_they_are_for() -> None:
    settings = GraphSettings(
        "free_throw", source=LAB, store="/there", language="zh", use_sim_time=True, lab={"seed": 3}
    )
    by_name = {node.name: node.parameters for node in nodes_of(settings)}
    assert by_name["synchronizer"]["action"] == by_name["lab"]["action"] == "free_throw"
    assert by_name["lab"]["seed"] == 3
    assert by_name["coach"]["language"] == "zh"
    assert by_name["report"]["store"] == "/there"
    assert all(parameters["use_sim_time"] for parameters in by_name.values())


def test_an_unknown_rig_is_named() -> None:
    with pytest.raises(InputError, match="no rig"):
        nodes_of(GraphSettings("sit_up", rig="attic", source=DEVICES))


def test_the_names_that_a_namespace_moves_are_the_graphs_own() -> None:
    found = graph.topic_names("lab")
    assert len(found) == len(set(found))
    assert all(name.startswith("/") for name in found)
    assert {topics.MOTION_TRIAL, topics.SERVICE_TRIAL_START, "/camera_2/keypoints", "/imu_trunk/clock"} <= set(found)
    assert topics.DIAGNOSTICS not in found


def test_the_shipped_parameters_are_for_nodes_that_there_are() -> None:
    data = yaml.safe_load(graph.default_params_file().read_text(encoding="utf-8"))
    known = {n.name for s in graph.SOURCES for n in nodes_of(GraphSettings("sit_up", source=s, record=True))}
    assert {key.removeprefix("/**/") for key in data} - {"/**"} <= known


@pytest.mark.parametrize("script", ["node.in", "sport"])
def test_what_colcon_installs_may_be_imported_by_a_spawned_worker(script: str) -> None:
    """multiprocessing's spawn imports the parent's script under this name; it must not run a second node."""
    text = (ROOT / "scripts" / script).read_text(encoding="utf-8").replace("@node@", "markers")
    names: dict[str, object] = {"__name__": "__mp_main__"}
    exec(compile(text, script, "exec"), names)  # running it would not return
    assert callable(names["main"])


def test_a_recorder_without_results_to_wait_for_closes_its_bags_soon() -> None:
    def closing(assess: bool) -> float | None:
        nodes = nodes_of(GraphSettings("sit_up", record=True, assess=assess))
        return next(n.parameters.get("results_within_s") for n in nodes if n.name == "recorder")

    assert closing(assess=True) is None
    assert closing(assess=False) == graph.MOTION_WITHIN_S


@pytest.mark.parametrize("path", sorted((ROOT / "launch").glob("*.launch.py")), ids=lambda p: p.name)
def test_launch_files_describe_themselves(path: Path) -> None:
    pytest.importorskip("launch_ros", reason="needs a full ROS 2 (launch, launch_ros)")
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    from launch import LaunchContext

    description = PythonLaunchDescriptionSource(str(path)).get_launch_description(LaunchContext())
    arguments = {argument.name: argument.description for argument in description.get_launch_arguments()}
    expected = "namespace use_sim_time params_file autostart use_respawn log_level action rig record"
    assert set(expected.split()) <= set(arguments)
    assert all(len(text.split()) >= 3 for text in arguments.values())
