"""A cluster in memory, and a clock that makes a second pass in a moment."""

import threading
import time

from harness.core.links import one_way
from harness.errors import ClusterError, NotReadyError


class FakeNode:
    """`deaf` signals have no effect, `refused` calls ("start", "KILL") raise."""

    def __init__(self, name, log):
        self.name, self._log = name, log
        self.running, self.paused, self.registered = True, False, True
        self.deaf, self.refused, self.never_ready = set(), set(), False

    def start(self):
        self._take("start")
        assert not self.running, f"{self.name} runs already"
        self.running = self.registered = True

    def signal(self, signal):
        assert self.running, f"{self.name} does not run: it can't be signalled"
        self._take(signal)
        if signal in self.deaf:
            return
        if signal in ("TERM", "KILL"):
            self.running = self.paused = False
        else:
            self.paused = signal == "STOP"

    def is_running(self):
        return self.running

    def is_paused(self):
        return self.paused

    def is_ready(self):
        return self.running and not self.paused and not self.never_ready

    def _take(self, verb):
        self._log.append((verb, self.name))
        if verb in self.refused:
            raise ClusterError(f"{verb} refused")


class FakeCluster:
    """
    `leaky` links pass although they are cut, `stuck` ones never pass again once they were; `stale` nodes go on showing
    everybody. etcd's log does not show `hidden` keys, and forgets nothing unless it `is_forgetful`.
    """

    def __init__(self, *names):
        self.names, self.log = names, []
        self.nodes = {name: FakeNode(name, self.log) for name in names}
        self.counts, self.leaky, self.stuck, self._dead = {}, set(), set(), set()
        self.stale = set()
        self.prefixes, self.texts, self.hidden, self.is_forgetful = ("/registered/", "/alive/"), {}, set(), True
        self._lock = threading.Lock()

    def node(self, name):
        return self.nodes[name]

    def cut(self, cuts):
        with self._lock:
            return self._count(cuts, 1, to=1)

    def mend(self, cuts):
        with self._lock:
            return self._count(cuts, -1, to=0)

    def passing(self, links):
        with self._lock:
            return frozenset(link for link in links if self._passes(link))

    def states(self):
        """Whoever is ready is online, whoever was not removed is registered; joiners are there once they started."""
        members = {name: node for name, node in self.nodes.items() if node.registered}
        return {name: "online" if node.is_ready() else "offline" for name, node in members.items()}

    def showing(self, worker):
        stale = {name for name in self.nodes if name in self.stale}
        return tuple(sorted(stale if not self.nodes[worker].registered else {*self.nodes}))

    def remove(self, worker):
        self.log.append(("remove", worker))
        if self.nodes[worker].is_ready():
            raise ClusterError(f"Can't remove running worker: {worker}")
        self.nodes[worker].registered = False

    def keys(self):
        return frozenset(self.texts.keys() - self.hidden)

    def write(self, texts):
        if texts.keys() & self.texts.keys():
            raise ClusterError("one of the keys is there already")
        self.texts |= texts

    def erase(self, keys):
        for key in keys:
            self.texts.pop(key, None)

    def compact(self, keep):
        self.log.append(("compact", keep))
        return self.is_forgetful

    def wait(self, seconds):
        self.log.append(("wait", seconds))

    def seconds_until(self, what, probe, timeout_s):
        for tries in range(20):
            if probe():
                return tries / 100
        raise NotReadyError(f"{what}: not within {timeout_s:g} s")

    @property
    def cut_links(self):
        return frozenset(link for link, times in self.counts.items() if times)

    def _count(self, cuts, by, to):
        changed = set()
        for sources, targets in cuts:
            for link in one_way(sources, targets):
                self.counts[link] = self.counts.get(link, 0) + by
                assert self.counts[link] >= 0, f"{link} was mended more often than cut"
                changed |= {link} if self.counts[link] == to else set()
        self._dead |= changed & self.stuck
        return frozenset(changed)

    def _passes(self, link):
        return link in self.leaky or not (self.counts.get(link) or link in self._dead)


class QuickClock:
    """A hundred seconds take one."""

    def now_ns(self):
        return time.monotonic_ns() * 100

    def wait(self, event, seconds):
        return event.wait(max(0.0, seconds) / 100)
