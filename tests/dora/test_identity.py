import logging
import stat
from uuid import UUID

import pytest

from harness.core.identity import WorkerId
from harness.dora.identity import own_identity
from harness.errors import InputError

UUID_1 = "4f1c9a00-0000-4000-8000-000000000001"
UUID_2 = "4f1c9a00-0000-4000-8000-000000000002"
LOGGER = logging.getLogger("test")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "system-info" / "worker_identity"


def test_a_given_identity_wins_over_the_file(tmp_path):
    file = tmp_path / "worker_identity"
    file.write_text(UUID_2)
    assert own_identity(UUID_1, file, LOGGER) == WorkerId.of_uuid(UUID(UUID_1))


def test_what_the_file_keeps_is_the_identity(tmp_path):
    file = tmp_path / "worker_identity"
    file.write_text(f"# a comment\n\n{UUID_2}\n")
    assert own_identity("", file, LOGGER) == WorkerId.of_uuid(UUID(UUID_2))


def test_a_new_identity_is_kept_read_only_and_found_again(file):
    worker = own_identity("", file, LOGGER)
    assert own_identity("", file, LOGGER) == worker
    assert not stat.S_IMODE(file.stat().st_mode) & 0o222
    assert file.read_text().startswith("# Worker identity automatically generated at ")


def test_two_new_workers_are_two(tmp_path):
    assert own_identity("", tmp_path / "a", LOGGER) != own_identity("", tmp_path / "b", LOGGER)


def test_a_file_of_comments_is_left_alone_and_every_start_is_somebody_new(tmp_path, caplog):
    file = tmp_path / "worker_identity"
    file.write_text("# nothing yet\n")
    assert own_identity("", file, LOGGER) != own_identity("", file, LOGGER)
    assert file.read_text() == "# nothing yet\n"
    assert "will lose its identity after restart" in caplog.text


def test_a_folder_that_can_not_be_written_is_a_warning(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    own_identity("", tmp_path / "sub" / ("x" * 300), LOGGER)
    assert "will lose its identity after restart" in caplog.text


def test_the_first_of_several_counts_with_a_warning(tmp_path, caplog):
    file = tmp_path / "worker_identity"
    file.write_text(f"{UUID_1}\n{UUID_2}\n")
    assert own_identity("", file, LOGGER) == WorkerId.of_uuid(UUID(UUID_1))
    assert "several identities" in caplog.text


@pytest.mark.parametrize("contents", [b"me\n", f" {UUID_1}\n".encode(), f"{UUID_1}\r\n".encode(), b"\xff\n"])
def test_a_file_that_says_something_else_stops_the_start(tmp_path, contents):
    file = tmp_path / "worker_identity"
    file.write_bytes(contents)
    with pytest.raises(InputError):
        own_identity("", file, LOGGER)


def test_a_folder_in_its_place_stops_the_start(tmp_path):
    with pytest.raises(InputError, match="Failed to read worker identity from identity file"):
        own_identity("", tmp_path, LOGGER)


def test_a_given_identity_that_is_none_stops_the_start(file):
    with pytest.raises(InputError, match="no worker identity"):
        own_identity("me", file, LOGGER)
