"""An app that knows nothing of a proxy: run_app.py LIBRARY BASE....

It gets the http bases, and talks to an echo server at the ws ones. What it got is
printed, a line each.
"""

import asyncio
import sys

library, bases = sys.argv[1], sys.argv[2:]
hello = "hello from " + library


def of_requests(url):
    import requests

    return requests.get(url).text


async def of_aiohttp(url):
    import aiohttp

    async with aiohttp.ClientSession() as session:
        if url.startswith("http"):
            async with session.get(url) as response:
                return await response.text()
        async with session.ws_connect(url) as socket:
            await socket.send_str(hello)
            return (await socket.receive()).data


async def of_websockets(url):
    import websockets

    async with websockets.connect(url) as socket:
        await socket.send(hello)
        return await socket.recv()


def of_websocket(url):
    import websocket

    socket = websocket.create_connection(url)
    socket.send(hello)
    got = socket.recv()
    socket.close()
    return got


for base in bases:
    got = globals()["of_" + library](base + "/" + library)
    print(asyncio.run(got) if asyncio.iscoroutine(got) else got)
