"""A daemon that answers what it was told to: the commands that ask it are the real ones, and so are socket and lock."""

import os

from harness.cluster.linux import identity_of
from harness.daemon.place import Facts, Place
from harness.daemon.server import Server


class Answering:
    """A context. `answers` by word: what is given back, or raised; `asked` are the questions."""

    def __init__(self, name="dev", **answers):
        self.place, self.answers, self.asked = Place.of(name), answers, []

    def __enter__(self):
        self._lock = self.place.claim()
        with self.place.socket() as path:
            self._server = Server(path, self._word)
        self._server.__enter__()
        return self

    def __exit__(self, *_):
        self._server.__exit__()
        self.place.remove()
        os.close(self._lock)

    def writes(self, run_dir, nodes=(), doors=None):
        """The facts of a cluster that is up."""
        self.place.write(Facts(identity_of(os.getpid()), str(run_dir), "", list(nodes), doors or {}))

    def _word(self, do):
        def answer(**fields):
            self.asked.append({"do": do, **fields})
            found = self.answers[do]
            if isinstance(found, Exception):
                raise found
            return found

        return answer


def killed(name, run_dir="runs/dev-1", nodes=()):
    """What the daemon of this name has left, which was killed."""
    place = Place.of(name)
    lock = place.claim()
    place.write(Facts("4711 99", str(run_dir), "", list(nodes)))
    os.close(lock)
    return place
