"""A socket in front of this machine's engine, for tests of an engine that falls silent or goes away."""

import socket
import threading


class EngineProxy:
    """`url` leads to the engine at `engine` until `hang`: from then on nothing passes; with `resume` all goes on."""

    def __init__(self, engine, path):
        self._engine = engine.removeprefix("unix://")
        self.url = f"unix://{path}"
        self._passes = threading.Event()
        self._passes.set()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(100)
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def hang(self):
        self._passes.clear()

    def resume(self):
        self._passes.set()

    def close(self):
        self.resume()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in self._open:
            end.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._engine)
            self._open += [client, server]
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source, target):
        try:
            while data := source.recv(1 << 16):
                self._passes.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return
