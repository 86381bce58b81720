"""How a node reaches the world: what an admin may choose, within bounds that keep the engine working."""

import enum
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from seedbox.domain.kept import KeptError, together, told
from seedbox.domain.kept import kept as _
from seedbox.domain.language import gettext_noop
from seedbox.domain.units import format_count

MIN_CONNECTIONS, MAX_CONNECTIONS = 10, 20_000
MIN_UPLOAD_SLOTS, MAX_UPLOAD_SLOTS = 1, 1_000
MIN_PORT, MAX_PORT = 1, 65_535
MAX_HOST_CHARS = 253
MAX_CREDENTIAL_BYTES = 255  # what SOCKS5 has room for
MAX_PATH_CHARS = 4_000
DEFAULT_PROXY_PORT = 1_080

_DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}")  # the kernel takes 15 characters
_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


class ProxyKind(enum.StrEnum):
    NONE = "none"
    SOCKS5 = "socks5"
    HTTP = "http"


@dataclass(frozen=True)
class NetworkSettings:
    """How one node shall reach the world."""

    interface: str = ""  # network device or IP address; "" any
    proxy_kind: ProxyKind = ProxyKind.NONE
    proxy_host: str = ""  # name or IP address, IPv6 without brackets
    proxy_port: int = DEFAULT_PROXY_PORT
    proxy_user: str = ""  # "" signs in nowhere
    proxy_password: str = field(default="", repr=False)
    anonymous: bool = False
    port_mapping: bool = True  # UPnP and NAT-PMP
    blocklist_path: str = ""  # on the node's machine; "" none
    max_connections: int = 2_000
    max_upload_slots: int = 200

    @property
    def has_proxy(self) -> bool:
        return self.proxy_kind is not ProxyKind.NONE


class BadNetwork(KeptError, ValueError):
    """Some settings can't be taken; `problems` says why, a sentence for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(together(problems.values()))
        self.problems = problems


# One sentence each, for the form and the command line.
HELP: Mapping[str, str] = MappingProxyType(
    {
        "interface": gettext_noop(
            "Network device (wg0) or IP address that all torrent traffic is bound to; while it is missing, "
            "nothing connects."
        ),
        "proxy_kind": gettext_noop(
            "Torrent traffic goes through the proxy or nowhere, and peers can hardly reach this node; an "
            "HTTP proxy also rules out DHT, uTP and UDP trackers."
        ),
        "proxy_host": gettext_noop("Name or IP address of the proxy as the node's machine sees it."),
        "proxy_port": gettext_noop("%(least)s to %(most)s; SOCKS5 proxies mostly use 1080, HTTP proxies 3128 or 8080."),
        "proxy_user": gettext_noop("Leave it empty when the proxy asks for no name."),
        "proxy_password": gettext_noop("Kept sealed in the database and never shown again."),
        "anonymous": gettext_noop(
            "Tells peers and trackers no client name or version, and looks for nobody in the local network; "
            "some private trackers refuse such clients."
        ),
        "port_mapping": gettext_noop(
            "Asks the router by UPnP and NAT-PMP to let peers in; rests while there is a proxy or anonymous mode."
        ),
        "blocklist_path": gettext_noop(
            "File on the node's machine with addresses to refuse (P2P text, eMule DAT or CIDR lines, "
            "also gzipped); read again when it changes."
        ),
        "max_connections": gettext_noop("Peers connected at the same time, %(least)s to %(most)s."),
        "max_upload_slots": gettext_noop("Peers that are sent data at the same time, %(least)s to %(most)s."),
    }
)


# What a line of the audit log calls each.
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "interface": gettext_noop("interface"),
        "proxy_kind": gettext_noop("proxy kind"),
        "proxy_host": gettext_noop("proxy host"),
        "proxy_port": gettext_noop("proxy port"),
        "proxy_user": gettext_noop("proxy user"),
        "proxy_password": gettext_noop("proxy password"),
        "anonymous": gettext_noop("anonymous"),
        "port_mapping": gettext_noop("port mapping"),
        "blocklist_path": gettext_noop("blocklist path"),
        "max_connections": gettext_noop("max connections"),
        "max_upload_slots": gettext_noop("max upload slots"),
    }
)
_RANGES = {
    "proxy_port": (MIN_PORT, MAX_PORT),
    "max_connections": (MIN_CONNECTIONS, MAX_CONNECTIONS),
    "max_upload_slots": (MIN_UPLOAD_SLOTS, MAX_UPLOAD_SLOTS),
}


def explain(name: str) -> str:
    """Return the sentence about a setting in the reader's language, with the numbers between which it may be."""
    least, most = _RANGES.get(name, (0, 0))
    return told(_(HELP[name], {"least": format_count(least), "most": format_count(most)}))


