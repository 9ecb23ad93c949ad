"""Numbers as the path data of SVG. What is drawn lies on the clock's units across, and on pixels down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.report.html.clock import UNITS


@dataclass(frozen=True)
class Mark:
    """One path; `kind` is its class in the style sheet."""

    kind: str
    d: str


@dataclass(frozen=True)
class Label:
    """Words beside a mark, at `x` units; `side` is where they go from there."""

    x: float
    text: str
    side: str = "right"
    link: str = ""


@dataclass(frozen=True)
class Track:
    """A row of the timeline: `about` is what it shows in words."""

    label: str
    note: str
    height: int
    marks: tuple[Mark, ...]
    about: str = ""
    labels: tuple[Label, ...] = ()
    kind: str = ""


def number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def bars(values: Mapping[int, float], largest: float, base: int, height: int, width: int = UNITS) -> str:
    """
    Bars from `base` up, `height` high for `largest`, downwards where `height` is negative; none is lower than a pixel.

    Neighbours of one height are one bar. `values` are by column, `width` that of a column in units.
    """
    runs: list[tuple[int, int, float]] = []
    for column, value in sorted(values.items()):
        tall = round(height * value / largest, 1) if largest else 0.0
        tall = max(tall, 1.0) if height > 0 else min(tall, -1.0)
        if value <= 0:
            continue
        if runs and runs[-1][1] == column and runs[-1][2] == tall:
            runs[-1] = runs[-1][0], column + 1, tall
        else:
            runs.append((column, column + 1, tall))
    return "".join(f"M{a * width} {base}v{number(-tall)}h{(b - a) * width}V{base}z" for a, b, tall in runs)


def spans(ends: Iterable[tuple[float, float]], top: int, bottom: int) -> str:
    """Rectangles from `top` to `bottom`; none is narrower than a unit."""
    return "".join(f"M{number(a)} {top}H{number(max(b, a + 1))}V{bottom}H{number(a)}z" for a, b in ends)


def strokes(ends: Iterable[tuple[float, float]], y: float) -> str:
    """Horizontal lines."""
    return "".join(f"M{number(a)} {number(y)}H{number(b)}" for a, b in ends)


def steps(values: Mapping[int, float], width: int) -> str:
    """A line over columns of `width` units, each at its own height down in pixels; broken where a column has none."""
    pieces, last = list[str](), None
    for column, y in sorted(values.items()):
        begin = f"V{number(y)}" if last == column - 1 else f"M{column * width} {number(y)}"
        pieces.append(f"{begin}H{(column + 1) * width}")
        last = column
    return "".join(pieces)
