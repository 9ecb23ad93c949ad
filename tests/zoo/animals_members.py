"""Broken workers that do not take being removed for an answer."""

from harness.core.membership import alive_key, registered_key
from harness.dora.actions import Registered
from harness.dora.worker import Worker
from harness.etcd import put


class _Outcast(Worker):
    """Does not look for itself in what it reads, and registers again without asking whether it still may."""

    def adopt(self, reading):
        self.view = reading.view

    def register(self, call):
        if call.held is None:
            return super().register(call)
        return Registered(self.etcd.transaction((), self.puts(call)).revision)


class ReturnsAlive(_Outcast):
    """Puts its alive key, as if it were registered."""

    def puts(self, call):
        return [put(alive_key(self.cluster, self.id), call.value, call.lease)]


class RegistersAgain(_Outcast):
    """Puts both its keys: it is a member again."""

    def puts(self, call):
        keys = registered_key(self.cluster, self.id), alive_key(self.cluster, self.id)
        return [put(keys[0], call.value), put(keys[1], call.value, call.lease)]
