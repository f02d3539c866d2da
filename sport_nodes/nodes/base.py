"""The life cycle that every node of the graph shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from sport_nodes.nodes.guarded import GuardedNode
from sport_nodes.nodes.health import OK, WARN


class SportNode(GuardedNode):
    """A lifecycle node. Subclasses declare parameters in the constructor and override four hooks.

    `configure` reads parameters and makes publishers; `activate` opens devices, loads models and subscribes;
    `deactivate` and `cleanup` free what is not a ROS entity: entities made with `publisher`, `subscribe`, `every` and
    `service` go by themselves. A hook that raises InputError leaves the node where it was, says why, and (with
    `autostart`) is tried again every `retry_s`.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.parameter("autostart", True, "Walk up to active alone; false leaves that to a lifecycle manager.")
        self.parameter("retry_s", 5.0, "With autostart: seconds until a failed start is tried again.")
        self.health.condition("state", WARN, "not active")

    def configure(self) -> None:
        """Read parameters, make publishers."""

    def activate(self) -> None:
        """Open devices, load models, subscribe."""

    def deactivate(self) -> None:
        """Close devices, free models."""

    def cleanup(self) -> None:
        """Free what configure took."""

    def start(self) -> None:
        """Walk up to active; where that fails, try again after `retry_s`."""
        if self._walk_up():
            return

        def again() -> None:
            if self.active or self._walk_up():
                self.destroy_timer(timer)

        timer = self.create_timer(self.value("retry_s"), again, clock=self._steady)

    def _walk_up(self) -> bool:
        if self._phase == "configure" and self.trigger_configure() != TransitionCallbackReturn.SUCCESS:
            return False
        return bool(self.trigger_activate() == TransitionCallbackReturn.SUCCESS)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = self._step("configure", self.configure, super().on_configure, state)
        if result == TransitionCallbackReturn.SUCCESS:
            self._phase = "activate"
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = self._step("activate", self.activate, super().on_activate, state)
        self.active = result == TransitionCallbackReturn.SUCCESS
        if self.active:
            self.health.condition("state", OK, "")
            self.get_logger().info("active")
        else:
            super().on_deactivate(state)
        self.publish_diagnostics()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop_work()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._free()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        if self.active:
            self._stop_work()
        self._free()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.on_shutdown(state)
        return super().on_error(state)

    def _step(
        self, name: str, hook: Callable[[], None], entities: Callable[..., Any], state: LifecycleState
    ) -> TransitionCallbackReturn:
        entities(state)
        if self.guarded(name, hook)():
            return TransitionCallbackReturn.SUCCESS
        self.undo(name)
        return TransitionCallbackReturn.FAILURE

    def _stop_work(self) -> None:
        self.active = False
        self.health.condition("state", WARN, "not active")
        self.guarded("deactivate", self.deactivate)()
        self.undo("activate")

    def _free(self) -> None:
        self.guarded("cleanup", self.cleanup)()
        self.undo("configure")
        self._phase = "configure"
