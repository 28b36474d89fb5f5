"""What a gateway says by HTTP of itself, for one that a foreign responder announces: `… ADDRESS PORT GATEWAY_ID`."""

import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from benchmarks.discovery.peers.asking import say
from protocol.device_api import Device
from protocol.discovery import API_PATH

ADDRESS, PORT, GATEWAY_ID = sys.argv[1:]
DEVICE: Final = Device(
    gateway_id=GATEWAY_ID,
    model="MKN702",
    name="AiSEG MKN702",
    firmware="2.10",
    uptime_s=1,
    registered=True,
    busy=False,
    cloud_connected=True,
)


class _Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer the one question that a search asks."""
        body = DEVICE.model_dump_json().encode()
        here = self.path == f"{API_PATH}/device"
        self.send_response(HTTPStatus.OK if here else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


if __name__ == "__main__":
    server = ThreadingHTTPServer((ADDRESS, int(PORT)), _Api)
    say({})
    server.serve_forever()
