"""What does not do as it says is found."""

import os

import pytest

from tests.meta.following import Script, shows, wrong

TRUE = """
A file, `words/list.txt`:

```text
one
two
```

```sh
. ./settings 2>/dev/null || greeting=hello
wc -l words/list.txt
echo "$greeting" && not-there
false    # exit code 1
```

```text
```
"""


@pytest.fixture
def followed(tmp_path):
    def follow(text, **how):
        (tmp_path / "folder").mkdir()
        (tmp_path / "it.md").write_text(text)
        return Script(tmp_path / "folder", **how).read(tmp_path / "it.md").carry_out({"PATH": os.environ["PATH"]})

    return follow


def commands(*lines, shown=""):
    seen = ["```text", shown, "```"] if shown else []
    return "\n".join(["```sh", *lines, "```", "", *seen, ""])


def test_files_are_written_commands_share_a_shell_and_some_parts_are_left_out(followed):
    said = followed(TRUE, not_run=["not-there"])
    assert [one.output for one in said[1:]] == ["2 words/list.txt\n", "hello\n", ""]
    assert wrong(said) == []


def test_a_command_that_ends_otherwise_is_told(followed):
    [told] = wrong(followed(commands("echo so; false")))
    assert told == "echo so; false: exit code 1, not 0\nso\n"


def test_a_failure_that_was_announced_and_did_not_come_is_told(followed):
    [told] = wrong(followed(commands("true # exit code 1")))
    assert "exit code 0, not 1" in told


def test_what_was_never_begun_is_told(followed):
    told = wrong(followed(commands("exit 0", "echo so")))
    assert [text.partition(":")[0] for text in told] == ["exit 0", "echo so"]


def test_what_is_not_said_is_told(followed):
    assert len(wrong(followed(commands("echo 3 sheep", shown="4 goats")))) == 1


def test_a_command_may_be_changed_and_then_has_to_say_the_same(followed):
    said = followed(commands("echo 600 times", shown="600 times"), changed={"600": "6"})
    assert (said[0].output, wrong(said)) == ("6 times\n", [])


def test_each_step_of_a_job_is_a_shell_of_its_own(followed):
    job = "jobs: {it: {steps: [{uses: x}, {run: word=here}, {run: 'echo \"[$word]\"'}]}}"
    said = followed(f"The job, `.github/workflows/it.yml`:\n\n```yaml\n{job}\n```\n")
    assert said[1].output == "[]\n"


OUTPUT = """it   seed 895231   runs/it-895231-20261121T163832Z
  worker-1   worker-845b041f-025e-5341-bf95-569017235d5a
  took  1.20 s of <1 ms
  valid
"""


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        (OUTPUT, True),
        ("", True),
        ("it seed 7 runs/it-7-20250101T000000Z\n...\nvalid\n", True),
        ("worker-2 worker-00000000-0000-0000-0000-000000000000\n took 3 s of 12 ms\n", True),
        ("took 3 s of ...\n", True),
        ("it seed 7 runs/it-7-20250101T000000Z\nvalid\n", False),
        ("took 3 s\n", False),
        ("valid\n...\ntook 3 s of 1 ms\n", False),
        ("alid\n", False),
    ],
)
def test_lines_are_compared_but_for_numbers_identities_times_and_what_is_left_out(shown, holds):
    assert shows(shown, OUTPUT) is holds


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        ("==== 2 passed in 12.34s ====", "===== 2 passed in 9.87s ====="),
        ("==== 2 passed in 12.34s ====", "== 2 passed in 83.10s (0:01:23) =="),
        ("12 runs   51 s, 4 at once", "12 runs   1 min 8 s, 4 at once"),
        ("soak   at least 2 min 20 s", "soak   at least 1 h 2 min"),
        ("heal   <1 ms", "heal   0.25 s"),
    ],
)
def test_how_long_it_took_changes_no_line(shown, output):
    assert shows(shown, output)
    assert shows(output, shown)
