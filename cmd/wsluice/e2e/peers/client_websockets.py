"""Client: the package websockets.

The version Debian has cannot use a proxy by itself, so it is given a socket
that has already been through CONNECT.
"""

import asyncio
import os
import socket
import ssl
from functools import partial
from urllib.parse import urlsplit

from websockets.exceptions import InvalidHandshake, InvalidStatusCode
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.legacy.client import WebSocketClientProtocol, connect

from library import Watched, play
from play import Journal, plans


class Protocol(Watched, WebSocketClientProtocol):
    def __init__(self, *args, journal, **kwargs):
        super().__init__(*args, **kwargs)
        self.journal = journal


def tunnel(proxy, host, port):
    """Returns a socket to host:port through the proxy's CONNECT."""
    via = urlsplit(proxy)
    sock = socket.create_connection((via.hostname, via.port))
    sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        got = sock.recv(1)
        if not got:
            raise ConnectionError(f"the proxy hung up after {head!r}")
        head += got
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise ConnectionError(f"the proxy answered {head!r}")
    return sock


async def run(plan):
    journal = Journal(plan["case"])
    url = urlsplit(plan["url"])
    options = {
        "create_protocol": partial(Protocol, journal=journal),
        "max_size": None,
        "ping_interval": None,
        "subprotocols": plan.get("protocols"),
        "origin": plan.get("origin"),
        "extra_headers": plan.get("headers"),
        "compression": None,
    }
    if plan.get("deflate"):
        options["extensions"] = [ClientPerMessageDeflateFactory(client_max_window_bits=True)]
    if url.scheme == "wss":
        options["ssl"] = ssl.create_default_context(cafile=os.environ["CA"])
    try:
        if proxy := os.environ.get("PROXY"):
            options["sock"] = tunnel(proxy, url.hostname, url.port)
            if url.scheme == "wss":
                options["server_hostname"] = url.hostname
        ws = await connect(plan["url"], **options)
    except InvalidStatusCode as err:
        journal.note("refused", status=err.status_code)
        return
    except (InvalidHandshake, OSError) as err:
        journal.note("failed", error=str(err))
        return
    journal.note(
        "open",
        subprotocol=ws.subprotocol or "",
        extensions=ws.response_headers.get("Sec-WebSocket-Extensions", ""),
    )
    await play(ws, journal, plan["steps"])


for plan in plans():
    asyncio.run(run(plan))
