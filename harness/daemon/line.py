"""How a command asks a cluster that stays: a JSON line to its daemon, a JSON line back, descriptors along with it."""

import json
import socket
from collections.abc import Mapping
from typing import Any

from harness.daemon.place import Place, places
from harness.errors import ClusterError, InputError

_ANSWER_S, _LONGEST_S = 10.0, 3600.0
_STOPPED_S = 60.0
_TAKE_THEIR_TIME = ("inject", "heal", "record")
_DESCRIPTORS_MAX = 8


def ask(place: Place, do: str, **fields: Any) -> Any:
    """
    The answer. Raises InputError where there is no such cluster, or the daemon says that what it was asked is wrong;
    ClusterError where it can't do it, or was killed.
    """
    answer, _ = ask_for_descriptors(place, do, **fields)
    return answer


def ask_for_descriptors(place: Place, do: str, **fields: Any) -> tuple[Any, list[int]]:
    """The answer, and what came with it, which is the caller's to close. Raises as `ask` does."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_patience_s(do, fields))
        try:
            with place.socket() as path:
                line.connect(path)
        except OSError as error:
            raise absent(place) from error
        try:
            line.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
            data, descriptors, *_ = socket.recv_fds(line, 1 << 20, _DESCRIPTORS_MAX)
            while not data.endswith(b"\n") and (more := line.recv(1 << 20)):
                data += more
        except OSError as error:
            kills = f"harness down --name {place.name} --force kills it"
            raise ClusterError(f"{place.name} did not answer {do!r}: {error}; {kills}") from error
    if not data.endswith(b"\n"):
        raise absent(place)
    reply = json.loads(data)
    if "error" in reply:
        raise (InputError if reply["is_input"] else ClusterError)(reply["error"])
    return reply["answer"], descriptors


def _patience_s(do: str, fields: Mapping[str, Any]) -> float:
    """What a cluster does may take its time; what its daemon only tells does not."""
    if do in _TAKE_THEIR_TIME or fields.get("judged"):
        return _LONGEST_S
    return _STOPPED_S if do == "down" else _ANSWER_S


def absent(place: Place) -> Exception:
    """Why nobody answers."""
    if not place.exists():
        there = ", ".join(other.name for other in places())
        return InputError(f"no cluster is called {place.name}; " + (f"there are {there}" if there else "none is up"))
    if place.is_held():
        return ClusterError(f"{place.name} is starting, or ending; ask again in a moment")
    facts = place.facts()
    recorded = f"; what was recorded is in {facts.run_dir}" if facts else ""
    was = f"its daemon (process {facts.pid}) was killed" if facts else "its daemon was killed"
    cleans = f"harness down --name {place.name} cleans up"
    return ClusterError(f"{place.name} is dead: {was}, and all of it ended with it{recorded}; {cleans}")
