"""Ports that must be free before anything starts; a busy one is named together with the variable that moves it."""

import errno
import ipaddress
import socket
from collections.abc import Collection

from seedbox.config.env import BadEnvironment, Environment


def check_free(environment: Environment, processes: Collection[str]) -> None:
    """Raise BadEnvironment for the first port that one of the processes could not listen on."""
    if "web" in processes:
        _check("SEEDBOX_PORT", environment.bind, environment.port, (socket.SOCK_STREAM,))
    if "devnet" in processes:
        _check("WALLET_DEVNET_PORT", "127.0.0.1", environment.wallet_devnet_port, (socket.SOCK_STREAM,))
    for listen in environment.node_listen if "node" in processes else ():
        host, _, port = listen.rpartition(":")
        _check("NODE_LISTEN", host.strip("[]"), int(port), (socket.SOCK_STREAM, socket.SOCK_DGRAM))


def _check(variable: str, host: str, port: int, kinds: tuple[socket.SocketKind, ...]) -> None:
    for kind in kinds:
        try:
            _bind(host, port, kind)
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise BadEnvironment(
                    f"{variable}: port {port} on {host} is busy; stop what listens there, or set {variable} to another"
                ) from None
            if _is_missing_ipv6(host, problem):
                continue  # the engine goes on with IPv4
            raise BadEnvironment(f"{variable}: can't listen on {host} port {port} ({problem.strerror})") from None


def _bind(host: str, port: int, kind: socket.SocketKind) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that are ending don't count
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind((host, port))


def _is_missing_ipv6(host: str, problem: OSError) -> bool:
    missing = problem.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return missing and ":" in host and ipaddress.ip_address(host).is_unspecified
