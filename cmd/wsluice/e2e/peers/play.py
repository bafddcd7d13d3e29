"""Writes down what a Python peer sent and received, as JSON lines.

See ../doc.go for the plan a peer follows and the events it reports.
"""

import base64
import hashlib
import json
import os
import sys
import threading

_lock = threading.Lock()


def plans():
    """Yields the JSON lines of standard input."""
    for line in sys.stdin:
        yield json.loads(line)


def emit(event):
    with _lock:
        print(json.dumps(event), flush=True)


class Journal:
    """Reports the events of one case in the order they happened."""

    def __init__(self, case):
        self.case = case

    def note(self, event, **fields):
        emit({"case": self.case, "event": event, **fields})

    def message(self, event, kind, data):
        """Notes a message; data is str (text) or bytes."""
        data = data.encode() if isinstance(data, str) else bytes(data)
        self.note(event, type=kind, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def kind(data):
    return "text" if isinstance(data, str) else "binary"


def payload(step):
    """Returns the data of a send step: given, or noise of the given size."""
    size = step.get("size")
    if step["type"] == "text":
        return step.get("text", "") if size is None else os.urandom(size // 2).hex()
    return base64.b64decode(step.get("base64", "")) if size is None else os.urandom(size)
