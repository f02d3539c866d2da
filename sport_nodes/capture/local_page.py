"""A page on this machine alone, with one picture that is drawn anew again and again. Nothing is kept or written."""

from __future__ import annotations

import html
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import cv2

from sport_nodes.capture.pose2d import Image
from sport_nodes.errors import InputError

#: Only this machine can reach it.
LOOPBACK: Final = "127.0.0.1"
#: Names of this machine in a request. Others are those of a page elsewhere that points its own name here (DNS
#: rebinding), and are refused.
OWN_NAMES: Final = (LOOPBACK, "localhost")
#: The browser asks for the picture anew after so long [ms].
REFRESH_MS: Final = 250
JPEG_QUALITY: Final = 80

PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{margin:0;background:#222;text-align:center}}img{{max-width:100%;max-height:100vh}}</style>
<img id="picture" src="/picture.jpg" alt="{title}">
<script>
const picture = document.getElementById("picture");
let number = 0;
setInterval(() => {{ picture.src = "/picture.jpg?" + ++number; }}, {refresh_ms});
</script></html>
"""


class LocalPage:
    """Serves the picture that `show` was last given. port 0: any that is free.

    Raises InputError when the port is taken.
    """

    def __init__(self, title: str, port: int) -> None:
        self._page = PAGE.format(title=html.escape(title), refresh_ms=REFRESH_MS).encode()
        self._picture = b""
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing: who looks at the page is nobody's business."""

        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), Handler)
        except OSError as error:
            raise InputError(f"port {port} of this machine is not free ({error.strerror}); give another") from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="page", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_address[1]}/"

    def show(self, picture: Image) -> None:
        """A BGR image, from now on."""
        self._picture = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        content = {"/": ("text/html; charset=utf-8", self._page), "/picture.jpg": ("image/jpeg", self._picture)}
        if request.headers.get("Host", "").partition(":")[0] not in OWN_NAMES:
            request.send_error(403, "this page is for this machine only")
        elif path not in content or not content[path][1]:
            request.send_error(404)
        else:
            kind, data = content[path]
            request.send_response(200)
            request.send_header("Content-Type", kind)
            request.send_header("Content-Length", str(len(data)))
            request.send_header("Cache-Control", "no-store")
            request.end_headers()
            request.wfile.write(data)
