"""
What stands in etcd for a worker: its identity and address, byte for byte as Alluxio's Gson writes them.

The bytes matter: a worker that joins compares them with those it finds. What stands there already may come from
anybody, so reading answers with a WorkerEntity or an EntityError and with nothing else.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from harness.core.identity import WorkerId
from harness.errors import EntityError

_HTML_SAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&='\u2028\u2029"}
_INTEGER = re.compile("[+-]?[0-9]{1,10}")
_HEX = re.compile("([0-9a-fA-F]{2})*")


@dataclass(frozen=True, slots=True)
class NetAddress:
    """Where a worker is reached; an unset text is "", an unset port 0."""

    host: str = ""
    container_host: str = ""
    rpc_port: int = 0
    data_port: int = 0
    secure_rpc_port: int = 0
    netty_data_port: int = 0
    web_port: int = 0
    domain_socket_path: str = ""
    http_server_port: int = 0

    @property
    def http(self) -> str:
        """`host:port` of its HTTP server."""
        return f"{self.host}:{self.http_server_port}"


@dataclass(frozen=True, slots=True)
class WorkerEntity:
    """The record of one worker, the same under its registered and its alive key."""

    id: WorkerId
    address: NetAddress


def encode(entity: WorkerEntity) -> bytes:
    """The etcd value, in the field order and with the escapes of Alluxio; state and generation never vary."""
    record = {
        "Identity": {"version": entity.id.version, "identifier": entity.id.identifier.hex()},
        "WorkerNetAddress": _address_fields(entity.address),
        "State": "AUTHORIZED",
        "GenerationNumber": -1,
        "ServiceEntityName": str(entity.id),
    }
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_HTML_SAFE).encode(errors="replace")


def decode(value: bytes) -> WorkerEntity:
    """
    Read an etcd value. Raises EntityError for whatever is no record of a worker.

    As Alluxio does, it ignores unknown fields, the state and the name, takes a port written as text, and an absent
    field as unset. Where Alluxio lets one value break a whole view (empty, null, no address) or makes up a worker 0
    (no identity), this is an EntityError like any other.
    """
    record = _fields(_json(value), "the value")
    identity = _fields(record.get("Identity"), "Identity")
    address = _fields(record.get("WorkerNetAddress"), "WorkerNetAddress")
    return WorkerEntity(_worker_id(identity), _net_address(address))


def _address_fields(address: NetAddress) -> dict[str, str | int]:
    return {
        "Host": address.host,
        "ContainerHost": address.container_host,
        "RpcPort": address.rpc_port,
        "DataPort": address.data_port,
        "SecureRpcPort": address.secure_rpc_port,
        "NettyDataPort": address.netty_data_port,
        "WebPort": address.web_port,
        "DomainSocketPath": address.domain_socket_path,
        "HttpServerPort": address.http_server_port,
    }


def _net_address(fields: dict[str, Any]) -> NetAddress:
    return NetAddress(
        host=_text(fields, "Host"),
        container_host=_text(fields, "ContainerHost"),
        rpc_port=_port(fields, "RpcPort"),
        data_port=_port(fields, "DataPort"),
        secure_rpc_port=_port(fields, "SecureRpcPort"),
        netty_data_port=_port(fields, "NettyDataPort"),
        web_port=_port(fields, "WebPort"),
        domain_socket_path=_text(fields, "DomainSocketPath"),
        http_server_port=_port(fields, "HttpServerPort"),
    )


def _json(value: bytes) -> Any:
    try:
        text = value.decode()
        try:
            return json.loads(text, strict=False)
        except json.JSONDecodeError:
            if '"' in text:
                raise
            return json.loads(text.replace("'", '"'), strict=False)  # Gson reads single quotes too
    except (ValueError, RecursionError) as error:
        raise EntityError(f"not JSON: {error}") from error


def _fields(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EntityError(f"{what} is {_shown(value)}; it is an object with fields")
    return value


def _worker_id(identity: dict[str, Any]) -> WorkerId:
    version, identifier = identity.get("version"), identity.get("identifier")
    if type(version) is not int:
        raise EntityError(f"the identity's version is {_shown(version)}; it is a number")
    if not isinstance(identifier, str) or not _HEX.fullmatch(identifier):
        raise EntityError(f"the identity's identifier is {_shown(identifier)}; it is a text of hex digits")
    return WorkerId(version, bytes.fromhex(identifier))


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise EntityError(f"{name} is {_shown(value)}; it is a text")


def _port(fields: dict[str, Any], name: str) -> int:
    value = fields.get(name)
    if value is None:
        return 0
    is_number = type(value) is int or (isinstance(value, str) and _INTEGER.fullmatch(value))
    if is_number and -(1 << 31) <= int(value) < 1 << 31:
        return int(value)
    raise EntityError(f"{name} is {_shown(value)}; it is a whole number of 32 bits")


def _shown(value: Any) -> str:
    return repr(value)[:60]
