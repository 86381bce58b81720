"""The environment, typed, in one place; nonsense is refused with a sentence that names the variable and the way out."""

import hashlib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from seedbox.domain.folders import Folder
from seedbox.domain.units import KIB

ROOT = Path(__file__).resolve().parent.parent.parent
_NODE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")
_LISTEN = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):(\d{1,5})")
LEAST_TOKEN_CHARS, MOST_TOKEN_CHARS = 24, 200
_TOKEN = re.compile(rf"[A-Za-z0-9._~+/=-]{{{LEAST_TOKEN_CHARS},{MOST_TOKEN_CHARS}}}", re.ASCII)  # as a header takes it
SOCKET_PATH_BYTES = 107  # what the kernel takes
PLAIN_FOLDER = "main"  # the name of a folder that was given without one
LEAST_BLOCK_S, MOST_BLOCK_S = 0.1, 3_600.0  # of our own devnet
LEAST_SLOW_S, LEAST_CONTROL_BLOCK_S = 10, 20  # a round of the market, and two
MOST_SOLID_LAG = 1_000
MOST_UPLOAD_KIB_PER_S = 1_000_000  # an engine counts bytes per second in 31 bits
WALLET_NETWORKS = ("off", "devnet", "nile", "mainnet")
WALLET_ASSETS = ("trc20", "trc10")


class BadEnvironment(Exception):
    """NAME=value: what is wrong, and what to write instead."""


