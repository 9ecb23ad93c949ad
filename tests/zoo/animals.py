"""
Deliberately broken workers and clients: each gets exactly one thing wrong, and one invariant must catch it.

The table of who is caught by what is in `tests/README.md`.
"""

import asyncio
import signal
import uuid
from dataclasses import replace

from harness.core.identity import WorkerId, identity_in
from harness.core.membership import alive_key, registered_key
from harness.core.ring import Ring
from harness.dora.actions import Registered, Revoked
from harness.dora.client import Client
from harness.dora.worker import Worker
from harness.errors import EtcdUnreachable, NotReadyError
from harness.etcd import delete, put


class NeverLooksForItself(Worker):
    """Does not notice when somebody else stands in etcd under its name."""

    def adopt(self, reading):
        self.view = reading.view


class BorrowedIdentity(NeverLooksForItself):
    """Comes back with a copy of worker-1's folder, and takes its keys over without asking whose they are."""

    def identity(self):
        if self.settings.incarnation == 1:
            return super().identity()
        return identity_in((self.settings.home.parent / "worker-1" / "worker_identity").read_text())

    def register(self, call):
        if self.settings.incarnation == 1:
            return super().register(call)
        keys = (registered_key(self.cluster, self.id), alive_key(self.cluster, self.id))
        puts = [put(keys[0], call.value), put(keys[1], call.value, call.lease)]
        return Registered(self.etcd.transaction((), puts).revision)


class DeletesItself(Worker):
    """Its alive key goes now and then, though every keepalive is acknowledged."""

    kept = 0

    def keepalive(self, lease):
        answer = super().keepalive(lease)
        self.kept += 1
        if self.kept % 3 == 0:
            self.etcd.transaction((), [delete(alive_key(self.cluster, self.id))])
        return answer


class LeavesItsLease(Worker):
    """Stops without giving its lease back: it stays online until that runs out."""

    def revoke(self, lease):
        return Revoked()


class ForgetsItself(Worker):
    """Has a new identity after every restart, so its part of the ring moves."""

    def identity(self):
        return super().identity() if self.settings.incarnation == 1 else WorkerId.of_uuid(uuid.uuid4())


class ServesRot(Worker):
    """One bit of every file it serves is wrong."""

    async def page(self, file, index):
        whole = await super().page(file, index)
        return bytes([whole[0] ^ 1]) + whole[1:]


class IgnoresTerm(Worker):
    """Does not stop when it is told to."""

    async def run(self):
        loop = asyncio.get_running_loop()
        loop.call_later(0.2, loop.add_signal_handler, signal.SIGTERM, lambda: None)
        return await super().run()


class NeverRefreshes(Client):
    """Keeps its first view for ever."""

    def newest(self):
        return self.known or super().newest()


class MissesReturns(Client):
    """Stops looking once somebody has left: it never sees them come back."""

    def newest(self):
        if self.known and len(self.known.view.online) < len(self.known.view.members):
            return self.known
        return super().newest()


class OverlooksAMember(Client):
    """Its view lacks the last member that etcd holds."""

    def newest(self):
        known = super().newest()
        return replace(known, view=replace(known.view, members=known.view.members[:-1]))


class GoesBack(Client):
    """Now and then falls back on the first view it ever had."""

    first, refreshes = None, 0

    def newest(self):
        known = super().newest()
        self.first = self.first or known
        self.refreshes += 1
        return self.first if self.refreshes % 4 == 0 else known


class WrongAddress(Client):
    """Has one member at an address that is not in its record."""

    def newest(self):
        known = super().newest()
        first, *rest = known.view.members
        moved = replace(first, address=replace(first.address, host="127.0.0.1"))
        return replace(known, view=replace(known.view, members=(moved, *rest)))


class AsksTheDead(Client):
    """Routes by everybody it ever saw, also those that its view shows no more."""

    ever = None

    def candidates(self, known, key, count):
        self.ever = self.ever or known.ring
        return self.ever.owners(key, count)


class SaltsItsRing(Client):
    """Looks keys up on a ring of its own making."""

    def build_ring(self, ids):
        return Ring.build(ids, 7)


class NeverAnswers(Client):
    """Has a view, and no answer to anything."""

    def current(self):
        raise NotReadyError("not today")


class GivesUp(Worker):
    """Once its lease was lost it runs on without ever asking for another."""

    def grant(self, ttl_s):
        if self.session.revision:
            raise EtcdUnreachable("gave up")
        return super().grant(ttl_s)


class Dawdles(Worker):
    """Its first keepalives do not get through, until the lease has run out, as on a machine that is too busy."""

    tried = 0

    def keepalive(self, lease):
        self.tried += 1
        if self.tried <= 7:
            raise EtcdUnreachable("dawdles")
        return super().keepalive(lease)
