import pytest

from harness.core.history import NEMESIS
from harness.core.plan import Step
from harness.report.wording import fault_text, op_text, settings_text, span_text, step_text
from tests.report.runs import RUN_BEGINS_S, SECOND, op

NAMES = {"worker-a": "worker-1", "worker-b": "worker-2"}
ZERO_NS = int(RUN_BEGINS_S * SECOND)
TWO, REST = ["worker-1", "worker-2"], ["etcd-1", "worker-3"]


@pytest.mark.parametrize(
    ("f", "value", "text"),
    [
        ("pause", {"targets": ["worker-1"]}, "pause worker-1"),
        ("isolate", {"targets": ["worker-1"], "cuts": [[["worker-1"], REST]]}, "isolate worker-1"),
        ("partition", {"targets": TWO, "cuts": [[TWO, REST], [REST, TWO]]}, "partition worker-1 worker-2 | rest"),
        ("partition", {"targets": TWO, "cuts": [[TWO[:1], TWO[1:]]]}, "partition worker-1 -> worker-2"),
        ("partition", {"targets": TWO, "cuts": [[TWO, REST]]}, "partition worker-1 worker-2 -> rest"),
        ("heal", {"fault": "pause", "targets": ["worker-1"]}, "pause worker-1"),
        ("skip", {"fault": "pause"}, "pause"),
        ("kill", {"targets": [f"worker-{n}" for n in range(1, 5)]}, "kill worker-1 worker-2 worker-3 worker-4"),
        ("kill", {"targets": [f"worker-{n}" for n in range(1, 9)]}, "kill worker-1 worker-2 worker-3 and 5 more"),
    ],
)
def test_a_fault_in_words(f, value, text):
    assert fault_text(op(0.0, NEMESIS, "invoke", f, step=0, **value)) == text


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"targets": ["worker-1"]}, ""),
        ({"targets": ["worker-1"], "signal": "KILL", "down_for": 4.0}, "(KILL, down_for 4 s)"),
        ({"groups": [["worker-1"], ["rest"]], "from_": [], "to": []}, ""),
        ({"values": ["empty", "null"]}, "(empty null)"),
        ({"keep": 0}, "(keep 0)"),
    ],
)
def test_a_steps_settings_in_words(params, text):
    assert settings_text(Step("restart", params, at_s=1.0)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "<1 ms"), (0.003, "3 ms"), (0.0994, "99 ms"), (0.0996, "0.10 s"), (0.25, "0.25 s"), (12.3, "12.30 s")],
)
def test_a_short_span_is_told_in_milliseconds(seconds, text):
    assert span_text(seconds) == text


@pytest.mark.parametrize(
    ("fault", "params", "text"),
    [
        ("pause", {"targets": ["worker-1"]}, "pause worker-1"),
        (
            "restart",
            {"targets": TWO, "signal": "TERM", "down_for": 1.0},
            f"restart {' '.join(TWO)} (TERM, down_for 1 s)",
        ),
        ("decommission", {"targets": ["worker-1"], "stop": "none"}, "decommission worker-1 (stop none)"),
        ("partition", {"groups": [TWO, ["rest"]], "from_": [], "to": []}, f"partition {' '.join(TWO)} | rest"),
        ("partition", {"groups": [], "from_": TWO[:1], "to": ["etcd-1"]}, "partition worker-1 -> etcd-1"),
    ],
)
def test_a_step_is_told_in_the_words_of_its_fault(fault, params, text):
    assert step_text(Step(fault, params, at_s=1.0)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"sent_ns": ZERO_NS + 5 * SECOND, "state": "ready", "id": None}, "sent at 5.00 s, state ready"),
        ({"pid": 25, "incarnation": 1, "asked": True, "ran_s": 1.5}, "incarnation 1, asked, ran 1.50 s"),
        ({"asked": False}, "not asked"),
        ({"id": "worker-a", "lease": 7}, "id worker-1, lease 7"),
        ({"key": "/ServiceDiscovery/x/worker-b"}, "key /ServiceDiscovery/x/worker-2"),
        ({"online": {"worker-b": "h:1", "worker-c": "h:2"}, "offline": {}}, "online worker-2 worker-c"),
        ({"online": {}}, "online nobody"),
        ({"kvs": [{"key": "a"}, {"key": "b"}]}, "kvs (2 of them)"),
        ({"text": "x" * 100}, f"text {'x' * 57}..."),
        (
            {"tried": [f"worker-{number}" for number in range(1, 23)]},
            f"tried {' '.join(f'worker-{number}' for number in range(1, 21))} and 2 more",
        ),
    ],
)
def test_an_op_tells_names_and_seconds_and_not_what_only_machines_need(value, text):
    assert op_text(op(1.0, "worker-1", "ok", "x", **value), NAMES, ZERO_NS) == text


def test_an_op_of_the_nemesis_tells_whom_it_struck_and_why_it_failed():
    failed = op(1.0, NEMESIS, "fail", "pause", "no such process", step=0, targets=["worker-1"])
    assert op_text(failed, NAMES, ZERO_NS) == "pause worker-1, step 0, no such process"
