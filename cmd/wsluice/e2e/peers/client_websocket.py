"""Client: the package websocket-client, through its own proxy support."""

import os
from urllib.parse import urlsplit

from websocket import ABNF, WebSocketBadStatusException, WebSocketException, create_connection

from play import Journal, kind, payload, plans

NAMES = {ABNF.OPCODE_TEXT: "text", ABNF.OPCODE_BINARY: "binary", ABNF.OPCODE_PING: "ping", ABNF.OPCODE_PONG: "pong"}


class Over(Exception):
    """The connection is over."""


def run(plan):
    journal = Journal(plan["case"])
    proxy = urlsplit(os.environ.get("PROXY", ""))
    try:
        ws = create_connection(
            plan["url"],
            http_proxy_host=proxy.hostname,
            http_proxy_port=proxy.port,
            http_no_proxy=["nothing"],  # an empty list would mean loopback
            sslopt={"ca_certs": os.environ["CA"]},
            subprotocols=plan.get("protocols"),
            origin=plan.get("origin"),
            header=plan.get("headers", {}),
        )
    except WebSocketBadStatusException as err:
        journal.note("refused", status=err.status_code)
        return
    except (WebSocketException, OSError) as err:
        journal.note("failed", error=str(err))
        return
    journal.note(
        "open",
        subprotocol=ws.getsubprotocol() or "",
        extensions=ws.getheaders().get("sec-websocket-extensions", ""),
    )
    try:
        for step in plan["steps"] or []:
            take(ws, journal, step)
        while True:
            receive(ws, journal)
    except Over:
        ws.shutdown()


def take(ws, journal, step):
    """Takes one step of the plan."""
    do = step["do"]
    if do == "send":
        data = payload(step)
        opcode = ABNF.OPCODE_TEXT if step["type"] == "text" else ABNF.OPCODE_BINARY
        ws.send(data, opcode)
        journal.message("sent", kind(data), data)
    elif do == "fragments":
        first, *others = texts = [text * step["repeat"] for text in step["texts"]]
        ws.send_frame(ABNF.create_frame(first, ABNF.OPCODE_TEXT, fin=0))
        ws.ping(step["ping"])
        for i, text in enumerate(others, 1):
            ws.send_frame(ABNF.create_frame(text, ABNF.OPCODE_CONT, fin=int(i == len(others))))
        journal.message("sent", "text", "".join(texts))
        journal.message("sent", "ping", step["ping"])
    elif do == "ping":
        ws.ping(step["text"])
        journal.message("sent", "ping", step["text"])
        while receive(ws, journal) != "pong":
            pass
    elif do == "receive":
        for _ in range(step["count"]):
            while receive(ws, journal) not in ("text", "binary"):
                pass
    elif do == "close":
        ws.send_close(step["code"], step["reason"].encode())
    else:
        raise ValueError(f"unknown step {step}")


def receive(ws, journal):
    """Receives one message and returns its kind; raises Over after the end."""
    try:
        opcode, data = ws.recv_data(control_frame=True)
    except (WebSocketException, OSError):
        journal.note("closed", code=1006, reason="")
        raise Over from None
    if opcode == ABNF.OPCODE_CLOSE:
        code = int.from_bytes(data[:2], "big") if data else 1005
        journal.note("closed", code=code, reason=data[2:].decode())
        raise Over
    journal.message("received", NAMES[opcode], data)
    return NAMES[opcode]


for plan in plans():
    run(plan)
