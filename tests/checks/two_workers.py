"""What etcd's log has in the tests of views: two workers join, and the lease of the second runs out."""

from tests.checks.telling import alive, deleted, joined, run_begins, snapshot

WORKER_1 = joined(1, "worker-1", 5, 11)
WORKER_2 = joined(1.5, "worker-2", 6, 12)
BOTH = ("worker-1", "worker-2")
LOG = [run_begins(), snapshot(0.1, 4), WORKER_1, WORKER_2, deleted(3, alive("worker-2"), 7)]
LAST = snapshot(9, 8, WORKER_1, WORKER_2[0])
