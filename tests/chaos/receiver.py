"""Who hears of moves: writes down every delivery, and whether the reference library finds its signature good."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass(frozen=True, slots=True)
class Receipt:
    message_id: str
    body: bytes
    is_signed: bool


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Who sends is killed now and then: nothing to say."""


class Receiver:
    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.secret = ""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words: object) -> None:
                """Say nothing."""

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, name="receiver", daemon=True).start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}/hook"

    def take(self, headers: dict[str, str], body: bytes) -> None:
        try:
            Webhook(self.secret).verify(body, headers)
            is_signed = True
        except WebhookVerificationError:
            is_signed = False
        self.receipts.append(Receipt(headers.get("webhook-id", ""), body, is_signed))

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
