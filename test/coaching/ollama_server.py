"""A server on 127.0.0.1 that speaks Ollama's streaming chat protocol and says what a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sport_nodes.coaching.sentences import split_sentences


@dataclass
class Script:
    """text: the answer, sent word by word. breaks_after: words after which the connection dies. status: HTTP status.

    knows_schema: it holds itself to a JSON schema that is asked for; None refuses one, as old servers do.
    wait_before: number of a word, and what is waited for before it. pause_s: before each word. raw: bytes sent in
    place of the protocol. embeddings: the answer to /api/embed.
    """

    text: str = ""
    breaks_after: int | None = None
    status: int = 200
    pause_s: float = 0.0
    raw: bytes | None = None
    knows_schema: bool | None = False
    wait_before: tuple[int, threading.Event] | None = None
    embeddings: list[list[float]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    host: str = ""


@contextmanager
def ollama_server(script: Script) -> Iterator[Script]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            script.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            assert self.path in ("/api/chat", "/api/embed")
            refused = script.knows_schema is None and script.requests[-1].get("format") is not None
            self.send_response(400 if refused else script.status)
            self.send_header("Content-Type", "application/x-ndjson")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                if refused:
                    self.chunk(json.dumps({"error": "invalid format"}).encode())
                    self.chunk(b"")
                else:
                    self.answer()
            except OSError:
                self.close_connection = True  # the client has had enough

        def answer(self) -> None:
            if script.raw is not None:
                self.chunk(script.raw)
            elif script.status != 200:
                self.chunk(json.dumps({"error": "model 'gemma3:4b' not found"}).encode())
            elif self.path == "/api/embed":
                self.chunk(json.dumps({"model": "m", "embeddings": script.embeddings}).encode())
            else:
                text = script.text
                if script.knows_schema and script.requests[-1].get("format"):
                    text = json.dumps({"sentences": split_sentences(text)}, ensure_ascii=False)
                words = text.split(" ")
                for number, word in enumerate(words):
                    if number == script.breaks_after:
                        self.close_connection = True
                        self.wfile.flush()
                        self.connection.close()
                        return
                    time.sleep(script.pause_s)
                    if script.wait_before and number == script.wait_before[0]:
                        assert script.wait_before[1].wait(5.0), "nobody spoke the sentence that was complete"
                    self.part(word if number == 0 else f" {word}", done=False)
                self.part("", done=True)
            self.chunk(b"")

        def part(self, content: str, *, done: bool) -> None:
            message = {"role": "assistant", "content": content}
            self.chunk(json.dumps({"model": "m", "message": message, "done": done}).encode() + b"\n")

        def chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.host = f"127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