def check(settings: NetworkSettings) -> NetworkSettings:
    """Return the settings; raises BadNetwork when the engine could not carry them out."""
    if problems := find_problems(settings):
        raise BadNetwork(problems)
    return settings


def find_problems(settings: NetworkSettings) -> dict[str, str]:
    """Return a sentence for each field that can't be taken as it is."""
    found = {
        "interface": _interface_problem(settings),
        "proxy_host": _host_problem(settings),
        "proxy_port": _bounds_problem(settings.proxy_port, MIN_PORT, MAX_PORT),
        "proxy_user": _user_problem(settings),
        "proxy_password": _credential_problem(settings.proxy_password),
        "blocklist_path": _path_problem(settings.blocklist_path),
        "max_connections": _bounds_problem(settings.max_connections, MIN_CONNECTIONS, MAX_CONNECTIONS),
        "max_upload_slots": _bounds_problem(settings.max_upload_slots, MIN_UPLOAD_SLOTS, MAX_UPLOAD_SLOTS),
    }
    return {name: problem for name, problem in found.items() if problem}


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an IP address; None when it is none. Zones of link-local addresses are not taken."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def parse_proxy(text: str) -> tuple[ProxyKind, str, int, str]:
    """Read KIND://[USER@]HOST:PORT or "none" into kind, host, port and user; raises BadNetwork."""
    if text == ProxyKind.NONE:
        return ProxyKind.NONE, "", DEFAULT_PROXY_PORT, ""
    refusal = BadNetwork({"proxy_host": _("Write the proxy as socks5://USER@HOST:PORT or http://HOST:PORT, or none.")})
    try:
        parts = urlsplit(text)
        kind, port = ProxyKind(parts.scheme), parts.port
    except ValueError:
        raise refusal from None
    if parts.password is not None:
        raise BadNetwork({"proxy_password": _("Give the password in a file, for others can read a command line.")})
    if kind is ProxyKind.NONE or not parts.hostname or port is None or parts.path.strip("/") or parts.query:
        raise refusal
    return kind, parts.hostname, port, unquote(parts.username or "")


def _interface_problem(settings: NetworkSettings) -> str:
    text = settings.interface
    if not text:
        return ""
    if settings.has_proxy:
        return _(
            "Choose an interface or a proxy, not both: the engine can't bind all its connections to a proxy to one "
            "interface."
        )
    address = parse_address(text)
    if address is not None:
        usable = not (address.is_unspecified or address.is_multicast)
        return "" if usable else _("This address means no interface of this machine: leave the field empty for any.")
    if not _DEVICE.fullmatch(text) or _looks_like_address(text):
        return _("Write the name of a network device, like wg0, or one IP address, like 10.8.0.2 or fd00::2.")
    return ""


def _looks_like_address(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9.]+", text))


def _host_problem(settings: NetworkSettings) -> str:
    host = settings.proxy_host
    if not host:
        return _("Say where the proxy is.") if settings.has_proxy else ""
    address = parse_address(host)
    if address is not None:
        usable = not (address.is_unspecified or address.is_multicast)
        return "" if usable else _("No proxy can have this address: write the one that it listens on.")
    labels = host.removesuffix(".").split(".")
    if (
        len(host) > MAX_HOST_CHARS
        or _looks_like_address(host)
        or not all(_HOST_LABEL.fullmatch(label) for label in labels)
    ):
        return _("Write a host name, like proxy.example.org, or an IP address, without port or scheme.")
    return ""


def _user_problem(settings: NetworkSettings) -> str:
    if settings.proxy_password and not settings.proxy_user:
        return _("A password needs a user name: add it, or clear the password.")
    if ":" in settings.proxy_user and settings.proxy_kind is ProxyKind.HTTP:
        return _("HTTP proxies take no colon in a user name.")
    return _credential_problem(settings.proxy_user)


def _credential_problem(text: str) -> str:
    if len(text.encode(errors="replace")) > MAX_CREDENTIAL_BYTES:
        return _(
            "Use at most %(max_credential_bytes)s bytes: proxies take no more.",
            {"max_credential_bytes": MAX_CREDENTIAL_BYTES},
        )
    if not text.isprintable():
        return _("Use letters, digits and signs that can be printed.")
    return ""


def _path_problem(text: str) -> str:
    if not text:
        return ""
    if not PurePosixPath(text).is_absolute() or len(text) > MAX_PATH_CHARS or not text.isprintable():
        return _("Write the absolute path of a file on the node's machine, like /etc/seedbox/blocklist.p2p.gz.")
    return ""


def _bounds_problem(number: int, least: int, most: int) -> str:
    return (
        ""
        if least <= number <= most
        else _(
            "Choose a number from %(least)s to %(most)s.", {"least": format_count(least), "most": format_count(most)}
        )
    )
