"""A line between browser and server that can be cut: what is said meanwhile is lost, and nobody is told until it is mended."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from urllib.parse import urlsplit

PIECE = 1 << 16
# Closing then resets the connection, as a line does that was dead.
ABORT = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Proxy:
    """Listens on a loopback port of its own, and hands every byte on to the server at `url`, and back.

    While it is cut it takes bytes and connections and hands on nothing. When it is mended, every connection that was there
    during the cut is reset, and new ones work.
    """

    def __init__(self, url: str) -> None:
        there = urlsplit(url)
        assert there.hostname is not None
        assert there.port is not None
        self._there = (there.hostname, there.port)
        self._lock = threading.Lock()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._cut = self._closed = False
        self.swallowed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{there.path}".rstrip("/")
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._work, name="proxy", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Hand nothing on from now."""
        with self._lock:
            self._cut, self.swallowed = True, 0

    def mend(self) -> None:
        """Reset what there is, and hand on what comes over new connections."""
        with self._lock:
            for end in tuple(self._pairs):
                self._drop(end)
            self._cut = False

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError), socket.create_connection(self._listener.getsockname(), 5):
            self._thread.join(10)
        for end in (*self._pairs, self._listener):
            end.close()
        self._selector.close()

    def _work(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select(0.5):
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._hand_on(key.fileobj)

    def _accept(self) -> None:
        here, _ = self._listener.accept()
        try:
            there = socket.create_connection(self._there, 10)
        except OSError:
            here.close()
            return
        with self._lock:
            self._pairs |= {here: there, there: here}
            for end in (here, there):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._selector.register(end, selectors.EVENT_READ)

    def _hand_on(self, end: socket.socket) -> None:
        with self._lock:
            other = self._pairs.get(end)
            if other is None:
                return
            try:
                data = end.recv(PIECE)
                if data and not self._cut:
                    other.sendall(data)
            except OSError:
                data = b""
            if self._cut:
                self.swallowed += len(data)
            if not data:
                self._drop(end)

    def _drop(self, end: socket.socket) -> None:
        other = self._pairs.pop(end, None)
        if other is None:
            return
        self._pairs.pop(other, None)
        for each in (end, other):
            self._selector.unregister(each)
            with contextlib.suppress(OSError):
                if self._cut:
                    each.setsockopt(*ABORT)
                each.close()
