"""Every invariant there is, in the order in which reports list them. One more is one class and one line here."""

from harness.checks.addresses import AddressIsTheRecordedOne
from harness.checks.agreement import ViewsAgreeInTheEnd
from harness.checks.departures import GoneWorkerLeavesViews
from harness.checks.elections import LeaderChangeChangesNothing
from harness.checks.evidence import EnoughEvidence, FaultsAreProven, NothingLeftBehind, Own
from harness.checks.gaps import BadValuesAreCounted, NoWatchGap
from harness.checks.grants import LeasesAreBounded
from harness.checks.identities import NoPrematureEviction, OneLiveProcess
from harness.checks.invariant import Invariant
from harness.checks.keys import LeaseAndKeyBelongTogether
from harness.checks.moves import KeysMoveOnlyWithMembers, NoRingChangeWithoutCause
from harness.checks.neighbours import NeighboursAreNotSeen
from harness.checks.outages import OneRegistrationAfterAnOutage
from harness.checks.outcasts import RemovalIsFinal, RemovedProcessStaysOut
from harness.checks.pauses import APauseCountsOnce
from harness.checks.reads import PagesAreWhatTheUfsHolds, ReadsAreWhatTheUfsHolds
from harness.checks.restarts import RestartMovesNothing
from harness.checks.rings import NoOwnerFromAnEmptyView, OwnerIsInTheView, OwnerIsTheRings
from harness.checks.serving import HealthyOwnersServe
from harness.checks.stops import CleanStopIsImmediate
from harness.checks.unplanned import NothingUnplanned
from harness.checks.views import EqualRevisionsEqualViews, RevisionsNeverGoBack, ViewsAreWhatEtcdHeld

INVARIANTS: dict[str, type[Invariant]] = {
    "one-live-process": OneLiveProcess,
    "lease-and-key-belong-together": LeaseAndKeyBelongTogether,
    "removed-process-stays-out": RemovedProcessStaysOut,
    "removal-is-final": RemovalIsFinal,
    "no-premature-eviction": NoPrematureEviction,
    "gone-worker-leaves-views": GoneWorkerLeavesViews,
    "clean-stop-is-immediate": CleanStopIsImmediate,
    "leases-are-bounded": LeasesAreBounded,
    "one-registration-after-an-outage": OneRegistrationAfterAnOutage,
    "leader-change-changes-nothing": LeaderChangeChangesNothing,
    "neighbours-are-not-seen": NeighboursAreNotSeen,
    "bad-values-are-counted": BadValuesAreCounted,
    "views-are-what-etcd-held": ViewsAreWhatEtcdHeld,
    "revisions-never-go-back": RevisionsNeverGoBack,
    "no-watch-gap": NoWatchGap,
    "equal-revisions-equal-views": EqualRevisionsEqualViews,
    "views-agree-in-the-end": ViewsAgreeInTheEnd,
    "address-is-the-recorded-one": AddressIsTheRecordedOne,
    "owner-is-in-the-view": OwnerIsInTheView,
    "owner-is-the-rings": OwnerIsTheRings,
    "keys-move-only-with-members": KeysMoveOnlyWithMembers,
    "restart-moves-nothing": RestartMovesNothing,
    "no-ring-change-without-cause": NoRingChangeWithoutCause,
    "no-owner-from-an-empty-view": NoOwnerFromAnEmptyView,
    "healthy-owners-serve": HealthyOwnersServe,
    "a-pause-counts-once": APauseCountsOnce,
    "reads-are-what-the-ufs-holds": ReadsAreWhatTheUfsHolds,
    "pages-are-what-the-ufs-holds": PagesAreWhatTheUfsHolds,
    "nothing-left-behind": NothingLeftBehind,
    "faults-are-proven": FaultsAreProven,
    "enough-evidence": EnoughEvidence,
    "nothing-unplanned": NothingUnplanned,
}

LETTERS = {
    "M": "identity and leases",
    "D": "removal",
    "W": "views",
    "R": "ring",
    "C": "content",
    "A": "availability",
    "T": "time",
    "H": "the harness itself",
}
"""What an invariant is about, by the letter of its id."""


def is_own(name: str) -> bool:
    """Whether it is about the harness itself: judged in every run, for without it no other verdict means much."""
    return issubclass(INVARIANTS[name], Own)
