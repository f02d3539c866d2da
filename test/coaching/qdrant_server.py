"""A server on 127.0.0.1 that speaks the part of Qdrant's REST protocol that the store uses, over the client's own
in-memory engine: what is sent must be what a server reads, and what comes back what one sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel, TypeAdapter
from qdrant_client import QdrantClient, models


def answer(engine: QdrantClient, method: str, path: str, body: Any) -> Any:
    """The `result` of a request."""
    _, _, name, *rest = path.split("?")[0].split("/")
    match method, rest:
        case "GET", ["exists"]:
            return {"exists": engine.collection_exists(name)}
        case "PUT", []:
            wanted = models.CreateCollection.model_validate(body)
            return engine.create_collection(
                name, vectors_config=wanted.vectors, sparse_vectors_config=wanted.sparse_vectors
            )
        case "GET", []:
            return engine.get_collection(name)
        case "PUT", ["index"]:
            models.CreateFieldIndex.model_validate(body)
            return {"operation_id": 0, "status": "completed"}
        case "POST", ["points"]:
            wanted = models.PointRequest.model_validate(body)
            return engine.retrieve(name, wanted.ids, with_payload=wanted.with_payload, with_vectors=False)
        case "PUT", ["points"]:
            return engine.upsert(name, TypeAdapter(models.PointsList).validate_python(body).points)
        case "POST", ["points", "delete"]:
            return engine.delete(name, models.FilterSelector.model_validate(body))
        case "POST", ["points", "count"]:
            return engine.count(name)
        case "POST", ["points", "query"]:
            wanted = models.QueryRequest.model_validate(body)
            return engine.query_points(
                name,
                query=wanted.query,
                using=wanted.using,
                query_filter=wanted.filter,
                limit=wanted.limit,
                with_payload=wanted.with_payload,
                with_vectors=wanted.with_vector,
            )
    raise ValueError(f"the fake server knows no {method} {path}")


@contextmanager
def qdrant_server() -> Iterator[tuple[str, list[str]]]:
    """Yields the URL, and a list that every request's method and path are added to."""
    engine, requests, lock = QdrantClient(":memory:"), [], threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            with lock:
                requests.append(f"{self.command} {self.path}")
                result = answer(engine, self.command, self.path, body)
            data = json.dumps({"result": plain(result), "status": "ok", "time": 0.0}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self.handle_one()

        def do_PUT(self) -> None:
            self.handle_one()

        def do_POST(self) -> None:
            self.handle_one()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()


def plain(result: Any) -> Any:
    """A result as JSON knows it."""
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json")
    return [plain(item) for item in result] if isinstance(result, list) else result
