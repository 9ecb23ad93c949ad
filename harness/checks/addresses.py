"""The invariant of addresses: whoever is asked is asked where etcd says that it is."""

from harness.checks.invariant import Invariant
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted, too_few
from harness.core.history import Op
from harness.core.plan import Plan


class AddressIsTheRecordedOne(Invariant):
    """
    Of a view that is wrong itself others tell; here it is what the client did. An address that the client remembers
    beside its view, say from before the worker moved, shows nowhere else.
    """

    name = "address-is-the-recorded-one"
    id = "W9"
    says = "a read asks each worker at the address that etcd's record of it had at the revision of the client's view"
    needs = "there are no clients that tell the revisions of their views"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._asked: dict[int, dict[tuple[str, str], Op]] = {}
        self._count: dict[int, int] = {}

    @staticmethod
    def applies(plan: Plan) -> bool:
        return bool(plan.own_clients)

    def on_read(self, op: Op) -> None:
        """What a read of an older history, or a guest's, does not tell can't be judged."""
        if op.type != "ok" or not op.value.get("tried"):
            return
        asked, revision = op.value.get("asked", ()), op.value["revision"]
        for id, address in zip(op.value["tried"], asked, strict=False):
            if address is not None:
                self._count[revision] = self._count.get(revision, 0) + 1
                self._asked.setdefault(revision, {}).setdefault((id, address), op)

    def verdict(self) -> Verdict:
        log = self.truth.log
        missing = log.problem()
        known = [r for r in sorted(self._asked) if log.first_revision <= r <= log.last_revision and not missing]
        for revision, view in zip(known, log.views(known), strict=True):
            recorded = {str(member.id): member.address.http for member in view.members}
            for (id, address), op in self._asked[revision].items():
                if recorded.get(id, address) != address:
                    self._told(id, address, recorded[id], op)
        requests, examined = sum(self._count.values()), sum(self._count[revision] for revision in known)
        return self.answer(
            f"{counted(examined, 'request')} at {counted(len(known), 'revision')}",
            missing
            or ("" if examined else "no read told whom it asked where, at a revision that the log covers")
            or too_few(examined, requests, "requests were made at a revision that the log covers"),
            requests=examined,
            unexamined=requests - examined,
            revisions=len(known),
        )

    def _told(self, id: str, address: str, recorded: str, op: Op) -> None:
        who, at = self.truth.who(id), self.truth.at(op.time_ns)
        self.violated(
            f"{op.actor} asked {who} at {address} for {op.value['key']} at {at}; at revision {op.value['revision']}, "
            f"by which it went, etcd's record has {who} at {recorded}",
            op,
        )
