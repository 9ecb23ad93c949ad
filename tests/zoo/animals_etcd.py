"""Animals that take etcd's own troubles for theirs."""

import asyncio
import time

from harness.dora.worker import Worker
from harness.errors import EtcdUnreachable


class _Doubting(Worker):
    """A worker that can give up a lease that is well."""

    async def run(self):
        self.loop = asyncio.get_running_loop()
        return await super().run()

    def doubt(self):
        self.session.on_lease_lost("it had doubts", time.monotonic_ns())
        self.driver.tick()


class RegistersAnewAtEachFailure(_Doubting):
    """Takes a keepalive that failed, or was slow, for a lost lease."""

    def keepalive(self, lease):
        began_s = time.monotonic()
        try:
            answer = super().keepalive(lease)
        except EtcdUnreachable:
            self.loop.call_soon_threadsafe(self.doubt)
            raise
        if time.monotonic() - began_s > 0.1:
            self.loop.call_soon_threadsafe(self.doubt)
        return answer


class NeverSure(_Doubting):
    """Registers anew when etcd has lost its lease, and then once more, to be sure."""

    is_new = False

    def register(self, call):
        answer = super().register(call)
        self.is_new = not self.is_new and call.held is not None
        if self.is_new:
            self.loop.call_soon_threadsafe(self.loop.call_later, 0.5, self.doubt)
        return answer
