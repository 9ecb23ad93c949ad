"""What all screens share: tables without lines, the colours of outcomes, and text out of both."""

import io

from rich.console import Console, JustifyMethod, RenderableType
from rich.table import Table

COLOURS = {
    "valid": "green",
    "violated": "bold red",
    "unknown": "yellow",
    "failed": "bold red",
    "proven": "",
    "absent": "yellow",
}
_NEVER_WRAP = 10_000


def table_of(*headings: str, wraps: str, numbers: tuple[str, ...] = (), gap: int = 3) -> Table:
    """One column wraps where the screen is narrow; the others stay whole. `numbers` end below their heading's end."""
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    for heading in headings:
        justify: JustifyMethod = "right" if heading in numbers else "left"
        table.add_column(heading, no_wrap=heading != wraps, overflow="fold", justify=justify)
    return table


def drawn(what: RenderableType, width: int | None, colour: bool) -> str:
    """As text of lines without trailing blanks; `width` in columns, None for any."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width or _NEVER_WRAP,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(what)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
