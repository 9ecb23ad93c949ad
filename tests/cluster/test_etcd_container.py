"""Where etcd runs in a container, and of which image; the first half needs no engine."""

import os
import socket
import struct
import subprocess
import sys
from contextlib import closing

import pytest

from harness.cluster.etcd_container import DockerRuntime, NoContainerError, is_static
from harness.cluster.etcd_runtime import choose_runtime
from harness.cluster.etcd_server import find_binary, version_of
from harness.cluster.linux import identity_of
from harness.core.plan import Etcd
from harness.errors import InputError


def elf(*kinds):
    """The head of a 64-bit program with program headers of these kinds."""
    head = struct.pack("<5s27xQ14xHH6x", b"\x7fELF\x02", 64, 56, len(kinds))
    return head + b"".join(struct.pack("<I52x", kind) for kind in kinds)


@pytest.mark.parametrize(
    ("program", "static"),
    [
        (elf(1), True),
        (elf(1, 3), False),
        (elf(), False),
        (b"#!/bin/sh\n", False),
        (b"", False),
        (elf(1, 1)[:-60], False),
        (b"\x7fELF not really", False),
    ],
    ids=["static", "interpreter", "no headers", "script", "empty", "cut short", "no program"],
)
def test_a_static_program_is_one_without_an_interpreter(program, static):
    assert is_static(program) is static


def test_the_packaged_etcd_is_static():
    assert is_static(find_binary(None).read_bytes())


def test_auto_takes_a_process_where_there_is_no_engine_and_says_why():
    runtime = choose_runtime(Etcd())
    assert (runtime.name, runtime.engine) == ("process", "")
    assert runtime.why.startswith("no engine at /")


@pytest.mark.parametrize("etcd", [Etcd(runtime="docker"), Etcd(image="etcd:3.5")])
def test_who_asks_for_a_container_where_none_can_be_is_told_why(etcd):
    with pytest.raises(InputError, match="etcd can't run in a container: no engine at /"):
        choose_runtime(etcd)


def test_an_image_is_nothing_for_a_process():
    with pytest.raises(InputError, match=r"cluster\.etcd\.image is for containers"):
        choose_runtime(Etcd(runtime="process", image="etcd:3.5"))


def test_an_engine_on_another_machine_is_not_taken(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    with pytest.raises(NoContainerError, match="not a socket of this machine"):
        DockerRuntime(Etcd())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gets as far as this")
def test_a_socket_where_nobody_answers_is_no_engine(monkeypatch, tmp_path):
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with pytest.raises(NoContainerError, match=r"no engine answers at .*: Connection refused"):
        DockerRuntime(Etcd())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gets as far as this")
def test_an_engine_that_says_nothing_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr("harness.cluster.etcd_container._ANSWER_S", 0.2)
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with pytest.raises(NoContainerError, match=r"the engine at .* does not answer"):
            DockerRuntime(Etcd())


SPINS = {"x86_64": (62, b"\xeb\xfe"), "aarch64": (183, b"\0\0\0\x14")}


def program_that_spins():
    """The smallest static program: a jump to itself (elf(5))."""
    machine, code = SPINS[os.uname().machine]
    base, start = 0x400000, 64 + 56
    head = struct.pack("<4sBBB9x", b"\x7fELF", 2, 1, 1)
    head += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, base + start, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = start + len(code)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000) + code


@pytest.fixture
def image(engine):
    """Makes an image of a program, or of nothing, as a user would have one."""
    from docker import APIClient

    from harness.cluster.engine import Engine

    name = f"harness-test:{os.getpid()}"
    with closing(Engine(engine)) as ours, closing(APIClient(base_url=engine)) as client:

        def made_of(program):
            if program is None:
                client.import_image_from_data(bytes(10_240), repository="harness-test", tag=name.partition(":")[2])
            else:
                ours.import_program(name, program, {})
            return name

        yield made_of
        client.remove_image(name, force=True)


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (find_binary(None).with_name("etcdctl").read_bytes(), "is no etcd: --version says"),
        (b"no program at all", "is no etcd: --version says .*exec format error"),
        (None, "the engine says: .*executable file not found"),
        (program_that_spins(), "etcd --version does not end within 5 s"),
    ],
    ids=["another program", "no program", "nothing", "never ends"],
)
def test_an_image_without_an_etcd_is_wrong_input_in_one_line_and_leaves_nothing(engine, image, program, reason):
    from harness.cluster.engine import COMMAND, Engine

    name = image(program)
    with pytest.raises(InputError, match=reason) as told:
        choose_runtime(Etcd(image=name))
    assert f"image {name}" in str(told.value)
    assert "\n" not in str(told.value)
    with closing(Engine(engine)) as client:
        assert identity_of(os.getpid()) not in [found.labels[COMMAND] for found in client.containers()]


@pytest.mark.cluster
def test_the_image_is_made_of_the_packaged_binary_and_tells_its_version(engine, tmp_path):
    runtime = choose_runtime(Etcd())
    assert (runtime.name, runtime.engine, runtime.why) == ("docker", engine, "")
    assert runtime.version == version_of(find_binary(None))
    spec = runtime.spec("etcd-1", tmp_path)
    assert spec.image.startswith("harness-etcd:")
    assert spec.run[:2] == ("etcd", "--name=etcd-1")


@pytest.mark.cluster
def test_runs_that_start_at_once_make_one_image(engine, tmp_path):
    from docker import APIClient

    binary = tmp_path / "etcd"
    binary.write_bytes(find_binary(None).read_bytes() + os.urandom(16))
    binary.chmod(0o755)
    program = (
        "from harness.cluster.etcd_container import DockerRuntime; from harness.core.plan import Etcd; import sys\n"
    )
    program += "print(DockerRuntime(Etcd(binary=sys.argv[1])).spec('etcd-1', __import__('pathlib').Path('.')).image)"
    command = [sys.executable, "-c", program, str(binary)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    names = {run.communicate(timeout=60)[0].strip() for run in runs}
    assert [run.returncode for run in runs] == [0] * 4
    (image,) = names
    with closing(APIClient(base_url=engine)) as client:
        (made,) = client.images(filters={"reference": image})
        client.remove_image(image)
    assert made["Labels"] == {"harness.etcd.version": version_of(binary)}


@pytest.mark.cluster
def test_an_image_that_is_not_there_is_wrong_input_and_is_not_pulled(engine):
    with pytest.raises(InputError, match="there is no image nobody/made:this on this machine, and none is pulled"):
        choose_runtime(Etcd(image="nobody/made:this"))


@pytest.mark.cluster
def test_a_binary_that_needs_libraries_runs_as_a_process_unless_a_container_is_asked_for(engine, tmp_path):
    script = tmp_path / "etcd"
    script.write_text("#!/bin/sh\necho 'etcd Version: 9.9.9'\n")
    script.chmod(0o755)
    runtime = choose_runtime(Etcd(binary=str(script)))
    assert runtime.name == "process"
    assert "needs libraries or an interpreter" in runtime.why
    with pytest.raises(InputError, match="needs libraries or an interpreter"):
        choose_runtime(Etcd(runtime="docker", binary=str(script)))
