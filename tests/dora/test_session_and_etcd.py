from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from harness.dora.actions import Exit, Report
from harness.dora.session import S_NS, Session
from harness.errors import EtcdUnreachable
from tests.dora.model import ENTITY, TTL_S, ModelEtcd

MILLISECONDS = st.sampled_from([0, 0, 0, 1, 100, 500, 1000, 1500, 2999, 3000, 4000])
SELDOM = st.sampled_from([False] * 9 + [True])


class SessionAndEtcd(RuleBasedStateMachine):
    """
    A session against etcd, with an operator who removes it while it is offline, calls and answers that take any time
    or get lost, and a process that may be frozen (nobody calls `tick`).
    """

    def __init__(self):
        super().__init__()
        self.etcd = ModelEtcd()
        self.session = Session(ENTITY, TTL_S)
        self.now_ns = 0
        self.under_way = []
        self.answered = []
        self.readings = []
        self.reports = []
        self.ending = None
        self.is_removed = False
        self.act(self.session.tick(0))

    def act(self, actions):
        assert not (actions and self.ending)
        for action in actions:
            match action:
                case Report():
                    self.reports.append(action.f)
                case Exit():
                    self.ending = action
                case _:
                    self.under_way.append((action, self.now_ns))

    @rule(ms=MILLISECONDS)
    def time_passes(self, ms):
        self.now_ns += ms * 1_000_000
        self.act(self.session.tick(self.now_ns))

    @rule(ms=MILLISECONDS)
    def it_is_frozen(self, ms):
        self.now_ns += ms * 1_000_000

    @precondition(lambda self: self.under_way)
    @rule(there_ms=MILLISECONDS, back_ms=MILLISECONDS)
    def a_call_is_answered(self, there_ms, back_ms):
        self.it_is_frozen(there_ms)
        self.etcd_serves_a_call()
        self.it_is_frozen(back_ms)
        self.an_answer_comes()

    @precondition(lambda self: self.under_way)
    @rule()
    def etcd_serves_a_call(self):
        call, sent_ns = self.under_way.pop(0)
        self.answered.append((call, self.etcd.serve(call, self.now_ns), sent_ns))

    @precondition(lambda self: self.under_way)
    @rule(is_served=st.booleans())
    def a_call_times_out(self, is_served):
        call, sent_ns = self.under_way.pop(0)
        if is_served:
            self.etcd.serve(call, self.now_ns)
        self.answered.append((call, EtcdUnreachable("timed out"), sent_ns))

    @precondition(lambda self: self.answered)
    @rule()
    def an_answer_comes(self):
        call, answer, sent_ns = self.answered.pop(0)
        self.act(self.session.answered(call, answer, sent_ns, self.now_ns))

    @rule()
    def it_reads_itself(self):
        self.etcd.expire(self.now_ns)
        self.readings.append((self.etcd.revision, self.etcd.registered, self.etcd.alive_lease))

    @precondition(lambda self: self.readings)
    @rule()
    def a_reading_comes(self):
        self.act(self.session.observe(*self.readings.pop(0), self.now_ns))

    @precondition(lambda self: "register" in self.reports)
    @rule()
    def the_operator_removes_it_if_it_is_offline(self):
        self.etcd.remove(self.now_ns)
        self.is_removed |= self.etcd.registered is None

    @precondition(lambda self: not self.ending)
    @rule(is_meant=SELDOM)
    def it_is_stopped(self, is_meant):
        if is_meant:
            self.act(self.session.stop(self.now_ns))

    @invariant()
    def it_serves_only_while_everyone_must_take_it_for_online(self):
        if self.session.is_serving(self.now_ns):
            assert self.etcd.is_online(self.now_ns)
            assert self.etcd.alive_lease == self.session.lease

    @invariant()
    def once_removed_it_is_never_a_member_again(self):
        if self.is_removed:
            assert self.etcd.registered is None
            assert not self.session.is_serving(self.now_ns)

    @invariant()
    def it_takes_itself_for_removed_only_if_it_is(self):
        assert self.is_removed or self.session.state != "removed"

    @invariant()
    def it_says_when_it_begins_and_ends_to_serve(self):
        turns = [f for f in self.reports if f in ("serve", "fence")]
        assert "fence fence" not in " ".join(turns)
        if self.session.is_serving(self.now_ns):
            assert turns[-1] == "serve"

    def teardown(self):
        """Left in peace, it comes to where it belongs."""
        was_told = self.session.state in ("stopping", "removed")
        for _ in range(200):
            self.now_ns += S_NS // 10
            while self.answered:
                self.an_answer_comes()
            while self.under_way:
                call, sent_ns = self.under_way.pop(0)
                self.act(self.session.answered(call, self.etcd.serve(call, self.now_ns), sent_ns, self.now_ns))
            self.act(self.session.tick(self.now_ns))
        if self.is_removed or was_told:
            assert self.ending
            assert not self.etcd.is_online(self.now_ns)
        else:
            assert self.session.is_serving(self.now_ns)


SessionAndEtcd.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestSessionAndEtcd = SessionAndEtcd.TestCase
