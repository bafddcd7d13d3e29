"""Server: the package websockets.

Its first input line names certificate and key; it ends with its input.
"""

import asyncio
import json
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.legacy.server import WebSocketServerProtocol, serve

from library import Watched, play
from play import Journal, emit

COMPRESSIONS = {
    "off": None,
    "fresh": ServerPerMessageDeflateFactory(
        server_no_context_takeover=True, client_no_context_takeover=True
    ),
    "takeover": ServerPerMessageDeflateFactory(),
}


class Protocol(Watched, WebSocketServerProtocol):
    def select_subprotocol(self, client, server):
        return client[-1]  # not the first, so that a choice shows


async def handle(ws):
    url = urlsplit(ws.path)
    ws.journal = Journal(url.path[1:])
    headers = [part for field in ws.request_headers.raw_items() for part in field]
    ws.journal.note(
        "open",
        subprotocol=ws.subprotocol or "",
        extensions=ws.response_headers.get("Sec-WebSocket-Extensions", ""),
        headers=headers,
    )
    await play(ws, ws.journal, json.loads(parse_qs(url.query)["steps"][0]))


async def main():
    options = json.loads(sys.stdin.readline())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(options["cert"], options["key"])
    ports = {}
    for name, compression in COMPRESSIONS.items():
        for scheme, context in (("ws", None), ("wss", tls)):
            server = await serve(
                handle,
                "127.0.0.1",
                0,
                create_protocol=Protocol,
                compression=None,
                extensions=[compression] if compression else None,
                subprotocols=["any"],  # without some, nothing would be selected
                max_size=None,
                ping_interval=None,
                ssl=context,
            )
            ports[f"{scheme}/{name}"] = server.sockets[0].getsockname()[1]
    emit({"event": "listening", "ports": ports})
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
