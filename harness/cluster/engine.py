"""
The container engine of this machine; the only module that imports the Docker SDK.

Containers get no network of the engine's and no log of its: the harness joins them to its own, and reads their output.
Each carries two labels: its run's mark, and which command started it.
"""

import contextlib
import io
import socket
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from urllib3.exceptions import HTTPError

from harness.errors import ClusterError

RUN, COMMAND, NODE = "harness.run", "harness.command", "harness.node"
_ANSWER_S = 10.0
_OUTPUT = "64k"
_HOME = "/etcd"
_IN_PATH = "usr/local/bin"


class EngineError(ClusterError):
    """The engine refused, or did not answer."""


@dataclass(frozen=True)
class Container:
    id: str
    labels: Mapping[str, str]

    def __str__(self) -> str:
        name = self.labels.get(NODE)
        return f"container {self.id[:12]}" + (f" of {name}" if name else "")


class Engine:
    """Every call ends within `answer_s`, and raises EngineError when the engine refuses or does not answer."""

    def __init__(self, url: str, answer_s: float = _ANSWER_S) -> None:
        self._url, self._answer_s = url, answer_s
        with self._told("connect"):
            with socket.socket(socket.AF_UNIX) as line:  # the SDK never closes one that could not be connected
                line.settimeout(answer_s)
                line.connect(url.removeprefix("unix://"))
            self._api = APIClient(base_url=url, timeout=answer_s)

    def close(self) -> None:
        self._api.close()

    def version(self) -> str:
        with self._told("version"):
            return str(self._api.version().get("Version", "of unknown version"))

    def image_label(self, image: str, label: str) -> str | None:
        """None when there is no such image on this machine; empty when it lacks the label."""
        with self._told(image):
            try:
                found = self._api.inspect_image(image)
            except ImageNotFound:
                return None
            return str((found["Config"].get("Labels") or {}).get(label, ""))

    def import_program(self, image: str, program: bytes, labels: Mapping[str, str]) -> None:
        """An image that holds this one program, as etcd, and nothing else."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo(f"{_IN_PATH}/etcd")
            entry.size, entry.mode = len(program), 0o755
            tar.addfile(entry, io.BytesIO(program))
        changes = [f"ENV PATH=/{_IN_PATH}", *(f'LABEL {key}="{value}"' for key, value in labels.items())]
        repository, _, tag = image.partition(":")
        with self._told(f"image {image}"):
            self._api.import_image_from_data(archive.getvalue(), repository=repository, tag=tag, changes=changes)

    def output_of(self, image: str, program: list[str], labels: Mapping[str, str]) -> str:
        """What a program of an image prints until it ends. Raises EngineError, too, if it does not."""
        with self._told(f"image {image}"):
            log = {"type": "json-file", "config": {"max-size": _OUTPUT}}
            config = self._api.create_host_config(network_mode="none", log_config=log)
            made = self._api.create_container(
                image, entrypoint=program[:1], command=program[1:], labels=dict(labels), host_config=config
            )
            try:
                self._api.start(made["Id"])
                self._until_end(made["Id"], f"image {image}: {' '.join(program)}")
                return bytes(self._api.logs(made["Id"])).decode(errors="replace")
            finally:
                self.remove(made["Id"])

    def create(
        self,
        image: str,
        program: tuple[str, ...],
        labels: Mapping[str, str],
        environment: Mapping[str, str],
        hosts: Mapping[str, str],
    ) -> str:
        """A container that is not started yet, with what it writes in a layer of its own; its id."""
        with self._told(f"image {image}"):
            config = self._api.create_host_config(
                network_mode="none", extra_hosts=dict(hosts), log_config={"type": "none"}
            )
            made = self._api.create_container(
                image,
                entrypoint=[program[0]],
                command=list(program[1:]),
                working_dir=_HOME,
                user="0:0",
                labels=dict(labels),
                environment=dict(environment),
                host_config=config,
            )
            return str(made["Id"])

    def start(self, container: str) -> int:
        """Its pid on this machine; 0 when it has ended already."""
        with self._told("start"):
            self._api.start(container)
            return int(self._api.inspect_container(container)["State"]["Pid"])

    def output(self, container: str) -> Iterator[bytes]:
        """What it writes from now on, until it ends."""
        with self._told("attach"):
            stream: Iterator[bytes] = self._api.attach(container, stdout=True, stderr=True, stream=True)
            return stream

    def signal(self, container: str, name: str) -> None:
        """TERM, KILL, or STOP and CONT by the engine's freezer; one that is gone, or in that state already, is left."""
        act = {"STOP": self._api.pause, "CONT": self._api.unpause}.get(name)
        with self._told(name):
            try:
                act(container) if act else self._api.kill(container, name)
            except APIError as error:
                if not _has_it_already(error):
                    raise

    def is_paused(self, container: str) -> bool:
        with self._told("inspect"):
            return bool(self._api.inspect_container(container)["State"]["Paused"])

    def exit_status(self, container: str) -> int:
        """Of a container that has ended; negative for a signal, which the engine tells as 128 and the signal."""
        with self._told("wait"):
            code = int(self._api.wait(container, timeout=self._answer_s)["StatusCode"])
            return 128 - code if code > 128 else code

    def containers(self, run: str | None = None) -> list[Container]:
        """Those of one run, or of all runs there are, running or not."""
        wanted = RUN if run is None else f"{RUN}={run}"
        with self._told("list"):
            rows = self._api.containers(all=True, filters={"label": wanted})
            return [Container(row["Id"], row["Labels"]) for row in rows]

    def remove(self, container: str) -> None:
        """Whether it runs or not; one that is gone, or about to be, is left alone."""
        with self._told("remove"):
            try:
                self._api.remove_container(container, force=True, v=True)
            except NotFound:
                return
            except APIError as error:
                if error.status_code != 409:
                    raise

    def _until_end(self, container: str, what: str) -> None:
        """Of an engine that falls silent meanwhile the next call will tell."""
        try:
            self._api.wait(container, timeout=self._answer_s)
        except APIError:
            raise
        except (HTTPError, OSError) as error:
            raise EngineError(f"{what} does not end within {self._answer_s:g} s") from error

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except APIError as error:
            raise EngineError(f"{what}: the engine says: {error.explanation or error}") from error
        except (DockerException, HTTPError, OSError) as error:
            raise EngineError(f"the engine at {self._url.removeprefix('unix://')} does not answer") from error


def _has_it_already(error: APIError) -> bool:
    """The engine has one status for each of these and others, so only its words tell them apart."""
    told: Any = str(error.explanation or "")
    return error.status_code == 404 or any(
        words in told for words in ("is not running", "is not paused", "is already paused")
    )
