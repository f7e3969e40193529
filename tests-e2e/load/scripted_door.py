"""A front door that answers as it is told, for customers of the load tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

END = b'id: 2-1\nevent: end\ndata: {"outcome": "answered", "text": "Your order is on its way: ..0007."}\n\n'
CHUNK = b'id: 1-1\nevent: chunk\ndata: {"text": "Your"}\n\n'
CARD = b'id: 1-2\nevent: confirmation\ndata: {"digest": "sha256:ab"}\n\n'


@contextmanager
def scripted_door(stream: bytes, *, status: int = 200, decision: int = 202) -> Iterator[str]:
    """Its address; `/chat` answers with `stream`, decisions with that status."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            chat = self.path == "/chat"
            self.send_response(status if chat else decision)
            for name in ("x-aiguy-conversation-id", "x-aiguy-turn-id"):
                self.send_header(name, "an-id")
            body = stream if chat else b"{}"
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
