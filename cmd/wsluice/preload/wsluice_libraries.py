"""Leads libraries that do not look at the proxy variables through the proxy.

The proxy is the one https_proxy names. A library is touched when it is imported,
and only where it has what is replaced here.
"""

import os
import sys


def aiohttp(client):
    """ClientSession looks at the variables only when told to."""
    from aiohttp.connector import TCPConnector

    request = client.ClientSession._request

    async def _request(self, method, url, **kwargs):
        # Other connectors lead to Unix sockets or proxies of their own.
        if type(self.connector) is TCPConnector and not getattr(self, "_default_proxy", None):
            kwargs["proxy"] = kwargs.get("proxy") or _proxy
        return await request(self, method, url, **kwargs)

    client.ClientSession._request = _request


def websocket(url):
    """websocket-client goes straight to the own machine."""
    url.DEFAULT_NO_PROXY_HOST = []


def websockets_legacy(client):
    """The first client of websockets knows no proxies."""
    init = client.Connect.__init__

    def __init__(self, *args, **kwargs):
        init(self, *args, **kwargs)
        direct = self._create_connection
        if direct.func.__name__ != "create_connection" or kwargs.get("sock"):
            return

        async def create_connection(factory, host, port, **options):
            if options.get("ssl"):
                options.setdefault("server_hostname", host)
            return await direct.func(factory, sock=await _tunnel_async(host, port), **options)

        self._create_connection = type(direct)(create_connection, *direct.args, **direct.keywords)

    client.Connect.__init__ = __init__


def websockets_asyncio(client):
    """Versions 13 and 14 know no proxies, 15 does."""
    from websockets.uri import parse_uri

    if hasattr(client, "get_proxy"):
        return
    create = client.connect.create_connection

    async def create_connection(self):
        given = self.connection_kwargs
        if not given.get("sock") and not given.get("unix"):
            uri = parse_uri(self.uri)
            sock = await _tunnel_async(given.get("host", uri.host), given.get("port", uri.port))
            rest = {k: v for k, v in given.items() if k not in ("host", "port")}
            self.connection_kwargs = {**rest, "sock": sock}
        try:
            return await create(self)
        finally:
            self.connection_kwargs = given

    client.connect.create_connection = create_connection


def websockets_sync(client):
    """Versions 11 to 14 know no proxies, 15 does."""
    import inspect
    from websockets.uri import parse_uri

    if "proxy" in inspect.signature(client.connect).parameters:
        return
    direct = client.connect

    def connect(uri, **kwargs):
        if not kwargs.get("sock") and not kwargs.get("unix"):
            parsed = parse_uri(uri)
            kwargs["sock"] = _tunnel(parsed.host, parsed.port)
        return direct(uri, **kwargs)

    client.connect = connect


def certifi(module):
    """Programs name certifi's file where SSL_CERT_FILE would count."""
    module.where = lambda: os.environ["SSL_CERT_FILE"]


_patches = {
    "aiohttp.client": aiohttp,
    "websocket._url": websocket,
    "websockets.legacy.client": websockets_legacy,
    "websockets.asyncio.client": websockets_asyncio,
    "websockets.sync.client": websockets_sync,
    "certifi": certifi,
}


def _tunnel(host, port):
    """A blocking socket that the proxy has connected to host and port."""
    import socket
    from urllib.parse import urlsplit

    proxy = urlsplit(_proxy)
    sock = socket.create_connection((proxy.hostname, proxy.port))
    try:
        target = "%s:%d" % ("[%s]" % host if ":" in host else host, port)
        sock.sendall(("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, target)).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            # One by one: what follows is no longer for us.
            byte = sock.recv(1)
            if not byte or len(answer) > 65536:
                raise OSError("the proxy broke off when asked for " + target)
            answer += byte
        if answer.split(None, 2)[1] != b"200":
            raise OSError("the proxy refused " + target + ": " + answer.split(b"\r\n")[0].decode("latin-1"))
    except BaseException:
        sock.close()
        raise
    return sock


async def _tunnel_async(host, port):
    import asyncio

    sock = await asyncio.get_running_loop().run_in_executor(None, _tunnel, host, port)
    sock.setblocking(False)
    return sock


class Finder:
    """Finds the modules to patch as everybody else does, and patches them."""

    def __init__(self):
        self.busy = set()  # others of its kind ask all finders, too

    def find_spec(self, name, path=None, target=None):
        if name not in _patches or name in self.busy:
            return None
        self.busy.add(name)
        try:
            finders = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
            specs = (finder.find_spec(name, path, target) for finder in finders)
            spec = next((spec for spec in specs if spec is not None), None)
        finally:
            self.busy.discard(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                _patches[name](module)

            spec.loader.exec_module = exec_module
        return spec


_proxy = os.environ.get("https_proxy")
if _proxy:
    sys.meta_path.insert(0, Finder())
