"""What speaks against the skeleton is said where everybody looks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn

from sport_nodes import up
from sport_nodes.nodes.health import WARN
from sport_nodes.nodes.synchronizer import SynchronizerNode


@pytest.fixture
def node() -> Iterator[SynchronizerNode]:
    os.environ.update(up.localhost_only(), ROS_DOMAIN_ID=str(up.free_domain()))
    rclpy.init(args=[])
    made = SynchronizerNode()
    assert made.trigger_configure() == TransitionCallbackReturn.SUCCESS
    yield made
    made.destroy_node()
    rclpy.try_shutdown()


def test_a_contradicted_camera_and_an_inhuman_shape_are_on_the_diagnostics(node: SynchronizerNode) -> None:
    doubts = {"cameras": "camera_1: the other sensors contradict it", "shape": "the limbs imply a height of 17 m"}
    node._inputs = SimpleNamespace(tell_rejected=lambda: None, clocks=())
    node._fusion = SimpleNamespace(warnings=doubts)
    node._report()
    summary = node.health.summary()
    assert summary.level == WARN
    assert all(words in summary.message for words in doubts.values())
    node._fusion.warnings = {"cameras": "", "shape": ""}
    node._report()
    assert not any(words in node.health.summary().message for words in doubts.values())
