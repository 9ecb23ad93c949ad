import pytest

from harness.cluster.room import limits
from harness.doctor import remedies
from harness.doctor.remedies import LINUX, for_limit, for_namespaces


def asked(is_root=False, in_container=False, **switches):
    said = {name.replace("__", "."): value for name, value in switches.items()}
    return for_namespaces(said, in_container=in_container, is_root=is_root)


@pytest.mark.parametrize(
    ("switches", "command"),
    [
        (
            {"kernel__apparmor_restrict_unprivileged_userns": "1"},
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ({"kernel__unprivileged_userns_clone": "0"}, "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        ({"user__max_user_namespaces": "0"}, "sudo sysctl -w user.max_user_namespaces=15000"),
    ],
)
@pytest.mark.parametrize("is_root", [True, False])
def test_a_switch_that_forbids_is_turned(switches, command, is_root):
    assert asked(is_root, **switches) == {"debian": command, "fedora": command, "macos": LINUX}


def test_switches_that_permit_are_left_alone_and_a_user_needs_root():
    found = asked(kernel__unprivileged_userns_clone="1", user__max_user_namespaces="100")
    assert found["debian"] == 'sudo "$(command -v harness)" run restart'


def test_a_container_without_rights_gets_them_when_it_is_started():
    assert asked(True, in_container=True)["fedora"] == "docker run --privileged IMAGE"


def test_root_whom_nothing_known_refuses_is_told_nothing():
    assert asked(True) == {}


def test_every_limit_but_a_control_groups_has_a_command():
    without = [limit.what for limit in limits() if not for_limit(limit.what)]
    assert without == ["threads of this control group (pids.max)"]


def test_every_remedy_is_one_for_debian_fedora_and_macos():
    tables = (remedies.ENGINE, remedies.NFTABLES, remedies.VETH, remedies.KERNEL, remedies.ETCD, remedies.RUNS)
    assert all({"debian", "fedora", "macos"} <= set(table) for table in (*tables, remedies.TEMPORARY))
    assert all(command and "\n" not in command for table in tables for command in table.values())
