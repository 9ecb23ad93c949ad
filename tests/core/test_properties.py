from pathlib import Path

import pytest

from harness.core.properties import KNOWN, Properties, parse_duration, parse_properties, parse_size, problem
from harness.errors import InputError

CONF = Path(__file__).parents[2] / "conf"
VNODES = "alluxio.user.worker.selection.policy.consistent.hash.virtual.node.count.per.worker"
TTL = "alluxio.worker.failure.detection.timeout"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("200ms", 0.2),
        ("3s", 3),
        ("2m", 120),
        ("2min", 120),
        ("1hour", 3600),
        ("1h", 3600),
        ("1.5s", 1.5),
        ("2 MIN", 120),
        ("10minutes", 600),
        ("1day", 86400),
        ("0s", 0),
    ],
)
def test_durations_are_read_with_alluxios_units(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1w", "1s2", "1e3s", "\u0661s", "9" * 20 + "s"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(InputError, match="is no duration; write it as 200ms, 3s, 2m or 1h"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", 4096),
        ("64KB", 65536),
        ("1MB", 1 << 20),
        ("1m", 1 << 20),
        ("1MiB", 1 << 20),
        ("1.5 gb", 3 << 29),
        ("2TB", 2 << 40),
        ("10b", 10),
    ],
)
def test_sizes_are_read_with_binary_units(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1", "1XB", "1e3", "1MB,1MB", "\u0661", "9" * 20])
def test_anything_else_is_no_size(text):
    with pytest.raises(InputError, match="is no size; write it as 4096, 64KB, 1MB or 2GB"):
        parse_size(text)


def test_the_defaults_hold_where_nothing_is_given():
    properties = Properties({})
    assert properties.int(VNODES) == 2000
    assert properties.duration_s(TTL) == 120
    assert properties.bool("alluxio.user.dynamic.consistent.hash.ring.enabled") is True
    assert properties.text("alluxio.worker.membership.manager.type") == "ETCD"
    assert properties.list("alluxio.etcd.endpoints") == ()
    assert properties.int("alluxio.worker.http.server.port") == 28080


def test_what_is_given_wins_over_the_default():
    properties = Properties({TTL: "2s", "alluxio.etcd.endpoints": "http://a:2379, http://b:2379,"})
    assert properties.duration_s(TTL) == 2
    assert properties.list("alluxio.etcd.endpoints") == ("http://a:2379", "http://b:2379")
    assert dict(properties)[VNODES] == "2000"


def test_names_outside_alluxio_are_kept():
    assert Properties({"aws.accessKeyId": "x"}).text("aws.accessKeyId") == "x"


def test_every_default_fits_its_kind():
    assert [found for known in KNOWN.values() if (found := problem(known.name, known.default))] == []


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        (
            "alluxio.cluster.nmae",
            "x",
            "no property is called 'alluxio.cluster.nmae'; did you mean 'alluxio.cluster.name'?",
        ),
        (
            "alluxio.zzzz",
            "x",
            "no property is called 'alluxio.zzzz'; all there are stand in conf/alluxio-site.properties",
        ),
        (VNODES, "0", f"{VNODES} is '0'; it is a whole number from 1"),
        (VNODES, "5.0", f"{VNODES} is '5.0'; it is a whole number from 1"),
        ("alluxio.worker.rpc.port", "65536", "alluxio.worker.rpc.port is '65536'; it is a port from 0 to 65535"),
        ("alluxio.zookeeper.enabled", "yes", "alluxio.zookeeper.enabled is 'yes'; it is true or false"),
        (TTL, "0s", f"{TTL} is '0s'; it is a duration above 0 such as 200ms, 3s, 2m or 1h"),
        (
            "alluxio.worker.membership.manager.type",
            "MASTER",
            "alluxio.worker.membership.manager.type is 'MASTER'; it is STATIC or ETCD or NOOP",
        ),
    ],
)
def test_a_problem_says_what_is_wrong_and_what_is_allowed(key, value, found):
    assert problem(key, value) == found
    with pytest.raises(InputError) as error:
        Properties({key: value})
    assert str(error.value) == found


@pytest.mark.parametrize(("key", "value"), [("alluxio.worker.rpc.port", "0"), (TTL, "500ms"), (VNODES, "1")])
def test_the_least_allowed_value_is_no_problem(key, value):
    assert problem(key, value) is None


def test_a_file_may_hold_comments_blank_lines_and_both_separators():
    text = (
        "# one\n! two\n\n  alluxio.worker.hostname = a b \nalluxio.etcd.endpoints: http://a:2379\naws.secretKey=x=y#z\n"
    )
    assert parse_properties(text, "x") == {
        "alluxio.worker.hostname": "a b",
        "alluxio.etcd.endpoints": "http://a:2379",
        "aws.secretKey": "x=y#z",
    }


def test_an_empty_file_sets_nothing():
    assert parse_properties("", "x") == {}


def test_all_errors_of_a_file_are_told_with_their_lines():
    text = "alluxio.cluster.name\nalluxio.worker.rpc.port=x\n# fine\na=1\na=2\nb=1\\\n=5\n"
    with pytest.raises(InputError) as error:
        parse_properties(text, "my.properties")
    assert str(error.value).splitlines() == [
        "my.properties:1: 'alluxio.cluster.name' is no property; write key=value",
        "my.properties:2: alluxio.worker.rpc.port is 'x'; it is a port from 0 to 65535",
        "my.properties:5: a is set twice; keep one",
        "my.properties:6: the value of b goes on in the next line; write it on one",
        "my.properties:7: '=5' is no property; write key=value",
    ]


def test_the_packaged_site_file_lists_every_property_with_its_default():
    site = parse_properties((CONF / "alluxio-site.properties").read_text(), "alluxio-site.properties")
    assert site == {known.name: known.default for known in KNOWN.values()}


def test_the_packaged_fast_file_means_seconds():
    fast = Properties(parse_properties((CONF / "fast.properties").read_text(), "fast.properties"))
    assert fast.duration_s(TTL) == 2
    assert fast.duration_s("alluxio.user.worker.list.refresh.interval") == 0.5
    assert fast.int(VNODES) == 2000
