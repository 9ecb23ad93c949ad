"""The first few of many, in a text."""

from collections.abc import Iterable


def few(parts: Iterable[str], most: int, between: str = ", ", at_last: str = " and ") -> str:
    """`a, b and 7 more`: the first `most` parts, and how many more there are; empty for none."""
    told = list(parts)
    more = len(told) - most
    return between.join(told[:most]) + (f"{at_last}{more} more" if more > 0 else "")
