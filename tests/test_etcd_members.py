from harness.etcd import Standing
from harness.etcd_members import Leadership, member_watches

HOSTS = ["http://etcd-1:2379", "http://etcd-2:2379", "http://etcd-3:2379"]


class Written:
    def __init__(self):
        self.leaders = []

    def fact(self, actor, f, value):
        self.leaders.append((value["member"], value["term"]))


def leaders(*said):
    written = Written()
    leadership = Leadership(written)
    for name, member, leader, term in said:
        leadership.said(name, Standing(member, leader, term, "3.5.1"))
    return written.leaders


def test_a_leader_is_told_once_a_term():
    assert leaders(("etcd-1", 11, 11, 2), ("etcd-2", 22, 11, 2), ("etcd-1", 11, 11, 2)) == [("etcd-1", 2)]


def test_a_leader_is_told_once_it_is_known_by_name():
    assert leaders(("etcd-1", 11, 22, 2), ("etcd-2", 22, 22, 2)) == [("etcd-2", 2)]


def test_nobody_is_told_during_an_election():
    assert leaders(("etcd-1", 11, 11, 2), ("etcd-1", 11, 0, 3)) == [("etcd-1", 2)]


def test_the_same_member_in_a_new_term_is_told():
    assert leaders(("etcd-1", 11, 11, 2), ("etcd-1", 11, 11, 4)) == [("etcd-1", 2), ("etcd-1", 4)]


def test_what_a_member_says_of_an_earlier_term_is_old():
    said = ("etcd-1", 11, 11, 2), ("etcd-2", 22, 22, 3), ("etcd-1", 11, 11, 2)
    assert leaders(*said) == [("etcd-1", 2), ("etcd-2", 3)]


def test_a_single_member_is_not_asked_by_itself():
    assert member_watches(HOSTS[:1], Written()) == []
    assert len(member_watches(HOSTS, Written())) == 3
