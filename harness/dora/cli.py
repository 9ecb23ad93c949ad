"""
`dora`: the system under test by hand, with Alluxio's words and output; works on a real Alluxio's etcd too.

Exit codes: 0, 1 where the cluster says no or does not answer, 254 for wrong input.
"""

import socket
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, TypeVar

import click

from harness.core.identity import WorkerId
from harness.core.properties import Properties
from harness.dora import members
from harness.dora.settings import read_properties
from harness.errors import HarnessError, InputError
from harness.etcd import Etcd

F = TypeVar("F", bound=Callable[..., Any])

CLUSTER_SAYS_NO, WRONG_INPUT, INTERRUPTED = 1, 254, 130
_ETCD_TIMEOUT_S = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors are one line on stderr."""
    try:
        return int(dora.main(arguments, "dora", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return WRONG_INPUT
    except click.ClickException as error:
        path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "dora"
        click.echo(f"{path}: {error.format_message()} Try '{path} --help'.", err=True)
        return WRONG_INPUT
    except click.Abort:
        return INTERRUPTED
    except HarnessError as error:
        click.echo(f"dora: {error}", err=True)
        return WRONG_INPUT if isinstance(error, InputError) else CLUSTER_SAYS_NO


def properties_options(command: F) -> F:
    conf = click.option("--conf", metavar="FILE", help="Properties, as in conf/alluxio-site.properties.")
    single = click.option("-D", "given", multiple=True, metavar="KEY=VALUE", help="One property; wins over the file.")
    return conf(single(command))


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Exit codes: 0, 1 where the cluster says no or does not answer, 254 wrong input.",
)
@click.version_option(package_name="dora-harness", prog_name="dora")
def dora() -> None:
    """
    Workers that keep their membership in etcd: run one, list them, remove one.

    \b
    Begin with:
      dora info nodes -D alluxio.etcd.endpoints=http://127.0.0.1:2379
    """


@dora.command()
@properties_options
@click.option("--name", default=socket.gethostname, show_default="host name", help="What its log lines begin with.")
def worker(conf: str | None, given: tuple[str, ...], name: str) -> int:
    """
    Run a worker until it is told to stop (SIGTERM) or is removed (exit code 3).

    \b
    Example:
      dora worker --conf conf/alluxio-site.properties -D alluxio.etcd.endpoints=http://127.0.0.1:2379
    """
    from harness.dora.worker import main as run  # an HTTP server is not for the other commands

    _properties(conf, given)
    return run({"name": name, "conf": conf, "properties": _given(given)})


@dora.group()
def info() -> None:
    """What there is."""


@info.command()
@properties_options
def nodes(conf: str | None, given: tuple[str, ...]) -> None:
    """
    All registered workers, and whether they are online.

    \b
    Examples:
      dora info nodes --conf conf/alluxio-site.properties
      dora info nodes -D alluxio.etcd.endpoints=http://etcd:2379 -D alluxio.cluster.name=Mine
    """
    properties = _properties(conf, given)
    with closing(_etcd(properties)) as etcd:
        etcd.find_answering()
        click.echo(members.nodes(members.Members(etcd, _cluster(properties)).read().view))


@dora.group()
def process() -> None:
    """What can be done to processes."""


@process.command("remove-worker")
@click.option("-n", "worker_id", required=True, metavar="WORKER_ID", help="As `dora info nodes` shows it.")
@properties_options
def remove_worker(conf: str | None, given: tuple[str, ...], worker_id: str) -> None:
    """
    Take a worker that is offline out of the cluster for good.

    \b
    Example:
      dora process remove-worker -n WORKER_ID -D alluxio.etcd.endpoints=http://127.0.0.1:2379
    """
    properties, worker = _properties(conf, given), WorkerId.parse(worker_id)
    with closing(_etcd(properties)) as etcd:
        etcd.find_answering()
        members.remove(etcd, _cluster(properties), worker)
    click.echo(f"Successfully removed worker: {worker}")


def _given(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given]
    if wrong := [key for key, equals, _ in pairs if not equals]:
        raise InputError(f"-D {wrong[0]!r} is no property; write -D key=value")
    return {key.strip(): value.strip() for key, _, value in pairs}


def _properties(conf: str | None, given: tuple[str, ...]) -> Properties:
    return Properties({**read_properties(conf), **_given(given)})


def _cluster(properties: Properties) -> str:
    members.must_be_etcd(properties.text(members.MEMBERSHIP))
    return properties.text("alluxio.cluster.name")


def _etcd(properties: Properties) -> Etcd:
    return Etcd(properties.list("alluxio.etcd.endpoints"), _ETCD_TIMEOUT_S)
