"""A node's account of itself, on a clock that the test moves."""

from __future__ import annotations

from sport_nodes.nodes.health import ERROR, HOLD_S, OK, WARN, Health


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_rates_and_latencies_are_those_since_the_last_summary() -> None:
    clock = Clock()
    health = Health(clock)
    health.expect("/imu")
    for latency_s in (0.010, 0.030):
        health.received("/imu", latency_s)
    clock.now_s += 2.0
    values = health.summary().values
    assert (values["/imu rate_hz"], values["/imu latency_ms"], values["/imu latency_max_ms"]) == ("1.0", "20.0", "30.0")
    clock.now_s += 1.0
    assert health.summary().values["/imu rate_hz"] == "0.0"


def test_silence_is_a_warning_until_the_source_speaks_again() -> None:
    clock = Clock()
    health = Health(clock)
    health.expect("/kinect", silent_after_s=1.0)
    assert health.summary().level == OK
    clock.now_s += 1.5
    summary = health.summary()
    assert (summary.level, summary.message) == (WARN, "/kinect: never heard")
    health.received("/kinect", None)
    assert health.summary().level == OK
    clock.now_s += 3.0
    assert health.summary().message == "/kinect: silent for 3 s"


def test_trouble_colours_the_level_for_a_while_and_stays_counted() -> None:
    clock = Clock()
    health = Health(clock)
    health.rejected("/imu", "norm 7", 3)
    assert health.summary().level == WARN
    health.fault("timer", "KeyError")
    summary = health.summary()
    assert summary.level == ERROR
    assert summary.message.startswith("timer: 1 failed")  # the worst first
    clock.now_s += HOLD_S + 1.0
    later = health.summary()
    assert later.level == OK
    assert later.values["/imu rejected"] == "3"
    assert later.values["timer failed last"] == "KeyError"


def test_a_condition_lasts_until_it_is_lifted() -> None:
    clock = Clock()
    health = Health(clock)
    health.condition("model", ERROR, "there is no model")
    clock.now_s += 1000.0
    assert (health.summary().level, health.summary().message) == (ERROR, "there is no model")
    health.condition("model", OK, "")
    assert health.summary().level == OK
