"""
A guest: a client of somebody else, which a command of its own runs in the place of one of ours.

It is told of its cluster by placeholders in the words of that command.
"""

import re
from collections.abc import Iterable, Mapping

PLACEHOLDERS: Mapping[str, str] = {
    "name": "its node",
    "home": "a folder of its own, which outlives restarts",
    "cluster_name": "`alluxio.cluster.name`",
    "etcd_endpoints": "`http://etcd-1:2379,http://etcd-2:2379` ...",
    "etcd_hosts": "`etcd-1,etcd-2` ...",
    "etcd_port": "the port of each of them",
    "vnodes": "how often each worker stands on the ring",
    "refresh_s": "the interval at which views are refreshed, in whole seconds, 1 at least",
    "page_size": "`alluxio.worker.page.store.page.size`",
}
"""What each of them stands for."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def unknown_in(word: str) -> str | None:
    """The first placeholder in a word that there is none of; other braces are nothing special."""
    return next((name for name in _PLACEHOLDER.findall(word) if name not in PLACEHOLDERS), None)


def filled(command: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """The command with `values` in the place of its placeholders. Raises KeyError for one that has none."""
    return [_PLACEHOLDER.sub(lambda found: values[found[1]], word) for word in command]
