"""What every device looks like to the rest: open, read samples, close; and a thread that keeps one running."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Generic, Protocol, TypeVar

from sport_nodes.errors import InputError

Data = TypeVar("Data")

#: A read waits this long, so that closing never takes longer [s].
READ_TIMEOUT_S: Final = 0.2
#: First pause before a lost device is opened again, and the longest [s]; it doubles from try to try.
BACKOFF_S: Final = (0.25, 8.0)
#: A device that has delivered for this long has recovered: the next loss begins with the first pause again [s].
RECOVERED_S: Final = 5.0


class DeviceError(InputError):
    """The device is absent or was lost; it may come back."""


class EndOfSourceError(Exception):
    """A recording has been played to its end."""


@dataclass(frozen=True, eq=False)
class Sample(Generic[Data]):
    """One measurement.

    device_s: the device's own time of the measurement (exposure's centre for an image) [s].
    arrival_s: when the host had it, on the host's clock [s]. sequence: the device's counter; None without one.
    host_s: the measurement on the host's clock, where the device's stamps come from that machine; else NaN.
    """

    device_s: float
    arrival_s: float
    sequence: int | None
    data: Data
    host_s: float = math.nan


class Source(Protocol[Data]):
    """A device or a recording that stands for one. Not thread-safe: one thread opens, reads and closes it."""

    @property
    def name(self) -> str:
        """What it is, for messages."""
        ...

    @property
    def nominal_rate_hz(self) -> float:
        """Samples a second it is set to deliver; known once it is open."""
        ...

    def open(self) -> None:
        """Raises DeviceError when it is not there, InputError when it can never work as configured."""
        ...

    def read(self, timeout_s: float) -> Sample[Data] | None:
        """The next sample; None when none came in time.

        Raises DeviceError when the device was lost, EndOfSourceError at the end of a recording.
        """
        ...

    def close(self) -> None:
        """Free the device; harmless when it is not open."""
        ...


def each_sample(source: Source[Data], timeout_s: float) -> Iterator[Sample[Data]]:
    """The samples of an open source, until a recording's end. Raises DeviceError as `Source.read`."""
    while True:
        try:
            sample = source.read(timeout_s)
        except EndOfSourceError:
            return
        if sample is not None:
            yield sample


class Ring(Generic[Data]):
    """A bounded queue between two threads: when it is full, the oldest goes and is counted."""

    def __init__(self, capacity: int) -> None:
        self._items: deque[Data] = deque(maxlen=capacity)
        self._lock = threading.Lock()
        self.overwritten = 0

    def append(self, item: Data) -> None:
        with self._lock:
            self.overwritten += len(self._items) == self._items.maxlen
            self._items.append(item)

    def drain(self) -> list[Data]:
        """Everything in it, oldest first."""
        with self._lock:
            items = list(self._items)
            self._items.clear()
        return items


@dataclass(frozen=True)
class PumpStatus:
    """How a running source stands."""

    connected: bool = False
    ended: bool = False
    samples: int = 0
    reconnects: int = 0
    error: str = ""


class Pump(Generic[Data]):
    """Keeps a source open in a thread of its own and hands on every sample.

    handle is called in that thread. A lost device is opened again with growing pauses for as long as the pump runs; a
    source that can never work (a plain InputError) stops it. `status` may be read from any thread.
    """

    def __init__(
        self,
        source: Source[Data],
        handle: Callable[[Sample[Data]], None],
        *,
        backoff_s: tuple[float, float] = BACKOFF_S,
    ) -> None:
        self._source = source
        self._handle = handle
        self._first_pause_s, self._longest_pause_s = backoff_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pump {source.name}", daemon=True)
        self.status = PumpStatus()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and closes the source; returns when it is done."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def join(self, timeout_s: float) -> bool:
        """Wait for a recording's end; false when it still plays."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause_s = self._first_pause_s
        while not self._stop.is_set():
            opened_s = time.monotonic()
            try:
                self._source.open()
                self._update(connected=True, error="")
                self._read_on()
                return
            except DeviceError as error:
                self._update(connected=False, error=str(error), reconnects=self.status.reconnects + 1)
            except InputError as error:
                self._update(connected=False, ended=True, error=str(error))
                return
            except EndOfSourceError:
                self._update(connected=False, ended=True)
                return
            finally:
                self._source.close()
            if time.monotonic() - opened_s > RECOVERED_S:
                pause_s = self._first_pause_s
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, self._longest_pause_s)

    def _read_on(self) -> None:
        while not self._stop.is_set():
            sample = self._source.read(READ_TIMEOUT_S)
            if sample is not None:
                self._update(samples=self.status.samples + 1)
                self._handle(sample)

    def _update(self, **changes: bool | int | str) -> None:
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]


class Pace:
    """Holds a recording back to the speed at which it was made; without `paced` it runs as fast as it can."""

    def __init__(self, *, paced: bool) -> None:
        self._paced = paced
        self._start: tuple[float, float] | None = None

    def wait(self, device_s: float) -> None:
        """Return when a sample of this device time is due; the first one is due at once."""
        if not self._paced:
            return
        now_s = time.monotonic()
        if self._start is None:
            self._start = (device_s, now_s)
        due_s = self._start[1] + device_s - self._start[0]
        if due_s > now_s:
            time.sleep(due_s - now_s)
