"""IMUs on Bluetooth Low Energy, through bleak: their notifications as a stream of bytes."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Coroutine
from typing import Any, Final

from sport_nodes.capture.imu import StreamImu
from sport_nodes.capture.source import DeviceError
from sport_nodes.errors import InputError

#: The characteristic that notifies, by protocol: WitMotion's own; the transmitting one of Nordic's UART service, which
#: boards of one's own use.
NOTIFIES: Final = {
    "witmotion_ble": "0000ffe4-0000-1000-8000-00805f9a34fb",
    "own": "6e400003-b5a3-f393-e0a9-e50e24dcca9e",
}
#: A link that is not made after this will not be made now [s].
CONNECT_S: Final = 10.0
#: Notifications that wait to be read; at 200 Hz, five seconds.
WAITING: Final = 1000


class BleImu(StreamImu):
    """An IMU by its address. Bleak's event loop runs in a thread of its own while the link is open.

    Raises InputError for a protocol without a known characteristic.
    """

    def __init__(self, address: str, *, protocol: str, rate_hz: float) -> None:
        if protocol not in NOTIFIES:
            raise InputError(f"IMU protocol '{protocol}' is not known over Bluetooth; expected {', '.join(NOTIFIES)}")
        super().__init__(f"IMU {address}", protocol=protocol, rate_hz=rate_hz)
        self._address = address
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._queue: queue.Queue[bytes | None] = queue.Queue(WAITING)  # None: the link was lost

    def _connect(self) -> None:
        try:
            import bleak
        except ImportError as error:
            raise InputError(f"bleak is not there ({error}); install it with `pip install bleak`") from error
        self._queue = queue.Queue(WAITING)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=self.name, daemon=True)
        self._thread.start()
        self._client = bleak.BleakClient(self._address, disconnected_callback=lambda _: self._put(None))
        try:
            self._run(self._client.connect())
            self._run(self._client.start_notify(NOTIFIES[self._protocol], lambda _, data: self._put(bytes(data))))
        except (bleak.BleakError, OSError, TimeoutError, asyncio.TimeoutError) as error:
            raise DeviceError(
                f"{self.name} does not connect ({error}); is it charged, near, and not linked to another host?"
            ) from error

    def _bytes(self, timeout_s: float) -> bytes:
        try:
            data = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return b""
        if data is None:
            raise DeviceError(f"{self.name} was lost; is it near, and charged?")
        return data

    def _disconnect(self) -> None:
        if self._loop is None or self._thread is None:
            return
        if self._client is not None and self._client.is_connected:
            self._run(self._client.disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._client = self._loop = self._thread = None

    def _put(self, data: bytes | None) -> None:
        """The oldest goes when nobody reads."""
        while True:
            try:
                self._queue.put_nowait(data)
            except queue.Full:
                self._queue.get_nowait()
            else:
                return

    def _run(self, call: Coroutine[Any, Any, Any]) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(call, self._loop).result(CONNECT_S)
