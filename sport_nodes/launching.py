"""The graph for `ros2 launch`: what the files in launch/ have in common. Needs launch and launch_ros (full ROS 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch.actions import (
    DeclareLaunchArgument,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from launch import LaunchContext, LaunchDescription
from sport_nodes.actions import action_names
from sport_nodes.errors import InputError
from sport_nodes.graph import DEVICES, LAB, GraphSettings, NodeSpec, default_params_file, nodes_of, topic_names
from sport_nodes.paths import PACKAGE, share_directory
from sport_nodes.up import EXIT_UNUSABLE, node_environment

BOOLEAN: Final = ("true", "false")
#: Seconds until a node that died is started again.
RESPAWN_DELAY_S: Final = 1.0

#: Name: default, description, and choices where there are few.
_ARGUMENTS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "namespace": ("", "Namespace of all nodes and topics; empty for none.", ()),
    "use_sim_time": ("false", "Take the time from /clock.", BOOLEAN),
    "params_file": (str(default_params_file()), "YAML file with node parameters.", ()),
    "autostart": ("true", "Walk the lifecycle nodes up to active.", BOOLEAN),
    "use_respawn": ("true", "Start a node again when it dies.", BOOLEAN),
    "log_level": ("info", "Least severe messages to show.", ("debug", "info", "warn", "error", "fatal")),
    "action": ("standing_long_jump", "The movement that is performed.", action_names()),
    "rig": ("lab", "Name of a rig in config/rigs, or path of a rig's YAML.", ()),
    "record": ("false", "Write every trial into a bag.", BOOLEAN),
    "store": ("", "Folder for reports and bags; empty for the user's data directory.", ()),
    "language": ("en", "Language of the coach's words.", ("en", "zh")),
    "rviz": ("false", "Show the graph in RViz.", BOOLEAN),
}

Settings = Callable[[Mapping[str, str]], GraphSettings]


def argument(name: str, default: str, description: str, choices: tuple[str, ...] = ()) -> DeclareLaunchArgument:
    """A launch argument that only this file has."""
    return DeclareLaunchArgument(name, default_value=default, description=description, choices=list(choices) or None)


def describe(
    settings: Settings,
    *,
    own_arguments: tuple[DeclareLaunchArgument, ...] = (),
    keep: Callable[[NodeSpec], bool] = lambda _: True,
    **defaults: str,
) -> LaunchDescription:
    """The arguments, and the nodes that follow from their values.

    settings: from the arguments' values to the graph's. keep: which of its nodes to start. defaults: of the common
    arguments, where this file's differ.
    """

    def start(context: LaunchContext) -> list[Any]:
        names = [*_ARGUMENTS, *(a.name for a in own_arguments)]
        values = {name: LaunchConfiguration(name).perform(context) for name in names}
        if not Path(values["params_file"]).is_file():
            raise InputError(f"there is no parameter file {values['params_file']}")
        chosen = settings(values)
        actions: list[Any] = [_node(spec, values, chosen.rig) for spec in nodes_of(chosen) if keep(spec)]
        if chosen.source != DEVICES:
            actions.append(_show(chosen, values))
        if is_true(values["rviz"]):
            actions.append(_rviz(values))
        actions.append(RegisterEventHandler(OnProcessExit(on_exit=_end_with_the_unusable)))
        return actions

    common = [argument(n, defaults.get(n, d), text, choices) for n, (d, text, choices) in _ARGUMENTS.items()]
    environment = [SetEnvironmentVariable(name, value) for name, value in node_environment().items()]
    return LaunchDescription([*common, *own_arguments, *environment, OpaqueFunction(function=start)])


def graph_settings(values: Mapping[str, str], **own: Any) -> GraphSettings:
    """The common arguments as settings, and what a launch file adds."""
    common: dict[str, Any] = {
        "action": values["action"],
        "rig": values["rig"],
        "record": is_true(values["record"]),
        "language": values["language"],
        "store": values["store"],
        "use_sim_time": is_true(values["use_sim_time"]),
        "autostart": is_true(values["autostart"]),
    }
    return GraphSettings(**{**common, **own})


def is_true(value: str) -> bool:
    """A launch argument's value, after its choices were checked."""
    return value == "true"


def _node(spec: NodeSpec, values: Mapping[str, str], rig: str) -> Node:
    return Node(
        package=PACKAGE,
        executable=spec.module.rpartition(".")[2],
        name=spec.name,
        namespace=values["namespace"],
        output="screen",
        parameters=[values["params_file"], {name: _value(v) for name, v in spec.parameters.items()}],
        remappings=_remappings(values["namespace"], rig),
        ros_arguments=["--log-level", values["log_level"]],
        respawn=is_true(values["use_respawn"]),
        respawn_delay=RESPAWN_DELAY_S,
    )


def _show(settings: GraphSettings, values: Mapping[str, str]) -> Node:
    """What a player's trials come to, on the terminal; the launch ends after the last of them."""
    return Node(
        package=PACKAGE,
        executable="show",
        name="show",
        namespace=values["namespace"],
        output="screen",
        parameters=[
            {
                "trials": settings.lab.get("trials", 1),
                "recorded": settings.record,
                "simulated": settings.source == LAB,
            }
        ],
        remappings=_remappings(values["namespace"], settings.rig),
        on_exit=Shutdown(reason="all trials were shown"),
    )


def _rviz(values: Mapping[str, str]) -> Any:
    try:
        get_package_prefix("rviz2")
    except PackageNotFoundError:
        return LogInfo(msg="rviz:=true, but there is no rviz2 here; install it, or look at the topics in Foxglove")
    return Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", str(share_directory() / "rviz" / "sport.rviz")],
        parameters=[{"use_sim_time": is_true(values["use_sim_time"])}],
        remappings=_remappings(values["namespace"], values["rig"]),
        output="log",
    )


def _end_with_the_unusable(event: Any, _context: LaunchContext) -> Any:
    """A node that cannot use what it was given would only be started in vain again and again."""
    if event.returncode != EXIT_UNUSABLE:
        return None
    return Shutdown(reason=f"{event.process_name} cannot use what it was given; see its message above")


def _remappings(namespace: str, rig: str) -> list[tuple[str, str]]:
    """The graph's names are absolute: into a namespace they go one by one."""
    prefix = namespace.strip("/")
    return [(name, f"/{prefix}{name}") for name in topic_names(rig)] if prefix else []


def _value(value: Any) -> Any:
    """Strings stay strings: launch would read "1" as a number and "" as nothing."""
    if isinstance(value, str):
        return ParameterValue(value, value_type=str)
    if isinstance(value, list | tuple):
        return list(value) or [""]
    return value
