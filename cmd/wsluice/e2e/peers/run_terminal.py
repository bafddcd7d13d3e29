"""Types at a command under wsluice run: run_terminal.py WSLUICE.

The command counts the interrupts it gets, reads a line and ends. What stands on
the terminal is printed, and how wsluice ended.
"""

import os
import pty
import sys

COMMAND = r"""
import os, signal, sys
count = 0
def interrupt(*_):
    global count
    count += 1
    print("interrupted", flush=True)
signal.signal(signal.SIGINT, interrupt)
print(f"a terminal: {all(os.isatty(fd) for fd in range(3))}")
print("ready", flush=True)
line = sys.stdin.readline()
print("interrupts:", count)
print("read:", line.strip())
sys.exit(3)
"""

# What stands there, and what is typed then.
TYPED = [("ready", b"\x03"), ("interrupted", b"some words\n")]

child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], [sys.argv[1], "run", "--", sys.executable, "-c", COMMAND])
seen = ""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:  # its other end is closed
        part = b""
    if not part:
        break
    seen += part.decode()
    if TYPED and TYPED[0][0] in seen:
        os.write(terminal, TYPED.pop(0)[1])
_, status = os.waitpid(child, 0)
print(seen)
print("ended with", os.waitstatus_to_exitcode(status))
