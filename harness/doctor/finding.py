"""What a machine was found to be able to do, and what follows; pure."""

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

State = Literal["yes", "partly", "no", "unknown"]
System = Literal["debian", "ubuntu", "fedora", "macos"]
Remedy = Mapping[System, str]
"""The one command that brings what is missing, by system; Ubuntu has its own only where Debian's is another."""

FIRST_RUN = "harness run restart"


@dataclass(frozen=True)
class Finding:
    """`unknown` where trying it came to no answer; runs are possible where all that `is_needed` is yes or partly."""

    name: str
    state: State
    fact: str
    consequence: str = ""
    is_needed: bool = False
    remedy: Remedy = field(default_factory=dict)

    @property
    def is_there(self) -> bool:
        return self.state in ("yes", "partly")


@dataclass(frozen=True)
class Checkup:
    """All findings about one machine; `system` is None where no remedy is known to be for it."""

    system: System | None
    findings: tuple[Finding, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What keeps runs from being possible."""
        return tuple(found.name for found in self.findings if found.is_needed and not found.is_there)

    @property
    def fabric(self) -> str | None:
        """What cuts links here; None where runs are refused."""
        return None if self.missing else "namespaces"

    @property
    def etcd(self) -> str | None:
        """How etcd is run where nobody says how; None where runs are refused."""
        has_engine = any(found.name == "docker" and found.is_there for found in self.findings)
        return None if self.missing else "docker" if has_engine else "process"

    def remedies(self, found: Finding) -> dict[str, str]:
        """Those to show here: this system's alone, or each with its system where that is not known."""
        if self.system is None:
            return {str(system): command for system, command in found.remedy.items()}
        here = found.remedy.get(self.system) or (found.remedy.get("debian") if self.system == "ubuntu" else None)
        return {self.system: here} if here else {}

    def to_json(self) -> str:
        """One line, with `next`: the command to begin with, None where there is none."""
        row = {"ready": not self.missing, "missing": self.missing, "system": self.system, "fabric": self.fabric}
        row |= {"etcd": self.etcd, "next": None if self.missing else FIRST_RUN}
        return json.dumps(row | {"findings": [asdict(found) for found in self.findings]})


def system_of(kind: str, release: Mapping[str, str]) -> System | None:
    """`kind` as `sys.platform` has it, `release` as /etc/os-release (os-release(5))."""
    if kind == "darwin":
        return "macos"
    likes = (release.get("ID", ""), *release.get("ID_LIKE", "").split())
    if "ubuntu" in likes:
        return "ubuntu"
    if "debian" in likes:
        return "debian"
    return "fedora" if {"fedora", "rhel", "centos"} & set(likes) else None


def system_here() -> System | None:
    try:
        return system_of(sys.platform, platform.freedesktop_os_release())
    except OSError:
        return system_of(sys.platform, {})
