"""What holds for every node: described parameters, a life cycle that can be walked, names that do not clash."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
import rclpy
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

import sport_nodes.nodes
from sport_nodes import up
from sport_nodes.errors import InputError
from sport_nodes.nodes.base import SportNode
from sport_nodes.nodes.health import WARN

#: rclpy declares these itself.
OF_RCLPY = ("use_sim_time", "start_type_description_service")


def node_classes() -> list[type[SportNode]]:
    """Of every module that can be run as a node."""
    found = []
    for info in pkgutil.iter_modules(sport_nodes.nodes.__path__):
        module = importlib.import_module(f"sport_nodes.nodes.{info.name}")
        if hasattr(module, "main"):
            found += [
                kind
                for kind in vars(module).values()
                if isinstance(kind, type) and issubclass(kind, SportNode) and kind.__module__ == module.__name__
            ]
    return found


@pytest.fixture(scope="module", autouse=True)
def ros() -> Iterator[None]:
    os.environ.update(up.localhost_only(), ROS_DOMAIN_ID=str(up.free_domain()))
    rclpy.init(args=[])
    yield
    rclpy.try_shutdown()


@pytest.fixture(params=node_classes(), ids=lambda kind: kind.__name__)
def node(request: pytest.FixtureRequest) -> Iterator[SportNode]:
    made = request.param()
    yield made
    made.destroy_node()


def test_there_are_nodes_for_the_whole_design() -> None:
    names = {kind.__name__ for kind in node_classes()}
    expected = "Kinect Camera Imu Rig Synchronizer Scorer Keyframe Diagnosis Coach Markers Recorder Report Lab Replay"
    assert {f"{name}Node" for name in expected.split()} <= names


def test_every_parameter_says_what_it_is(node: SportNode) -> None:
    names = [name for name in node._parameters if name not in OF_RCLPY and not name.startswith("qos_overrides")]
    assert {"autostart", "retry_s"} <= set(names)
    for name in names:
        description = node.describe_parameter(name).description
        assert len(description.split()) >= 3, f"{name}: '{description}'"
        assert description.endswith("."), f"{name}: '{description}'"


def test_no_attribute_hides_one_of_rclpy(node: SportNode) -> None:
    plain = LifecycleNode("plain")
    untouched = vars(plain).keys() - {"_parameters"}
    for name in untouched:
        assert type(vars(node)[name]) is type(vars(plain)[name]), name
    plain.destroy_node()


def test_it_starts_unconfigured_and_says_so(node: SportNode) -> None:
    assert not node.active
    summary = node.health.summary()
    assert (summary.level, summary.message) == (WARN, "not active")


class Stubborn(SportNode):
    """Refuses to activate until it is allowed to."""

    def __init__(self) -> None:
        super().__init__("stubborn")
        self.allowed = False
        self.calls: list[str] = []

    def activate(self) -> None:
        self.calls.append("activate")
        self.every(60.0, lambda: None)
        if not self.allowed:
            raise InputError("the device is not plugged in")

    def deactivate(self) -> None:
        self.calls.append("deactivate")

    def cleanup(self) -> None:
        self.calls.append("cleanup")


def walk(node: Any, *steps: str) -> list[bool]:
    return [getattr(node, f"trigger_{step}")() == TransitionCallbackReturn.SUCCESS for step in steps]


def test_a_start_that_fails_leaves_nothing_behind_and_can_be_repeated() -> None:
    node = Stubborn()
    timers = len(list(node.timers))
    assert walk(node, "configure", "activate") == [True, False]
    assert len(list(node.timers)) == timers
    assert "not plugged in" in node.health.summary().message
    node.allowed = True
    assert walk(node, "activate", "deactivate", "activate", "deactivate", "cleanup", "configure") == [True] * 6
    assert node.calls == ["activate", "activate", "deactivate", "activate", "deactivate", "cleanup"]
    assert len(list(node.timers)) == timers
    node.destroy_node()


def test_a_guarded_callback_counts_nonsense_and_shows_defects() -> None:
    node = Stubborn()
    walk(node, "configure")

    def take(value: Any) -> None:
        if value == "nonsense":
            raise InputError("seven legs")
        1 / value

    guarded = node.guarded("/topic", take)
    assert [guarded(1), guarded("nonsense"), guarded(0), guarded(2)] == [True, False, False, True]
    summary = node.health.summary()
    assert summary.values["/topic rejected"] == "1"
    assert summary.values["/topic rejected last"] == "seven legs"
    assert "ZeroDivisionError" in summary.values["/topic failed last"]
    assert summary.level == 2
    node.destroy_node()
