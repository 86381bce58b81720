"""Network settings as libtorrent's own: by which way it may go out, and by no other."""

import libtorrent as lt

from seedbox.domain.network import NetworkSettings, ProxyKind, parse_address
from seedbox.engine.settings import EngineSettings, Setting, identity

_TYPES = {
    (ProxyKind.NONE, False): lt.proxy_type_t.none,
    (ProxyKind.NONE, True): lt.proxy_type_t.none,
    (ProxyKind.SOCKS5, False): lt.proxy_type_t.socks5,
    (ProxyKind.SOCKS5, True): lt.proxy_type_t.socks5_pw,
    (ProxyKind.HTTP, False): lt.proxy_type_t.http,
    (ProxyKind.HTTP, True): lt.proxy_type_t.http_pw,
}


def limits_of(wanted: NetworkSettings) -> dict[str, Setting]:
    return {"connections_limit": wanted.max_connections, "unchoke_slots_limit": wanted.max_upload_slots}


def way_out(settings: EngineSettings, wanted: NetworkSettings) -> dict[str, Setting]:
    """Return what makes libtorrent go the way that is wanted, whatever way it went before."""
    hides = wanted.anonymous or wanted.has_proxy
    looks_around = not settings.isolated
    return {
        **identity(anonymous=wanted.anonymous),
        "anonymous_mode": wanted.anonymous,
        "listen_interfaces": ",".join(_listen(settings, wanted)),
        # A connection to the proxy is not taken for one from an address of ours: libtorrent would drop it.
        "outgoing_interfaces": "" if wanted.has_proxy else wanted.interface or _isolated_addresses(settings),
        **_proxy(wanted),
        # An HTTP proxy carries TCP only. libtorrent drops its packets then; without DHT and uTP it need not try.
        "enable_dht": looks_around and wanted.proxy_kind is not ProxyKind.HTTP,
        "enable_outgoing_utp": wanted.proxy_kind is not ProxyKind.HTTP,
        "enable_incoming_utp": wanted.proxy_kind is not ProxyKind.HTTP,
        "enable_lsd": looks_around and not hides,
        "enable_upnp": looks_around and not hides and wanted.port_mapping,
        "enable_natpmp": looks_around and not hides and wanted.port_mapping,
    }


def _listen(settings: EngineSettings, wanted: NetworkSettings) -> list[str]:
    """Return where to listen: on the wanted interface, at the ports that the node was given."""
    if not wanted.interface:
        return list(settings.listen)
    ports = dict.fromkeys(place.rpartition(":")[2] for place in settings.listen)
    address = parse_address(wanted.interface)
    host = f"[{wanted.interface}]" if address is not None and address.version == 6 else wanted.interface
    return [f"{host}:{port}" for port in ports]


def _isolated_addresses(settings: EngineSettings) -> str:
    """On loopback every connection would come from 127.0.0.1, whichever address we listen on."""
    if not settings.isolated:
        return ""
    return ",".join(dict.fromkeys(place.rpartition(":")[0].strip("[]") for place in settings.listen))


def _proxy(wanted: NetworkSettings) -> dict[str, Setting]:
    return {
        "proxy_type": int(_TYPES[wanted.proxy_kind, bool(wanted.proxy_user)]),
        "proxy_hostname": wanted.proxy_host if wanted.has_proxy else "",
        "proxy_port": wanted.proxy_port if wanted.has_proxy else 0,
        "proxy_username": wanted.proxy_user if wanted.has_proxy else "",
        "proxy_password": wanted.proxy_password if wanted.has_proxy else "",
        "proxy_hostnames": True,
        "proxy_peer_connections": True,
        "proxy_tracker_connections": True,
    }
