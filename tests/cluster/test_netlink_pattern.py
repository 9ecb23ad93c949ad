"""A message put together from a pattern is the one that pyroute2 would have encoded."""

import random
from inspect import signature

import pytest

from harness.cluster import netlink

FUNCTIONS = [made for made in vars(netlink).values() if hasattr(made, "__wrapped__")]


def argument(name, draw):
    if name in ("ip", "gateway"):
        return ".".join(str(draw.randrange(256)) for _ in range(4))
    if name.endswith("mac"):
        return ":".join(f"{draw.randrange(256):02x}" for _ in range(6))
    return f"v{draw.randrange(100_000):05}" if name == "name" else draw.randrange(1000, 1 << 20)


def test_every_message_is_made_so():
    assert {made.__name__ for made in FUNCTIONS} >= {"veth", "address", "neighbour", "blackhole", "rule_from"}


@pytest.mark.parametrize("made", FUNCTIONS, ids=lambda made: made.__name__)
def test_whatever_its_arguments_the_bytes_are_the_same(made):
    draw = random.Random(made.__name__)
    for _ in range(50):
        arguments = [argument(name, draw) for name in signature(made).parameters]
        assert made(*arguments) == made.__wrapped__(*arguments)


def test_a_name_of_another_length_is_refused():
    with pytest.raises(ValueError, match="a name has six letters"):
        netlink.veth(1000, "v1", "02:00:00:00:00:01", 5, "02:00:00:01:00:00")
