"""A connection of the package websockets, on either side, played by a plan."""

from websockets.exceptions import ConnectionClosed
from websockets.frames import OP_PING, OP_PONG

from play import kind, payload


class Watched:
    """A mixin for websockets' protocols that notes the control frames received."""

    journal = None

    async def read_frame(self, max_size):
        frame = await super().read_frame(max_size)
        if self.journal and frame.opcode in (OP_PING, OP_PONG):
            name = "ping" if frame.opcode == OP_PING else "pong"
            self.journal.message("received", name, frame.data)
        return frame


async def play(ws, journal, steps):
    """Runs the steps on ws and returns when the connection is over."""

    async def send(data):
        await ws.send(data)
        journal.message("sent", kind(data), data)

    async def receive():
        data = await ws.recv()
        journal.message("received", kind(data), data)
        return data

    try:
        for step in steps or []:
            do = step["do"]
            if do == "send":
                await send(payload(step))
            elif do == "fragments":
                texts = [text * step["repeat"] for text in step["texts"]]
                await ws.send(_fragments(ws, texts, step["ping"]))
                journal.message("sent", "text", "".join(texts))
                journal.message("sent", "ping", step["ping"])
            elif do == "ping":
                pong = await ws.ping(step["text"])
                journal.message("sent", "ping", step["text"])
                await pong
            elif do == "receive":
                for _ in range(step["count"]):
                    await receive()
            elif do == "echo":
                while True:
                    await send(await receive())
            elif do == "close":
                await ws.close(step["code"], step["reason"])
            else:
                raise ValueError(f"unknown step {step}")
        while True:
            await receive()
    except ConnectionClosed:
        await ws.wait_closed()
    got = ws.close_rcvd
    journal.note("closed", code=got.code if got else 1006, reason=got.reason if got else "")


async def _fragments(ws, texts, ping):
    for i, text in enumerate(texts):
        yield text
        if i == 0:
            await ws.ping(ping)
