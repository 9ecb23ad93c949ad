"""What a fold is shown, by the names of its methods."""

from harness.checks.fold import Fold, feed
from harness.core.history import Op


class Told(Fold):
    def __init__(self):
        self.calls = []

    def on_lease_lost(self, op):
        self.calls.append(("lease-lost", op.type))

    def on_lookup_ok(self, op):
        self.calls.append(("lookup ok", op.type))

    def on_lookup(self, op):
        self.calls.append(("lookup", op.type))


def test_a_method_is_shown_every_type_or_the_one_it_names():
    told, types = Told(), ("invoke", "ok", "fail", "info")
    last = feed([Op(n, "a", kind, f) for n, kind in enumerate(types) for f in ("lease-lost", "lookup")], [told])
    assert [kind for name, kind in told.calls if name == "lease-lost"] == list(types)
    assert [kind for name, kind in told.calls if name == "lookup"] == list(types)
    assert [kind for name, kind in told.calls if name == "lookup ok"] == ["ok"]
    assert (last.f, last.type) == ("lookup", "info")


def test_of_no_ops_none_is_the_last():
    assert feed([], [Told()]) is None
