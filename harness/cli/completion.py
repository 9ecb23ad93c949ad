"""`harness completion`: what makes a shell complete commands, nodes, faults, scenarios and clusters."""

import click
from click.shell_completion import get_completion_class

from harness.cli import options


@click.command(short_help="Lines that make a shell complete.")
@click.argument("shell", type=options.OneOf(("bash", "zsh", "fish")))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """
    Print what makes a shell complete the words of this command: nodes, faults, scenarios and clusters too.

    \b
    Examples:
      harness completion bash
      eval "$(harness completion bash)"        # in ~/.bashrc
      eval "$(harness completion zsh)"         # in ~/.zshrc
      harness completion fish | source         # in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind
    click.echo(kind(context.find_root().command, {}, "harness", "_HARNESS_COMPLETE").source())


command.name = "completion"