@dataclass(frozen=True)
class Environment:
    """What the operator has set, with defaults filled in."""

    data: Path  # SEEDBOX_DATA: everything that must survive
    bind: str  # SEEDBOX_BIND: address the web server listens on
    port: int  # SEEDBOX_PORT
    public_url: str  # SEEDBOX_PUBLIC_URL: as browsers see the box, without a slash at the end
    trusted_proxies: tuple[str, ...]  # SEEDBOX_TRUSTED_PROXIES: networks whose X-Forwarded-For is believed
    admin_user: str  # SEEDBOX_ADMIN_USER: first start only
    admin_password: str  # SEEDBOX_ADMIN_PASSWORD: first start only; "" generates one
    metrics_token: str  # SEEDBOX_METRICS_TOKEN: opens /metrics from elsewhere; "": nobody's does
    secret_key: str  # SEEDBOX_SECRET_KEY: "" generates one, kept in the data folder
    database_url: str  # DATABASE_URL: "" is SQLite in the data folder
    redis_url: str  # REDIS_URL: "" starts our own on a Unix socket in the data folder
    node_name: str  # NODE_NAME
    node_listen: tuple[str, ...]  # NODE_LISTEN: IP:PORT of the engine
    node_speed_listen: tuple[str, ...]  # NODE_SPEED_LISTEN: IP:PORT where the node's market listens while it is used
    node_folders: tuple[Folder, ...]  # NODE_FOLDERS: where this node keeps torrents
    node_upload_limit_bytes_per_s: int  # NODE_UPLOAD_LIMIT, there in KiB/s: of all that the engine sends; 0: none
    node_umask: int  # NODE_UMASK: of files and folders the node makes
    speed_slow_s: int  # SPEED_SLOW_SECONDS: for how long a torrent is too slow before it is bid for by itself
    speed_block_s: int  # SPEED_BLOCK_SECONDS: how long a block is, of which one in eight is unpaid
    wallet_network: str  # WALLET_NETWORK
    wallet_asset: str  # WALLET_ASSET: what this install's market is paid in
    wallet_chain_endpoints: tuple[str, ...]  # WALLET_CHAIN_ENDPOINTS; none is our own devnet
    wallet_devnet_port: int  # WALLET_DEVNET_PORT: of our own devnet, on this machine only
    wallet_devnet_block_s: float  # WALLET_DEVNET_BLOCK_SECONDS: from one of its blocks to the next
    wallet_devnet_solid_lag: int  # WALLET_DEVNET_SOLID_LAG: how many blocks its solid block is behind its newest
    wallet_signer_socket: str  # WALLET_SIGNER_SOCKET: where the signer listens; "" is in the data folder
    wallet_signer_key_file: Path  # WALLET_SIGNER_KEY_FILE: opens the signer's keys, where no passphrase does
    wallet_signer_peers: tuple[int, ...]  # WALLET_SIGNER_PEERS: users that may ask the signer besides its own

    @property
    def public_origin(self) -> str:
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def page_origins(self) -> tuple[str, ...]:
        """Where our own pages come from: of "localhost" browsers know two more names."""
        parts = urlsplit(self.public_url)
        if parts.hostname != "localhost":
            return (self.public_origin,)
        return tuple(self.public_origin.replace("localhost", name, 1) for name in ("localhost", "127.0.0.1", "[::1]"))

    @property
    def public_path(self) -> str:
        return urlsplit(self.public_url).path

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def cookie_prefix(self) -> str:
        """What makes browsers refuse a cookie of ours that another host, or plain HTTP, tries to set."""
        if not self.is_https:
            return ""
        return "__Secure-" if self.public_path else "__Host-"

    @property
    def redis_socket(self) -> Path:
        """Where our own redis listens."""
        return self._socket("redis.sock")

    @property
    def signer_socket(self) -> Path:
        """Where the signer listens."""
        return Path(self.wallet_signer_socket) if self.wallet_signer_socket else self._socket("signer.sock")

    @property
    def socket_folders(self) -> set[Path]:
        """Where sockets of ours are, unless the operator has chosen the place and who may come there."""
        return {self.redis_socket.parent, *(() if self.wallet_signer_socket else (self.signer_socket.parent,))}

    def _socket(self, name: str) -> Path:
        """Return a path in the data folder, or in a short folder when that path is too long for a socket."""
        path = self.data / name
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
            return path
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path("/tmp") / f"seedbox-{os.getuid()}-{digest}" / name

    @property
    def effective_redis_url(self) -> str:
        return self.redis_url or f"unix://{self.redis_socket}"

    @property
    def makes_devnet(self) -> bool:
        """Whether the chain is a devnet of our own."""
        return self.wallet_network == "devnet" and not self.wallet_chain_endpoints

    @property
    def effective_chain_endpoints(self) -> tuple[str, ...]:
        """Where the chain is asked; what it says must be said by two, and a devnet that is ours counts as two."""
        endpoints = self.wallet_chain_endpoints or (f"http://127.0.0.1:{self.wallet_devnet_port}",)
        return endpoints * 2 if self.wallet_network == "devnet" and len(endpoints) == 1 else endpoints


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """Read and check the environment; raises BadEnvironment."""
    data = Path(environ.get("SEEDBOX_DATA") or ROOT / "var").absolute()
    port = _port(environ, "SEEDBOX_PORT", 8000)
    return Environment(
        data=data,
        bind=_bind(environ),
        port=port,
        public_url=_public_url(environ, port),
        trusted_proxies=_trusted_proxies(environ),
        admin_user=environ.get("SEEDBOX_ADMIN_USER") or "admin",
        admin_password=environ.get("SEEDBOX_ADMIN_PASSWORD") or "",
        metrics_token=_metrics_token(environ),
        secret_key=environ.get("SEEDBOX_SECRET_KEY") or "",
        database_url=_database_url(environ),
        redis_url=_redis_url(environ),
        node_name=_node_name(environ),
        node_listen=_listen(environ, "NODE_LISTEN", 6881),
        node_speed_listen=_listen(environ, "NODE_SPEED_LISTEN", 6890),
        node_folders=_folders(environ, data),
        node_upload_limit_bytes_per_s=_upload_limit(environ),
        node_umask=_umask(environ),
        speed_slow_s=_seconds(environ, "SPEED_SLOW_SECONDS", 60, least=LEAST_SLOW_S),
        speed_block_s=_seconds(environ, "SPEED_BLOCK_SECONDS", 60, least=LEAST_CONTROL_BLOCK_S),
        wallet_network=_one_of(environ, "WALLET_NETWORK", WALLET_NETWORKS, "devnet"),
        wallet_asset=_one_of(environ, "WALLET_ASSET", WALLET_ASSETS, "trc20"),
        wallet_chain_endpoints=_chain_endpoints(environ),
        wallet_devnet_port=_port(environ, "WALLET_DEVNET_PORT", 9090),
        wallet_devnet_block_s=_block_s(environ),
        wallet_devnet_solid_lag=_solid_lag(environ),
        wallet_signer_socket=_signer_socket(environ),
        wallet_signer_key_file=_absolute(environ, "WALLET_SIGNER_KEY_FILE", data / "signer.key"),
        wallet_signer_peers=_signer_peers(environ),
    )


