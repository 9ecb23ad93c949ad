"""
The command `harness`. Each command is a thin skin over the package; stdout carries the result, stderr the progress.

Exit codes: 0 as expected, 1 violated, 2 unknown, 130 Ctrl-C or a signal to end, 141 nobody reads the output, 254 wrong
input, 255 the harness failed.
"""

import signal
import sys
from collections.abc import Sequence

import click

from harness.cli import (
    catalogue,
    check,
    completion,
    doctor,
    exits,
    faults,
    inside,
    looking,
    plan,
    report,
    run,
    soak,
    up,
)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Exit codes: 0 as expected, 1 violated, 2 unknown, 130 Ctrl-C, 141 nobody reads the output, "
    "254 wrong input, 255 the harness failed.",
)
@click.version_option(package_name="dora-harness", prog_name="harness")
def harness() -> None:
    """
    Start a real etcd and real workers, break them, and judge whether membership and ring ownership stayed right.

    \b
    Begin with:
      harness list scenarios
      harness run restart
    """


for command in (
    run.command,
    soak.command,
    check.command,
    report.command,
    plan.command,
    catalogue.command,
    catalogue.schema,
    up.command,
    up.down,
    looking.status,
    faults.inject,
    faults.heal,
    faults.join,
    faults.decommission,
    looking.where,
    looking.ring,
    looking.logs,
    looking.env,
    inside.command,
    completion.command,
    doctor.command,
):
    harness.add_command(command)


def _end_as_with_ctrl_c(*signals: signal.Signals) -> None:
    """What a CI system, or a terminal that closes, sends: a run is cut short. Not where it is to be ignored."""
    for number in signals:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Every deliberate error is one line on stderr."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if argv is None:
        _end_as_with_ctrl_c(signal.SIGTERM, signal.SIGHUP)
        exits.repeat_what_is_dropped()
    code = exits.code_of(lambda: harness.main(arguments, prog_name="harness", standalone_mode=False))
    if argv is None:  # the program: what is done and told no late Ctrl-C can undo
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return exits.flushed(code)
    return code
