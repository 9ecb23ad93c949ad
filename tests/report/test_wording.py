import pytest

from harness.core.history import NEMESIS
from harness.core.plan import Step
from harness.report.wording import fault_text, settings_text
from tests.report.runs import op

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
    ],
)
def test_a_steps_settings_in_words(params, text):
    assert settings_text(Step("restart", params, at_s=1.0)) == text