def _bind(environ: Mapping[str, str]) -> str:
    text = environ.get("SEEDBOX_BIND") or "127.0.0.1"
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise BadEnvironment(f"SEEDBOX_BIND={text}: write an IP address, like 127.0.0.1 or 0.0.0.0") from None


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise BadEnvironment(f"{name}={text}: write a port between 1 and 65535")
    return int(text)


def _public_url(environ: Mapping[str, str], port: int) -> str:
    text = (environ.get("SEEDBOX_PUBLIC_URL") or f"http://localhost:{port}").rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadEnvironment(f"SEEDBOX_PUBLIC_URL={text}: write the address browsers use, like https://box.example.org")
    return text


def _trusted_proxies(environ: Mapping[str, str]) -> tuple[str, ...]:
    text = environ.get("SEEDBOX_TRUSTED_PROXIES") or ""
    proxies = tuple(text.replace(",", " ").split())
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            raise BadEnvironment(
                f"SEEDBOX_TRUSTED_PROXIES={text}: write addresses or networks, like 127.0.0.1, 10.0.0.0/8"
            ) from None
    return proxies


def _metrics_token(environ: Mapping[str, str]) -> str:
    """Read the token. A refusal does not repeat it."""
    text = environ.get("SEEDBOX_METRICS_TOKEN") or ""
    if text and not _TOKEN.fullmatch(text):
        raise BadEnvironment(
            f"SEEDBOX_METRICS_TOKEN: write {LEAST_TOKEN_CHARS} to {MOST_TOKEN_CHARS} letters, digits, "
            "hyphens and the like without spaces, as openssl rand -hex 32 makes them, or nothing"
        )
    return text


def _database_url(environ: Mapping[str, str]) -> str:
    text = environ.get("DATABASE_URL") or ""
    if text and urlsplit(text).scheme not in ("postgres", "postgresql"):
        raise BadEnvironment(
            "DATABASE_URL: write postgresql://USER:PASSWORD@HOST:PORT/NAME, or leave it empty for SQLite"
        )
    return text


def _redis_url(environ: Mapping[str, str]) -> str:
    text = environ.get("REDIS_URL") or ""
    if text and urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise BadEnvironment("REDIS_URL: write redis://HOST:PORT/0 or unix://PATH, or leave it empty to start our own")
    return text


def _node_name(environ: Mapping[str, str]) -> str:
    text = environ.get("NODE_NAME") or "local"
    if not _NODE_NAME.fullmatch(text):
        raise BadEnvironment(f"NODE_NAME={text}: use up to 39 small letters, digits and hyphens")
    return text


def _listen(environ: Mapping[str, str], name: str, port: int) -> tuple[str, ...]:
    text = environ.get(name) or f"0.0.0.0:{port},[::]:{port}"
    addresses = tuple(part.strip() for part in text.split(",") if part.strip())
    for address in addresses:
        match = _LISTEN.fullmatch(address)
        if not match or int(match[2]) > 65_535:
            raise BadEnvironment(f"{name}={text}: write IP:PORT, several with commas, IPv6 in brackets")
    return addresses


def _folders(environ: Mapping[str, str], data: Path) -> tuple[Folder, ...]:
    text = environ.get("NODE_FOLDERS") or str(data / "downloads")
    refusal = BadEnvironment(f"NODE_FOLDERS={text}: write one absolute path, or several as name=/path with commas")
    folders = []
    for part in text.split(","):
        name, equals, path = part.strip().rpartition("=")
        if not Path(path).is_absolute() or (equals and not _NODE_NAME.fullmatch(name)) or ("," in text and not equals):
            raise refusal
        folders.append(Folder(name or PLAIN_FOLDER, Path(os.path.normpath(path))))
    if len({folder.name for folder in folders}) < len(folders):
        raise BadEnvironment(f"NODE_FOLDERS={text}: give each folder a name of its own")
    if any(one.path.is_relative_to(other.path) for one in folders for other in folders if one is not other):
        raise BadEnvironment(f"NODE_FOLDERS={text}: no folder may lie in another")
    return tuple(folders)


def _upload_limit(environ: Mapping[str, str]) -> int:
    text = environ.get("NODE_UPLOAD_LIMIT") or "0"
    if not re.fullmatch(r"[0-9]{1,7}", text) or int(text) > MOST_UPLOAD_KIB_PER_S:
        raise BadEnvironment(
            f"NODE_UPLOAD_LIMIT={text}: write whole KiB/s, at most {MOST_UPLOAD_KIB_PER_S}, or nothing"
        )
    return int(text) * KIB


