"""Animals that get ownership, addresses and pauses wrong."""

from harness.core.hashing import murmur3_32
from harness.core.identity import WorkerId
from harness.core.membership import View, alive_key
from harness.core.properties import Properties
from harness.core.ring import Ring
from harness.dora.client import Client, Known
from harness.dora.worker import Worker
from harness.etcd import put


class MovesHouse(Worker):
    """Comes back from a restart at another port, which it may: it writes so into its record."""

    def __init__(self, settings, logger):
        super().__init__(settings, logger)
        if settings.incarnation > 1:
            self.properties = Properties({**self.properties, "alluxio.worker.http.server.port": "28081"})


class RemembersAddresses(Client):
    """Goes on asking everybody where it first found them."""

    first = None

    def address(self, known, worker):
        self.first = self.first or {}
        return self.first.setdefault(worker, super().address(known, worker))


class DealsKeysOut(Client):
    """Gives keys to workers by their number and not by a ring: when one leaves, nearly all move."""

    def candidates(self, known, key, count):
        ids, place = known.ring.ids, murmur3_32(key.encode())
        return [ids[(place + turn) % len(ids)] for turn in range(min(count, len(ids)))]


class Flickers(Client):
    """Now and then loses sight of its last member, and finds it again."""

    refreshes = 0

    def newest(self):
        known = super().newest()
        self.refreshes += 1
        if self.refreshes % 4:
            return known
        fewer = View(known.view.revision, known.view.members[:-1])
        return Known(fewer, self.build_ring(fewer.on_ring(is_dynamic=True)))


class GuessesAtFirst(Client):
    """While it has no view it routes by the one worker that it was told of when it was set up."""

    def current(self):
        seed = WorkerId.parse("worker-00000000-0000-0000-0000-000000000000")
        return self.known or Known(View(0), Ring.build([seed], 1))


class ServesNobody(Worker):
    """Keeps its lease, and turns everybody away who wants a file."""

    def credentials(self):
        return None


class RegistersTwice(Worker):
    """Says twice that it is back."""

    def register(self, call):
        answer = super().register(call)
        if call.held is not None:
            self.etcd.transaction((), [put(alive_key(self.cluster, self.id), call.value, call.lease)])
        return answer
