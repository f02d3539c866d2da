"""IMUs on Bluetooth Low Energy, through bleak: their notifications as a stream of bytes."""

from __future__ import annotations

import asyncio
import math
import queue
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final

from sport_nodes.capture.imu import StreamImu
from sport_nodes.capture.imu_protocols import ImuReading, WitMotionBleParser
from sport_nodes.capture.source import DeviceError, Sample
from sport_nodes.errors import InputError

#: The characteristic that notifies, by protocol: WitMotion's own; the transmitting one of Nordic's UART service, which
#: boards of one's own use.
NOTIFIES: Final = {
    "witmotion_ble": "0000ffe4-0000-1000-8000-00805f9a34fb",
    "own": "6e400003-b5a3-f393-e0a9-e50e24dcca9e",
}
#: What asks for the battery's state, to which characteristic and how often [s]; one's own frame carries it anyway.
ASKS_BATTERY: Final = {"witmotion_ble": ("0000ffe9-0000-1000-8000-00805f9a34fb", WitMotionBleParser.ASK_BATTERY)}
BATTERY_PERIOD_S: Final = 30.0
#: A device that is on tells of itself several times a second; one not heard after this is off or far away [s].
HEARD_S: Final = 5.0
#: A link that is not made after this will not be made now [s].
CONNECT_S: Final = 10.0
#: Notifications that wait to be read; at 200 Hz, five seconds.
WAITING: Final = 1000


class BleImu(StreamImu):
    """An IMU by its address. Bleak's event loop runs in a thread of its own while the link is open.

    Readings carry the signal's strength as it was heard just before the link was made: once linked, a device no longer
    tells of itself, and bleak gives no strength of a link.
    Raises InputError for a protocol without a known characteristic.
    """

    def __init__(self, address: str, *, protocol: str, rate_hz: float) -> None:
        if protocol not in NOTIFIES:
            raise InputError(f"IMU protocol '{protocol}' is not known over Bluetooth; expected {', '.join(NOTIFIES)}")
        super().__init__(f"IMU {address}", protocol=protocol, rate_hz=rate_hz)
        self._address = address
        self._client: Any = None
        self._asking: Future[None] | None = None
        self._signal_dbm = math.nan
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._queue: queue.Queue[bytes | None] = queue.Queue(WAITING)  # None: the link was lost

    def read(self, timeout_s: float) -> Sample[ImuReading] | None:
        sample = super().read(timeout_s)
        return sample and replace(sample, data=replace(sample.data, signal_dbm=self._signal_dbm))

    def _connect(self) -> None:
        try:
            import bleak
        except ImportError as error:
            raise InputError(f"bleak is not there ({error}); install it with `pip install bleak`") from error
        self._queue = queue.Queue(WAITING)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=self.name, daemon=True)
        self._thread.start()
        try:
            device = self._run(self._heard(bleak.BleakScanner))
            self._client = bleak.BleakClient(device, disconnected_callback=lambda _: self._put(None))
            self._run(self._client.connect())
            self._run(self._client.start_notify(NOTIFIES[self._protocol], lambda _, data: self._put(bytes(data))))
        except (bleak.BleakError, OSError, TimeoutError, asyncio.TimeoutError) as error:
            raise DeviceError(
                f"{self.name} does not connect ({error}); is it charged, near, and not linked to another host?"
            ) from error
        if self._protocol in ASKS_BATTERY:
            asking = self._ask_battery(self._client, bleak.BleakError)
            self._asking = asyncio.run_coroutine_threadsafe(asking, self._loop)

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
        if self._asking is not None:
            self._asking.cancel()
        if self._client is not None and self._client.is_connected:
            self._run(self._client.disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._client = self._loop = self._thread = self._asking = None

    async def _heard(self, scanner: Any) -> Any:
        """The device itself, as soon as it tells of itself; raises TimeoutError when it does not."""
        found: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def hear(device: Any, advertisement: Any) -> None:
            if device.address.upper() == self._address.upper() and not found.done():
                self._signal_dbm = float(advertisement.rssi)
                found.set_result(device)

        async with scanner(detection_callback=hear):
            return await asyncio.wait_for(found, HEARD_S)

    async def _ask_battery(self, client: Any, refused: type[Exception]) -> None:
        """Its answers come among the readings. A device that cannot be asked has a battery of unknown state."""
        characteristic, question = ASKS_BATTERY[self._protocol]
        try:
            while True:
                await client.write_gatt_char(characteristic, question, response=False)
                await asyncio.sleep(BATTERY_PERIOD_S)
        except (refused, OSError):
            return

    def _put(self, data: bytes | None) -> None:
        """The oldest goes when nobody reads."""
        while True:
            try:
                self._queue.put_nowait(data)
            except queue.Full:
                self._queue.get_nowait()
            else:
                return

    def _run(self, call: Coroutine[Any, Any, Any]) -> Any:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(CONNECT_S)