def _umask(environ: Mapping[str, str]) -> int:
    text = environ.get("NODE_UMASK") or "0022"
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise BadEnvironment(f"NODE_UMASK={text}: write three or four octal digits, like 0022")
    return int(text, 8)


def _chain_endpoints(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read the addresses of chain endpoints. Refusals don't repeat them: providers put keys into addresses."""
    endpoints = tuple((environ.get("WALLET_CHAIN_ENDPOINTS") or "").replace(",", " ").split())
    for number, endpoint in enumerate(endpoints, 1):
        if not _is_endpoint(endpoint):
            raise BadEnvironment(
                f"WALLET_CHAIN_ENDPOINTS: number {number} is no address of a chain endpoint, like https://tron.example.org"
            )
    if len({_server(endpoint) for endpoint in endpoints}) < len(endpoints):
        raise BadEnvironment("WALLET_CHAIN_ENDPOINTS: write different servers, or they can't check each other")
    network = environ.get("WALLET_NETWORK")
    if network in ("nile", "mainnet") and len(endpoints) < 2:
        raise BadEnvironment(
            f"WALLET_CHAIN_ENDPOINTS: WALLET_NETWORK={network} needs two chain endpoints or more that check each "
            "other; write their addresses with commas between them"
        )
    return endpoints


def _is_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 # it is read here, and raises for what is no port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment


def _server(endpoint: str) -> tuple[str, int | None]:
    """Return which server an address means, however it is written; the ports of HTTP and HTTPS are one server's."""
    parts = urlsplit(endpoint)
    return (parts.hostname or "").rstrip("."), None if parts.port in (80, 443) else parts.port


def _block_s(environ: Mapping[str, str]) -> float:
    text = environ.get("WALLET_DEVNET_BLOCK_SECONDS") or "3"
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text) or not LEAST_BLOCK_S <= float(text) <= MOST_BLOCK_S:
        raise BadEnvironment(
            f"WALLET_DEVNET_BLOCK_SECONDS={text}: write seconds between {LEAST_BLOCK_S:g} and {MOST_BLOCK_S:g}"
        )
    return float(text)


def _seconds(environ: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environ.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,4}", text) or not least <= int(text) <= MOST_BLOCK_S:
        raise BadEnvironment(f"{name}={text}: write whole seconds between {least} and {MOST_BLOCK_S:g}")
    return int(text)


def _solid_lag(environ: Mapping[str, str]) -> int:
    text = environ.get("WALLET_DEVNET_SOLID_LAG") or "19"
    if not re.fullmatch(r"\d{1,4}", text) or not 1 <= int(text) <= MOST_SOLID_LAG:
        raise BadEnvironment(f"WALLET_DEVNET_SOLID_LAG={text}: write a number of blocks between 1 and {MOST_SOLID_LAG}")
    return int(text)


def _one_of(environ: Mapping[str, str], name: str, values: tuple[str, ...], default: str) -> str:
    text = environ.get(name) or default
    if text not in values:
        raise BadEnvironment(f"{name}={text}: write one of {', '.join(values)}")
    return text


def _absolute(environ: Mapping[str, str], name: str, default: Path) -> Path:
    path = Path(environ.get(name) or default)
    if not path.is_absolute():
        raise BadEnvironment(f"{name}={path}: write an absolute path")
    return path


def _signer_socket(environ: Mapping[str, str]) -> str:
    text = environ.get("WALLET_SIGNER_SOCKET") or ""
    if text and (not Path(text).is_absolute() or len(os.fsencode(text)) > SOCKET_PATH_BYTES):
        raise BadEnvironment(
            f"WALLET_SIGNER_SOCKET={text}: write an absolute path of up to {SOCKET_PATH_BYTES} bytes, or nothing"
        )
    return text


def _signer_peers(environ: Mapping[str, str]) -> tuple[int, ...]:
    text = environ.get("WALLET_SIGNER_PEERS") or ""
    found = text.replace(",", " ").split()
    if not all(part.isdecimal() and int(part) < 2**32 for part in found):
        raise BadEnvironment(f"WALLET_SIGNER_PEERS={text}: write numbers of users, like 10001, 10002")
    return tuple(int(part) for part in found)
