"""The invariant of what clients read."""

from harness.checks.invariant import Invariant
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted, too_few
from harness.core.history import Op
from harness.core.plan import Plan


class ReadsAreWhatTheUfsHolds(Invariant):
    """The beginning of a file, which is how a guest's reads fail, is `healthy-owners-serve`'s business."""

    name = "reads-are-what-the-ufs-holds"
    id = "C1"
    says = "a read that succeeds has exactly the bytes of the file in the UFS, whoever served it"
    needs = "there are no clients"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._reads = self._from_ufs = self._unanswered = self._cut_short = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        return bool(plan.clients)

    def on_read(self, op: Op) -> None:
        self._unanswered += op.type == "info"
        if op.type != "ok":
            return
        files = self.truth.files
        if files.is_cut_short(op):
            self._cut_short += 1
            return
        self._reads += 1
        self._from_ufs += op.value["served_by"] == "ufs"
        key, length, sha256 = op.value["key"], op.value["length"], op.value["sha256"]
        wanted_length, wanted = files.length(key), files.sha256(key)
        if (length, sha256) != (wanted_length, wanted):
            self.violated(
                f"{op.actor} read {length} bytes with SHA-256 {sha256[:12]}... of {key} from "
                f"{self.truth.who(op.value['served_by'])} at {self.truth.at(op.time_ns)}; the UFS holds "
                f"{wanted_length} bytes with SHA-256 {wanted[:12]}...",
                op,
            )

    def verdict(self) -> Verdict:
        cut_short = f", {self._cut_short} more cut short" if self._cut_short else ""
        unanswered = self._unanswered + self._cut_short
        return self.answer(
            f"{counted(self._reads, 'read')}, {self._from_ufs} of them from the UFS{cut_short}",
            too_few(self._reads, self._reads + unanswered, "reads were answered")
            if self._reads
            else "no read succeeded",
            reads=self._reads,
            unanswered=self._unanswered,
            cut_short=self._cut_short,
            from_ufs=self._from_ufs,
        )
