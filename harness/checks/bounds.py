"""
How long things may take: every bound of every invariant, derived from the plan and from what the run itself measured.

T granted lease TTL, I refresh interval of views, w watch delivery, x the plan's time scale. A bound never rests on
moments in which the observer itself did not run (`stalled_s`), nor on those in which it could not reach etcd in time
(`outage_*`): what a read took that moves bounds that way is no part of w.
"""

from harness.checks.fold import Fold
from harness.core.history import Op
from harness.core.patience import LAST_RETRY_S, LEAVE_S, REACH_EVERY_S, backoff_s, etcd_call_s
from harness.core.plan import Plan
from harness.core.properties import Properties
from harness.core.spread import Spread

SECOND = 1_000_000_000
NEVER = 1 << 62
"""A moment after every other."""

SILENCE_S = 0.5
"""A node not seen answering for this long may have been held up; so may etcd, when a read of it took this long."""
EXPIRY_S = 1.0
"""etcd takes a key away about half a second after its lease ran out; the other half is slack."""

_STALL_S = 3 * REACH_EVERY_S
_WATCH_S_MIN, _READ_S_MIN = 0.05, 0.1
_RESET_S = 0.5
_OBSERVER_GAP_S_MAX = 2.0


class Bounds(Fold):
    def __init__(self, plan: Plan) -> None:
        properties = Properties(plan.properties)
        self.scale = plan.time_scale
        self.refresh_s = properties.duration_s("alluxio.user.worker.list.refresh.interval")
        self._call_s = etcd_call_s(properties)
        self.settle_s = plan.settle_s * self.scale
        self.observer_gap_s = _OBSERVER_GAP_S_MAX * self.scale
        self.longest_gap_s = 0.0
        self.reached = 0
        self.outage_since_ns: int | None = None
        self.outage_end_ns = 0
        self.outage_s = 0.0
        self._reads = Spread()
        self._watch_s = _WATCH_S_MIN
        self._stalls: list[tuple[int, int]] = []
        self._last: Op | None = None

    def on_reach(self, op: Op) -> None:
        sent_ns = op.value["sent_ns"]
        if self._last:
            self._gap(self._last.time_ns, sent_ns)
        self._last = op
        is_out = op.type != "ok" or op.time_ns - sent_ns > SILENCE_S * self.scale * SECOND
        self.reached += op.type == "ok"
        if not is_out:
            self._reads.add(op.time_ns - sent_ns)
            self._watch_s = 0.0
        if is_out:
            self.outage_since_ns = sent_ns if self.outage_since_ns is None else self.outage_since_ns
        if op.type == "ok" and self.outage_since_ns is not None:
            self.outage_s = (op.time_ns - self.outage_since_ns) / SECOND
            self.outage_since_ns, self.outage_end_ns = None, op.time_ns

    def _gap(self, from_ns: int, to_ns: int) -> None:
        gap_s = (to_ns - from_ns) / SECOND
        self.longest_gap_s = max(self.longest_gap_s, gap_s)
        if gap_s > _STALL_S:
            self._stalls.append((from_ns, to_ns))

    @property
    def watch_s(self) -> float:
        """w: three times what all but a thousandth of the observer's reads took while etcd served, 50 ms at least."""
        if not self._watch_s:
            self._watch_s = max(_WATCH_S_MIN, 3 * self._reads.quantile_s(0.999))
        return self._watch_s

    @property
    def read_s(self) -> float:
        """One read of etcd by anybody: as long as w, 100 ms at least."""
        return max(_READ_S_MIN, self.watch_s)

    @property
    def fresh_s(self) -> float:
        """Whoever reaches etcd knows what it held this long ago: (I + one read + w) x."""
        return (self.refresh_s + self.read_s + self.watch_s) * self.scale

    def leaves_s(self, ttl_s: float) -> float:
        """A member that can keep its lease no longer has left every view: (T + 1 s + w + I + one read) x."""
        return self.expires_s(ttl_s) + self.fresh_s

    def expires_s(self, ttl_s: float) -> float:
        """A lease that nobody renews is gone from etcd, and its keys with it: (T + 1 s) x."""
        return (ttl_s + EXPIRY_S) * self.scale

    @property
    def move_on_s(self) -> float:
        """Whoever asks a member of etcd that is silent asks the next one this much later: (call deadline + I) x."""
        return (self._call_s + self.refresh_s) * self.scale

    @property
    def returns_s(self) -> float:
        """
        A worker that etcd serves again is online: (call deadline + 1 s + three calls + w) x.

        At worst it had just begun a call that is not answered, pauses for 1 s (its longest), finds its lease gone, gets
        another and registers.
        """
        return (self._call_s + LAST_RETRY_S + 3 * self.read_s + self.watch_s) * self.scale

    @property
    def reset_s(self) -> float:
        """After etcd restarted or changed its leader it gives every lease its full TTL again, and takes this longer."""
        return _RESET_S * self.scale

    @property
    def stop_s(self) -> float:
        """A member that is told to stop has given its lease back: (1 s + w) x."""
        return (LEAVE_S + self.watch_s) * self.scale

    def after_cut_s(self, cut_s: float) -> float:
        """What was sent into a cut that lasted so long may still come for as long as TCP backs off, times x."""
        return backoff_s(cut_s) * self.scale

    def stalled_s(self, from_ns: int, to_ns: int) -> float:
        """For how much of that time the observer itself did not run."""
        total = 0
        silent_since_ns = self._last.time_ns if self._last else to_ns
        now = [(silent_since_ns, to_ns)] if to_ns - silent_since_ns > _STALL_S * SECOND else []
        for start, end in now + self._stalls[::-1]:
            if end <= from_ns:
                break
            total += max(0, min(end, to_ns) - max(start, from_ns))
        return total / SECOND
