"""A lifecycle node's means: described parameters, guarded callbacks, diagnostics, entities that go with their phase."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Coroutine
from typing import Any, Final

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile

from sport_nodes import topics
from sport_nodes.errors import InputError
from sport_nodes.nodes.conversions.arrays import stamp_reader
from sport_nodes.nodes.health import Health

LOG_THROTTLE_S: Final = 5.0
DIAGNOSTICS_PERIOD_S: Final = 1.0


class _NeverReady(CallbackGroup):
    """Keeps its entities out of what the executor waits for."""

    def can_execute(self, entity: Any) -> bool:
        return False

    def beginning_execution(self, entity: Any) -> bool:
        return False

    def ending_execution(self, entity: Any) -> None:
        return None


class GuardedNode(LifecycleNode):
    """Nothing that a callback meets is thrown out of the executor, and nothing is hidden: see `guarded`.

    Publishers, subscriptions, timers and services belong to the phase (configure or activate) they were made in.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.health = Health()
        self.active = False
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._made: dict[str, list[Callable[[], Any]]] = {"configure": [], "activate": []}
        self._phase = "configure"
        self._polled: list[Any] = []
        self._polled_group = _NeverReady()
        self._diagnostics = self.create_publisher(DiagnosticArray, topics.DIAGNOSTICS, 10)
        self.create_timer(DIAGNOSTICS_PERIOD_S, self.publish_diagnostics, clock=self._steady)

    def parameter(self, name: str, default: Any, description: str, *, read_only: bool = False) -> None:
        """Declare a parameter with its description."""
        self.declare_parameter(name, default, ParameterDescriptor(description=description, read_only=read_only))

    def value(self, name: str) -> Any:
        """The value of a declared parameter; empty strings are left out of lists (ROS cannot say "empty list")."""
        found = self.get_parameter(name).value
        return [v for v in found if v != ""] if isinstance(found, (list, tuple)) else found

    def now_s(self) -> float:
        """The node's time [s]."""
        return float(self.get_clock().now().nanoseconds) * 1e-9

    def publisher(self, message_type: Any, topic: str, qos: QoSProfile) -> Any:
        """A publisher that is silent while the node is not active."""
        made = self.create_lifecycle_publisher(message_type, topic, qos)
        self._made[self._phase].append(lambda: self.destroy_lifecycle_publisher(made))
        if self.active or self._phase == "activate":
            made.on_activate(None)
        return made

    def subscribe(
        self,
        message_type: Any,
        topic: str,
        callback: Callable[..., None],
        qos: QoSProfile,
        *,
        silent_after_s: float = float("inf"),
        raw: bool = False,
        polled: bool = False,
    ) -> Any:
        """A guarded subscription; with raw, the callback gets serialized bytes.

        polled: the messages wait until `take_polled`. For fast sensors: waking up for each message costs more than
        the message. With raw and polled, the callback also gets the time of receipt [s].
        """
        guarded = self.guarded(topic, callback)
        stamp_of = stamp_reader(message_type, raw=raw)

        def heard(message: Any, *received_s: float) -> None:
            stamp_s = stamp_of(message)
            self.health.received(topic, self.now_s() - stamp_s if stamp_s > 0.0 else None)
            guarded(message, *received_s)

        group = self._polled_group if polled else None
        made = self.create_subscription(message_type, topic, heard, qos, raw=raw, callback_group=group)
        self.health.expect(topic, silent_after_s=silent_after_s)
        self._made[self._phase] += [lambda: self.destroy_subscription(made), lambda: self.health.forget(topic)]
        if polled:
            self._polled.append(made)
            self._made[self._phase].append(lambda: self._polled.remove(made))
        return made

    def take_polled(self) -> None:
        """Run the callbacks of all polled subscriptions for what has come since the last call."""
        for subscription in list(self._polled):
            handle, message_type, raw = subscription.handle, subscription.msg_type, subscription.raw
            while (taken := handle.take_message(message_type, raw)) is not None:
                message, info = taken
                received_s = (info["received_timestamp"] * 1e-9,) if raw else ()
                subscription.callback(message, *received_s)

    def every(self, period_s: float, callback: Callable[[], None]) -> Any:
        """A guarded timer on the machine's steady clock."""
        made = self.create_timer(period_s, self.guarded("timer", callback), clock=self._steady)
        self._made[self._phase].append(lambda: self.destroy_timer(made))
        return made

    def service(
        self, service_type: Any, name: str, callback: Callable[[Any, Any], Coroutine[Any, Any, None] | None]
    ) -> Any:
        """A service whose response has `accepted` and `message`; the callback fills the response it is given.

        A callback that is a coroutine may await `Background.result_of`; the executor goes on meanwhile. An InputError
        is answered with accepted = false and its words.
        """

        async def answer(request: Any, response: Any) -> Any:
            response.accepted, response.message = False, f"{name} failed; see the log of {self.get_name()}"
            try:
                pending = callback(request, response)
                if pending is not None:
                    await pending
            except InputError as error:
                response.accepted, response.message = False, str(error)
            except Exception as error:  # noqa: BLE001  as in `guarded`
                self._defect(name, error)
            return response

        # A group of its own: a coroutine that waits holds its group, and the node's others must go on.
        made = self.create_service(service_type, name, answer, callback_group=MutuallyExclusiveCallbackGroup())
        self._made[self._phase].append(lambda: self.destroy_service(made))
        return made

    def guarded(self, source: str, callback: Callable[..., None]) -> Callable[..., bool]:
        """The callback, made safe for the executor; it then says whether it went well.

        What makes no sense (InputError) is counted as rejected with its reason. Anything else is a defect of the
        program: logged with its traceback and shown as an error, and the node goes on.
        """

        def run(*args: Any) -> bool:
            try:
                callback(*args)
            except InputError as error:
                self.health.rejected(source, str(error))
                self.get_logger().warning(f"{source}: {error}", throttle_duration_sec=LOG_THROTTLE_S)
                return False
            except Exception as error:  # noqa: BLE001  the graph outlives a defect, and the defect is not hidden
                self._defect(source, error)
                return False
            return True

        return run

    def _defect(self, source: str, error: Exception) -> None:
        self.health.fault(source, repr(error))
        self.get_logger().error(f"{source} failed:\n{traceback.format_exc()}", throttle_duration_sec=LOG_THROTTLE_S)

    def undo(self, phase: str) -> None:
        """Destroy what was made in this phase, the last first."""
        while self._made[phase]:
            self._made[phase].pop()()

    def publish_diagnostics(self) -> None:
        """Once a second, and at every change of state."""
        summary = self.health.summary()
        status = DiagnosticStatus(
            level=bytes([summary.level]),
            name=self.get_fully_qualified_name().lstrip("/"),
            message=summary.message,
            values=[KeyValue(key=k, value=v) for k, v in summary.values.items()],
        )
        status.values.append(KeyValue(key="active", value=str(self.active).lower()))
        array = DiagnosticArray(status=[status])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)
