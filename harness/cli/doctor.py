"""`harness doctor`: what this machine can do."""

import click

from harness.cli import exits, options


@click.command(short_help="What this machine can do, and how what it lacks comes.")
@options.as_json
def command(as_json: bool) -> int:
    """
    Try everything that runs need of this machine, and say what follows.

    Nothing is changed, no container is started, and nothing is left behind. What is missing comes with the command
    that brings it. Exit code 0 where runs are possible, 255 where they are not.

    \b
    Examples:
      harness doctor
      harness doctor --json
    """
    from harness.cli.output import tell, terminal
    from harness.doctor.examine import examine
    from harness.doctor.screen import screen

    checkup = examine()
    tell(checkup.to_json() if as_json else screen(checkup, *terminal()))
    return exits.FAILED if checkup.missing else exits.OK


command.name = "doctor"
