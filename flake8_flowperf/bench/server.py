"""A web server of its own process for the cases about requests, on the loopback interface only.

It is run as a script with the Python that measures: ``server.py [CERTIFICATE KEY]``.  It prints its port and ends when
its standard input does, that is, when the benchmark has ended in whatever way.  ``GET /N`` is answered after N
milliseconds.
"""

from __future__ import annotations

import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open and answers with a small document."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Answer after the milliseconds that the path names."""
        time.sleep(int(self.path[1:]) / 1000)
        body = b'{"status": "ok"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


class Server(ThreadingHTTPServer):
    """One thread for each connection."""

    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_: object) -> None:
        """Say nothing of connections that end early."""


def main(arguments: list[str]) -> None:
    """Serve until the end of standard input."""
    server = Server(("127.0.0.1", 0), Handler)
    if arguments:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        print(server.server_port, flush=True)
        sys.stdin.read()
    finally:
        os._exit(0)  # in silence also where whoever asked has gone already


if __name__ == "__main__":
    main(sys.argv[1:])
