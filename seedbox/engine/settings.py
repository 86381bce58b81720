"""How our engine is set up: what the node chooses, and what a seedbox needs of libtorrent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import libtorrent as lt

from seedbox.domain.metainfo import MAX_TORRENT_FILE_BYTES
from seedbox.engine.interfaces import interface_problem

VERSION = (0, 1, 0, 0)
USER_AGENT = "Seedbox/0.1.0"
COMMON_USER_AGENT = "curl/7.81.0"  # libtorrent's own choice in its anonymous mode, but for private torrents

MAX_ALERTS = 100_000  # queued; ten thousand torrents may all say something between two polls
# By default a sender gives a connection up after three, on a busy machine within two seconds, and the other side waits
# for what it asked for until it has heard nothing for two minutes. With many, who is gone is noticed late: libtorrent
# tells nobody that a connection is unknown, so a node that was killed is waited for until the last resend.
UTP_RESENDS = 5
MAX_DOWNLOAD_QUEUE = 1_000  # blocks asked of one peer: 16 MiB in flight

Setting = int | str | bool

BOOTSTRAP_NODES = (
    "dht.libtorrent.org:25401",
    "router.bittorrent.com:6881",
    "dht.transmissionbt.com:6881",
    "router.utorrent.com:6881",
)

# What moved the speed of seeding on two cores, found by sweeps around the grid in `manage.py bench seeding`. Larger
# buffers and other disk back-ends cost speed; two disk threads were as fast as four, but real disks want some reads at
# once. A fixed socket buffer was fast too, but it would switch off the kernel's own growing of buffers, which far peers
# need.
SPEED: Mapping[str, Setting] = {
    "send_buffer_watermark": 2 * 1024 * 1024,
    "send_buffer_low_watermark": 512 * 1024,
    "send_buffer_watermark_factor": 150,
    "send_not_sent_low_watermark": 512 * 1024,  # fewer wake-ups: the kernel holds more that is ready to go
    "aio_threads": 4,
}

DISK_IO = "default_disk_io_constructor"

ALERT_MASK = (
    lt.alert_category.error
    | lt.alert_category.status
    | lt.alert_category.storage
    | lt.alert_category.port_mapping
    | lt.alert_category.connect
    | lt.alert_category.dht_operation  # answers to what we ask ourselves, nothing else
)

# Nothing listens, nothing looks for anybody. The engine is paused besides, so that nothing connects.
SHUT: Mapping[str, Setting] = {
    "listen_interfaces": "",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
}


@dataclass(frozen=True)
class EngineSettings:
    """What the node chooses."""

    resume_folder: Path  # ours alone: resume data by key
    downloads_folder: Path  # every save path lies below it; nothing outside is ever deleted
    more_folders: tuple[Path, ...] = field(default=(), kw_only=True)  # as the one above
    has_markers: bool = field(default=False, kw_only=True)  # a folder without its marker is a disk that is away
    listen: tuple[str, ...]  # "IP:PORT", IPv6 in brackets
    isolated: bool = False  # no DHT, LSD, UPnP, NAT-PMP; several connections from one address (loopback)
    believes_local_peers: bool = field(default=False, kw_only=True)  # of this machine, though it is not isolated
    disk_io: str = DISK_IO
    overrides: Mapping[str, Setting] = field(default_factory=dict)
    interface_problem: Callable[[str], str] = interface_problem  # of what everything shall be bound to


def settings_pack(settings: EngineSettings) -> "lt.settings_pack":
    """Return libtorrent's settings for ours."""
    pack: dict[str, Setting] = {
        **identity(anonymous=False),
        **SHUT,  # until it is known how the node may reach the world
        "listen_system_port_fallback": False,  # a port that nobody chose can't be forwarded
        "alert_mask": ALERT_MASK,
        "alert_queue_size": MAX_ALERTS,
        "dht_bootstrap_nodes": ",".join(BOOTSTRAP_NODES),
        "listen_queue_size": 128,
        "connection_speed": 100,
        # A peer we lost (our restart; its old uTP socket is still open) is asked again soon, and not given up sooner
        # than others would, who try for five minutes: after n failures it rests n + 1 times as long.
        "min_reconnect_time": 10,
        "max_failcount": 8,
        "utp_connect_timeout": 1_500,  # ms; who can't speak uTP is asked by TCP after it, so twice as soon as usual
        "utp_num_resends": UTP_RESENDS,
        "max_out_request_queue": MAX_DOWNLOAD_QUEUE,
        "max_metadata_size": MAX_TORRENT_FILE_BYTES,
        # Every holder's tracker hears of us, not only the first that answers. Each is a tier of its own; libtorrent 2.1
        # has the names of these two the wrong way round, so both are set.
        "announce_to_all_tiers": True,
        "announce_to_all_trackers": True,
        "mixed_mode_algorithm": lt.bandwidth_mixed_algo_t.prefer_tcp,
        # Encrypted or plain, as the other side likes.
        "out_enc_policy": lt.enc_policy.pe_enabled,
        "in_enc_policy": lt.enc_policy.pe_enabled,
        "allowed_enc_level": lt.enc_level.pe_both,
        **SPEED,
    }
    if settings.isolated:
        pack |= {
            "allow_multiple_connections_per_ip": True,
            "ssrf_mitigation": False,  # trackers of tests are on loopback
        }
    return cast("lt.settings_pack", pack | dict(settings.overrides))


def identity(*, anonymous: bool) -> dict[str, Setting]:
    """Return what tells peers and trackers who we are; peers hear a peer ID without any name in anonymous mode."""
    return {
        "user_agent": COMMON_USER_AGENT if anonymous else USER_AGENT,
        "peer_fingerprint": "" if anonymous else lt.generate_fingerprint("sb", *VERSION),
    }


def everyone_global() -> lt.ip_filter:
    """Return the class filter that puts every address, local ones too, into the global peer class and no other."""
    return everyone_in(1 << lt.session.global_peer_class_id)


def everyone_in(classes: int) -> lt.ip_filter:
    """Return the class filter that puts every address, local ones too, into these classes, given as bits."""
    found = lt.ip_filter()
    found.add_rule("0.0.0.0", "255.255.255.255", classes)
    found.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", classes)
    return found
