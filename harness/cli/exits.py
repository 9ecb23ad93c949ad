"""Exit codes, and errors as one line on stderr."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import click

from harness.errors import HarnessError, InputError
from harness.interrupts import was_dropped
from harness.report.lasting import lasting

OK, VIOLATED, UNKNOWN, INTERRUPTED, NOBODY_READS, WRONG_INPUT, FAILED = 0, 1, 2, 130, 141, 254, 255
_MOMENT_S = 0.02
_WORST_FIRST = (FAILED, WRONG_INPUT, NOBODY_READS, VIOLATED, UNKNOWN, OK)


def worst(codes: Iterable[int]) -> int:
    """Of several scenarios the worst; OK for none."""
    seen = set(codes)
    return next((code for code in _WORST_FIRST if code in seen), OK)


def say(line: str = "") -> None:
    if sys.stderr:
        click.echo(line, file=lasting(sys.stderr))


def code_of(command: Callable[[], Any], verbose: bool = False) -> int:
    """Carry out a command that returns its exit code (or nothing); its errors become a line and a code."""
    try:
        return _carried_out(command, verbose)
    except (BrokenPipeError, SystemExit):  # the latter is what click makes of the former
        return _nobody_reads()


def _carried_out(command: Callable[[], Any], verbose: bool) -> int:
    """Raises BrokenPipeError or SystemExit where nobody reads what is told, of an error too."""
    try:
        code = command()
    except (BrokenPipeError, SystemExit):
        raise
    except click.ClickException as error:
        return _wrong_usage(error)
    except (KeyboardInterrupt, click.Abort) as error:
        return _told("interrupted", error, INTERRUPTED, verbose=False)
    except HarnessError as error:
        return _told(str(error), error, WRONG_INPUT if isinstance(error, InputError) else FAILED, verbose)
    except Exception as error:  # a bug of ours: the last place where it can be told in a line
        line = f"the harness itself failed: {type(error).__name__}: {error}{_origin(error)}"
        return _told(line, error, FAILED, verbose)
    return code if isinstance(code, int) else OK


def repeat_what_is_dropped() -> None:
    """Python drops a Ctrl-C that comes while a destructor runs, with a traceback; it comes again a moment later."""

    def hook(dropped: "sys.UnraisableHookArgs") -> None:
        if dropped.exc_type is KeyboardInterrupt:
            was_dropped()
            main = threading.main_thread().ident
            threading.Timer(_MOMENT_S, signal.pthread_kill, (main, signal.SIGINT)).start()
        else:
            sys.__unraisablehook__(dropped)

    sys.unraisablehook = hook


@contextmanager
def last_words(code: int) -> Iterator[None]:
    """
    Around what is told once the code is known. Who has interrupted loses none of it to another Ctrl-C, and where they
    have gone with their terminal that is no failure.
    """
    if code != INTERRUPTED:
        yield
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with redirect_stdout(sys.stdout and lasting(sys.stdout)):
            yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _wrong_usage(error: click.ClickException) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "harness"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
    else:
        said = " ".join(error.format_message().split())
        say(f"{path}: {said if said.endswith(('.', '?')) else f'{said}.'} Try '{path} --help'.")
    return WRONG_INPUT


def flushed(code: int) -> int:
    """
    The exit code of a program that has told all it will: what can't be told any more, for its terminal is closed, is
    let go, or Python would end with a code of its own (120).
    """
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            lasting(stream).flush()
    except BrokenPipeError:
        return _nobody_reads()
    return code


def _nobody_reads() -> int:
    """Whoever read our output has gone, as `head` does; what is still to be said goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    return NOBODY_READS


def _told(line: str, error: BaseException, code: int, verbose: bool) -> int:
    for each in (line, *getattr(error, "__notes__", ())):
        say(each)
    if verbose:
        say(traceback.format_exc())
    return code


def _origin(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}:{frames[-1].lineno}; run -v shows the way there)" if frames else ""
