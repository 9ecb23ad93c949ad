"""The invariants of what clients read."""

from typing import Any

from harness.checks.invariant import Invariant
from harness.checks.truth import Truth
from harness.checks.verdict import Verdict, counted, too_few
from harness.core.history import Op
from harness.core.plan import Plan
from harness.core.properties import Properties


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


class PagesAreWhatTheUfsHolds(Invariant):
    """
    A read tells in the end what its client made of it; a page that is torn, or another file's, may be among those of a
    worker that broke off, and so in no read's end. So each page is judged as it was sent. A page is as long as the
    worker's pages are; only the last one of a file is shorter.
    """

    name = "pages-are-what-the-ufs-holds"
    id = "C2"
    says = "every page that a worker sends is what the UFS holds at that place, whatever becomes of the read"
    needs = "no client of ours reads anything"

    def __init__(self, plan: Plan, truth: Truth) -> None:
        super().__init__(plan, truth)
        self._page_bytes = Properties(plan.properties).size_bytes("alluxio.worker.page.store.page.size")
        self._pages = self._spare = 0

    @staticmethod
    def applies(plan: Plan) -> bool:
        return bool(plan.own_clients and plan.workload.reads_per_s)

    def on_read(self, op: Op) -> None:
        if op.type == "ok":
            for part in op.value.get("parts", ()):
                self._pages += 1
                self._spare += part["from"] != op.value["served_by"]
                self._judge(op, part)

    def _judge(self, op: Op, part: dict[str, Any]) -> None:
        key, start = op.value["key"], part["offset"]
        length, sha256 = self.truth.files.part(key, start, start + self._page_bytes)
        if (part["length"], part["sha256"]) != (length, sha256):
            self.violated(
                f"{self.truth.who(part['from'])} sent {op.actor} {part['length']} bytes with SHA-256 "
                f"{part['sha256'][:12]}... as those of {key} from byte {start} on ({self.truth.at(op.time_ns)}); "
                f"the UFS holds {length} with SHA-256 {sha256[:12]}...",
                op,
            )

    def verdict(self) -> Verdict:
        return self.answer(
            f"{counted(self._pages, 'page')}, {self._spare} of them of answers that broke off",
            "" if self._pages else "no file was read by pages",
            pages=self._pages,
            spare=self._spare,
        )
