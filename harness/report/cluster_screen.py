"""A cluster that stays, as people read of it: pure functions of what its daemon answers."""

from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from harness.core.few import few
from harness.report.drawing import drawn, table_of
from harness.report.wording import long_span_text, span_text

_COLOURS = {"online": "green", "ready": "green", "leads": "green", "offline": "yellow", "not ready": "yellow"}
_SHOWN = 6
_NOTHING = "-"


def opening(told: dict[str, Any], took_s: float) -> str:
    """What there is, where it is reached from outside, and what to do next."""
    nodes = [row["node"] for row in told["nodes"]]
    at = "" if told["name"] == "dev" else f" --name {told['name']}"
    doors = {row["node"]: row["door"] for row in told["nodes"] if row["door"]}
    etcd = [f"http://{door}" for node, door in doors.items() if node.startswith("etcd-")]
    workers = [f"http://{door}" for node, door in doors.items() if not node.startswith("etcd-")]
    tries = [f"harness status{at}", f"harness inject{at} pause worker-1 --for 10s"]
    tries += [f"harness exec{at} -- etcdctl get --prefix /", f"harness down{at}"]
    return "\n".join(
        (
            f"{told['name']} is up in {span_text(took_s)}: {few(nodes, _SHOWN)}",
            f"  etcd     {' '.join(etcd)}",
            f"  workers  {few(workers, _SHOWN, ' ')}",
            f"  record   {told['run_dir']}",
            f"  try      {' · '.join(tries)}",
        )
    )


def screen(told: dict[str, Any], width: int | None = None, colour: bool = False) -> str:
    """The nodes, the faults that are open, and what happened without being asked for."""
    up, faults = long_span_text(told["up_s"]), len(told["faults"])
    first = Text(f"{told['name']}   up {up}   revision {told['revision']}   open faults: {faults}")
    parts: list[Any] = [first, Padding(_nodes(told["nodes"]), (0, 0, 0, 2))]
    parts += [Text(f"  {_fault(fault)}", "yellow") for fault in told["faults"]]
    parts += [Text(f"  note: {note}", "red") for note in told["notes"]]
    return drawn(Group(*parts), width, colour)


def _nodes(rows: list[dict[str, Any]]) -> Any:
    numbers = ("pid", "cpu", "memory", "owns")
    table = table_of(
        "node", "state", "since", "pid", "cpu", "memory", "owns", "view", "published", wraps="view", numbers=numbers
    )
    for row in rows:
        state = Text(_state(row), _COLOURS.get(row["state"], ""))
        cpu, memory, owns, view = row.get("cpu"), row.get("memory_bytes"), row["owns"], row["view"]
        table.add_row(
            row["node"],
            state,
            long_span_text(row["since_s"]),
            _or_nothing(row["pid"]),
            _or_nothing(None if cpu is None else f"{100 * cpu:.1f} %"),
            _or_nothing(None if memory is None else f"{memory / 1e6:.0f} MB"),
            _or_nothing(None if owns is None else f"{100 * owns:.1f} %"),
            _or_nothing(view and f"{view['online']} online at {view['revision']}"),
            row["door"] or "",
        )
    return table


def _state(row: dict[str, Any]) -> str:
    """`online`, `offline, paused`, `free`: what it is to the cluster, and what is unusual about its process."""
    if row["process"] == "none":
        return row["state"] or "free"
    unusual = [] if row["process"] == "running" else [row["process"]]
    return ", ".join([*filter(None, [row["state"]]), *unusual])


def _fault(fault: dict[str, Any]) -> str:
    heals, so_far = fault["heals_in_s"], long_span_text(fault["since_s"])
    if fault["is_under_way"]:
        return f"fault #{fault['number']} {fault['told']}, under way for {so_far}"
    if fault["failed"]:
        return f"fault #{fault['number']} {fault['told']}: its heal failed, {fault['failed']}; harness heal tries again"
    ends = "for good" if fault["is_for_good"] else "until harness heal"
    ends = ends if heals is None else f"heals in {long_span_text(heals)}"
    return f"fault #{fault['number']} {fault['told']}, {so_far} so far, {ends}"


def ring_screen(told: dict[str, Any]) -> str:
    table = table_of("worker", "owns", "vnodes", "identity", wraps="identity", numbers=("owns", "vnodes"))
    for row in told["workers"]:
        table.add_row(row["worker"], f"{100 * row['owns']:.2f} %", str(row["vnodes"]), row["id"])
    return drawn(Group(Text(f"revision {told['revision']}"), Padding(table, (0, 0, 0, 2))), None, False)


def where_screen(told: dict[str, Any]) -> str:
    """Whose it is, who comes next, and what clients say."""
    owner, *others = told["candidates"] or ["nobody: no worker is online"]
    door = told["doors"].get(owner)
    lines = [f"{told['key']}: {owner}" + (f"   http://{door}" if door else "")]
    lines.append(f"  by etcd at revision {told['revision']}" + (f"; then {', '.join(others)}" if others else ""))
    lines += [f"  {client}: {_said(said)}" for client, said in told["clients"].items()]
    return "\n".join(lines)


def _said(said: dict[str, Any]) -> str:
    if "error" in said:
        return str(said["error"])
    return f"{said['owner']}" + (f" at revision {said['revision']}" if said["revision"] is not None else "")


def _or_nothing(value: object) -> str:
    return _NOTHING if value is None else str(value)
