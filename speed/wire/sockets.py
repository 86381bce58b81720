"""Sockets that leave this machine where the operator wants them to, and nowhere else."""

import asyncio
import socket

from seedbox.domain.lanes import host_of
from speed.domain.dialling import IpAddress, parse_endpoint
from speed.wire.port import DialFailed


def host_and_port(listen: str) -> tuple[str, int]:
    """Return what a server listens on for "IP:PORT" or "[IP]:PORT"; port 0 is one that is free."""
    return host_of(listen), int(listen.rpartition(":")[2])


def endpoint_of(address: str, port: int) -> str:
    """Return the endpoint of an address and port, IPv6 in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def canonical(endpoint: str) -> str:
    """Return the one way to write an endpoint; raises DialFailed for what is none."""
    try:
        address, port = parse_endpoint(endpoint)
    except ValueError:
        raise DialFailed(f"{endpoint} is no address with a port.") from None
    return endpoint_of(str(address), port)


async def connected(endpoint: str, *, interface: str) -> socket.socket:
    """Return a socket that is connected there, through a network device or from an address of ours if one is named.

    The endpoint is canonical. Raises DialFailed: nothing goes out another way.
    """
    address, port = parse_endpoint(endpoint)
    sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        if interface:
            bind(sock, interface, address)
        await asyncio.get_running_loop().sock_connect(sock, (str(address), port))
    except OSError as problem:
        sock.close()
        raise DialFailed(f"Nobody answers at {endpoint} ({problem.strerror or problem}).") from None
    except BaseException:
        sock.close()
        raise
    return sock


def bind(sock: socket.socket, interface: str, address: IpAddress) -> None:
    """Let a new socket reach this address through a network device or from an address of ours; raises DialFailed."""
    ours = address_in(interface)
    if ours is None:
        _bind_to_device(sock, interface)
    elif ours.version != address.version:
        raise DialFailed(f"The node is bound to {interface}, from which {address} can't be reached.")
    else:
        _bind_to_address(sock, str(ours))


def address_in(interface: str) -> IpAddress | None:
    """Return the address that an interface is named by; None if it is a network device's name."""
    try:
        return parse_endpoint(f"[{interface}]:0")[0]
    except ValueError:
        return None


def _bind_to_device(sock: socket.socket, device: str) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    except OSError as problem:
        raise DialFailed(f"The network device {device} can't be used ({problem.strerror or problem}).") from None


def _bind_to_address(sock: socket.socket, address: str) -> None:
    try:
        sock.bind((address, 0))
    except OSError as problem:
        raise DialFailed(f"The address {address} can't be used ({problem.strerror or problem}).") from None
