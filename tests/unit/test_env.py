from pathlib import Path

import pytest

from seedbox.config import env
from seedbox.config.children import children
from seedbox.config.env import BadEnvironment
from seedbox.domain.folders import Folder

REFUSED = [
    ("SEEDBOX_PORT", "eighty", "write a port between 1 and 65535"),
    ("SEEDBOX_PORT", "0", "write a port between 1 and 65535"),
    ("SEEDBOX_PORT", "65536", "write a port between 1 and 65535"),
    ("SEEDBOX_PORT", "-1", "write a port between 1 and 65535"),
    ("SEEDBOX_BIND", "localhost", "write an IP address, like 127.0.0.1 or 0.0.0.0"),
    ("SEEDBOX_PUBLIC_URL", "box.example.org", "write the address browsers use, like https://box.example.org"),
    ("SEEDBOX_PUBLIC_URL", "ftp://box.example.org", "write the address browsers use"),
    ("SEEDBOX_PUBLIC_URL", "https://", "write the address browsers use"),
    ("SEEDBOX_PUBLIC_URL", "https://box.example.org/?a=b", "write the address browsers use"),
    ("SEEDBOX_PUBLIC_URL", "https://box.example.org/#top", "write the address browsers use"),
    ("SEEDBOX_TRUSTED_PROXIES", "caddy", "write addresses or networks, like 127.0.0.1, 10.0.0.0/8"),
    ("SEEDBOX_METRICS_TOKEN", "t" * 23, "write 24 to 200 letters"),
    ("SEEDBOX_METRICS_TOKEN", "t" * 201, "write 24 to 200 letters"),
    ("SEEDBOX_METRICS_TOKEN", "a token with spaces and é in it", "without spaces"),
    ("DATABASE_URL", "mysql://u:secret@host/name", "write postgresql://USER:PASSWORD@HOST:PORT/NAME"),
    ("DATABASE_URL", "sqlite:///box.sqlite3", "or leave it empty for SQLite"),
    ("REDIS_URL", "localhost:6379", "write redis://HOST:PORT/0 or unix://PATH"),
    ("REDIS_URL", "http://:secret@host", "or leave it empty to start our own"),
    ("NODE_NAME", "My Node", "use up to 39 small letters, digits and hyphens"),
    ("NODE_NAME", "-a", "use up to 39 small letters"),
    ("NODE_NAME", "a" * 40, "use up to 39 small letters"),
    ("NODE_LISTEN", "6881", "write IP:PORT, several with commas, IPv6 in brackets"),
    ("NODE_LISTEN", "0.0.0.0:70000", "write IP:PORT"),
    ("NODE_LISTEN", "::1:6881", "write IP:PORT"),
    ("NODE_LISTEN", "0.0.0.0:6881,nonsense", "write IP:PORT"),
    ("NODE_SPEED_LISTEN", "6890", "write IP:PORT, several with commas, IPv6 in brackets"),
    ("NODE_FOLDERS", "downloads", "write one absolute path"),
    ("NODE_FOLDERS", "/one,/two", "or several as name=/path"),
    ("NODE_FOLDERS", "a=/one,b=two", "or several as name=/path"),
    ("NODE_FOLDERS", "A B=/one", "or several as name=/path"),
    ("NODE_FOLDERS", "a=/one,a=/two", "give each folder a name of its own"),
    ("NODE_FOLDERS", "a=/one,b=/one/two", "no folder may lie in another"),
    ("NODE_UPLOAD_LIMIT", "1 MiB", "write whole KiB/s"),
    ("NODE_UPLOAD_LIMIT", "1000001", "at most 1000000"),
    ("NODE_UMASK", "22", "write three or four octal digits, like 0022"),
    ("NODE_UMASK", "0028", "write three or four octal digits"),
    ("NODE_UMASK", "1777", "write three or four octal digits"),
    ("SPEED_SLOW_SECONDS", "9", "write whole seconds between 10 and 3600"),
    ("SPEED_SLOW_SECONDS", "60.5", "write whole seconds between 10 and 3600"),
    ("SPEED_BLOCK_SECONDS", "19", "write whole seconds between 20 and 3600"),
    ("SPEED_BLOCK_SECONDS", "3601", "write whole seconds between 20 and 3600"),
    ("WALLET_NETWORK", "shasta", "write one of off, devnet, nile, mainnet"),
    ("WALLET_NETWORK", "OFF", "write one of off, devnet, nile, mainnet"),
    ("WALLET_ASSET", "btt", "write one of trc20, trc10"),
    ("WALLET_CHAIN_ENDPOINTS", "tron.example.org", "number 1 is no address of a chain endpoint"),
    ("WALLET_CHAIN_ENDPOINTS", "https://one.example, ftp://two.example", "number 2 is no address of a chain endpoint"),
    ("WALLET_CHAIN_ENDPOINTS", "https://one.example https://", "number 2 is no address of a chain endpoint"),
    ("WALLET_CHAIN_ENDPOINTS", "https://one.example:port", "number 1 is no address of a chain endpoint"),
    ("WALLET_CHAIN_ENDPOINTS", "https://one.example/?key=secret", "number 1 is no address of a chain endpoint"),
    ("WALLET_CHAIN_ENDPOINTS", "https://one.example/a,https://me@one.example/b", "write different servers"),
    ("WALLET_CHAIN_ENDPOINTS", "https://one.example,https://One.example:443", "write different servers"),
    ("WALLET_CHAIN_ENDPOINTS", "https://one.example,http://one.example.:80", "write different servers"),
    ("WALLET_DEVNET_PORT", "0", "write a port between 1 and 65535"),
    ("WALLET_DEVNET_BLOCK_SECONDS", "0", "write seconds between 0.1 and 3600"),
    ("WALLET_DEVNET_BLOCK_SECONDS", "3600.5", "write seconds between 0.1 and 3600"),
    ("WALLET_DEVNET_BLOCK_SECONDS", "1e3", "write seconds between 0.1 and 3600"),
    ("WALLET_DEVNET_BLOCK_SECONDS", "nan", "write seconds between 0.1 and 3600"),
    ("WALLET_DEVNET_SOLID_LAG", "0", "write a number of blocks between 1 and 1000"),
    ("WALLET_DEVNET_SOLID_LAG", "1001", "write a number of blocks between 1 and 1000"),
    ("WALLET_SIGNER_SOCKET", "signer.sock", "write an absolute path"),
    ("WALLET_SIGNER_SOCKET", "/" + "s" * 107, "write an absolute path of up to 107 bytes"),
    ("WALLET_SIGNER_KEY_FILE", "signer.key", "write an absolute path"),
    ("WALLET_SIGNER_PEERS", "box", "write numbers of users, like 10001"),
    ("WALLET_SIGNER_PEERS", "4294967296", "write numbers of users"),
]


class TestTheEnvironment:
    def test_has_a_default_for_everything(self) -> None:
        environment = env.read({})
        assert environment.data == env.ROOT / "var"
        assert (environment.bind, environment.port) == ("127.0.0.1", 8000)
        assert environment.public_url == "http://localhost:8000"
        assert environment.trusted_proxies == ()
        assert (environment.admin_user, environment.admin_password) == ("admin", "")
        assert (environment.database_url, environment.redis_url, environment.secret_key) == ("", "", "")
        assert (environment.node_name, environment.node_umask) == ("local", 0o022)
        assert environment.node_upload_limit_bytes_per_s == 0
        assert environment.node_listen == ("0.0.0.0:6881", "[::]:6881")
        assert environment.node_speed_listen == ("0.0.0.0:6890", "[::]:6890")
        assert environment.node_folders == (Folder("main", env.ROOT / "var" / "downloads"),)
        assert (environment.speed_slow_s, environment.speed_block_s) == (60, 60)
        assert environment.wallet_network == "devnet"
        assert (environment.wallet_chain_endpoints, environment.wallet_devnet_port) == ((), 9090)
        assert (environment.wallet_devnet_block_s, environment.wallet_devnet_solid_lag) == (3.0, 19)
        assert environment.signer_socket == env.ROOT / "var" / "signer.sock"
        assert environment.wallet_signer_key_file == env.ROOT / "var" / "signer.key"
        assert environment.wallet_signer_peers == ()

    def test_takes_an_empty_value_for_a_missing_one(self) -> None:
        assert env.read({"SEEDBOX_PORT": "", "WALLET_NETWORK": "", "NODE_LISTEN": ""}) == env.read({})

    @pytest.mark.parametrize(("name", "value", "way_out"), REFUSED)
    def test_refuses_nonsense_and_names_the_way_out(self, name: str, value: str, way_out: str) -> None:
        with pytest.raises(BadEnvironment) as refusal:
            env.read({name: value})
        assert str(refusal.value).startswith(name)
        assert way_out in str(refusal.value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("DATABASE_URL", "mysql://u:secret@host/name"),
            ("REDIS_URL", "http://:secret@host"),
            ("SEEDBOX_METRICS_TOKEN", "a secret"),
            ("WALLET_CHAIN_ENDPOINTS", "https://one.example/?key=secret"),
            ("WALLET_CHAIN_ENDPOINTS", "https://one.example/secret,https://one.example/other"),
        ],
    )
    def test_tells_no_secret_in_a_refusal(self, name: str, value: str) -> None:
        with pytest.raises(BadEnvironment) as refusal:
            env.read({name: value})
        assert "secret" not in str(refusal.value)

    def test_reads_a_whole_install(self) -> None:
        environment = env.read(
            {
                "SEEDBOX_DATA": "/srv/box",
                "SEEDBOX_BIND": "::",
                "SEEDBOX_PORT": "9000",
                "SEEDBOX_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2",
                "DATABASE_URL": "postgresql://box:secret@db/box",
                "REDIS_URL": "rediss://cache:6380/1",
                "NODE_NAME": "attic-2",
                "NODE_LISTEN": "10.0.0.5:50000, [2001:db8::5]:50000",
                "NODE_SPEED_LISTEN": "10.0.0.5:50001",
                "NODE_FOLDERS": "disk=/srv/torrents, big=/mnt/big/",
                "NODE_UPLOAD_LIMIT": "1024",
                "NODE_UMASK": "027",
                "WALLET_NETWORK": "off",
                "WALLET_SIGNER_SOCKET": "/run/signer/socket",
                "WALLET_SIGNER_PEERS": "10001, 10002",
            }
        )
        assert environment.data == Path("/srv/box")
        assert (environment.bind, environment.port) == ("::", 9000)
        assert environment.public_url == "http://localhost:9000"
        assert environment.trusted_proxies == ("10.0.0.1", "10.0.0.2")
        assert environment.node_listen == ("10.0.0.5:50000", "[2001:db8::5]:50000")
        assert environment.node_speed_listen == ("10.0.0.5:50001",)
        assert environment.node_folders == (Folder("disk", Path("/srv/torrents")), Folder("big", Path("/mnt/big")))
        assert environment.node_upload_limit_bytes_per_s == 1_048_576
        assert environment.node_umask == 0o027
        assert environment.signer_socket == Path("/run/signer/socket")
        assert environment.wallet_signer_peers == (10_001, 10_002)


class TestThePublicAddress:
    @pytest.mark.parametrize(
        ("text", "origin", "path", "is_https"),
        [
            ("http://localhost:8000", "http://localhost:8000", "", False),
            ("https://box.example.org/", "https://box.example.org", "", True),
            ("https://example.org/box/", "https://example.org", "/box", True),
            ("https://example.org:8443/a/b", "https://example.org:8443", "/a/b", True),
        ],
    )
    def test_gives_origin_path_and_safety(self, text: str, origin: str, path: str, is_https: bool) -> None:
        environment = env.read({"SEEDBOX_PUBLIC_URL": text})
        assert (environment.public_origin, environment.public_path, environment.is_https) == (origin, path, is_https)


class TestTheChain:
    def test_is_our_own_devnet_which_counts_as_two(self) -> None:
        environment = env.read({"WALLET_DEVNET_PORT": "9191"})
        assert environment.effective_chain_endpoints == ("http://127.0.0.1:9191", "http://127.0.0.1:9191")

    def test_of_our_own_is_as_fast_as_is_asked(self) -> None:
        environment = env.read({"WALLET_DEVNET_BLOCK_SECONDS": "0.25", "WALLET_DEVNET_SOLID_LAG": "4"})
        assert (environment.wallet_devnet_block_s, environment.wallet_devnet_solid_lag) == (0.25, 4)
        devnet = next(child for child in children(environment) if child.name == "devnet")
        assert devnet.command[-4:] == ("--block-seconds", "0.25", "--solid-lag", "4")

    def test_may_be_a_devnet_elsewhere(self) -> None:
        environment = env.read({"WALLET_CHAIN_ENDPOINTS": "http://devnet:9090"})
        assert environment.effective_chain_endpoints == ("http://devnet:9090", "http://devnet:9090")

    @pytest.mark.parametrize("network", ["nile", "mainnet"])
    @pytest.mark.parametrize("endpoints", ["", "https://one.example"])
    def test_of_others_needs_two_that_check_each_other(self, network: str, endpoints: str) -> None:
        with pytest.raises(BadEnvironment, match=f"WALLET_CHAIN_ENDPOINTS: WALLET_NETWORK={network} needs two"):
            env.read({"WALLET_NETWORK": network, "WALLET_CHAIN_ENDPOINTS": endpoints})

    def test_is_asked_at_every_address(self) -> None:
        given = {
            "WALLET_NETWORK": "mainnet",
            "WALLET_CHAIN_ENDPOINTS": "https://one.example/KEY, http://10.0.0.7:8090,",
        }
        assert env.read(given).effective_chain_endpoints == ("https://one.example/KEY", "http://10.0.0.7:8090")

    def test_needs_none_without_a_wallet(self) -> None:
        assert env.read({"WALLET_NETWORK": "off"}).wallet_chain_endpoints == ()


class TestOurOwnRedis:
    def test_listens_in_the_data_folder(self) -> None:
        assert env.read({"SEEDBOX_DATA": "/srv/box"}).effective_redis_url == "unix:///srv/box/redis.sock"

    def test_listens_in_a_short_folder_when_the_data_folder_is_too_deep_for_a_socket(self) -> None:
        deep, other = (env.read({"SEEDBOX_DATA": f"/srv/{letter * 100}"}).redis_socket for letter in "ab")
        assert len(str(deep)) <= env.SOCKET_PATH_BYTES
        assert deep != other

    def test_gives_way_to_another(self) -> None:
        assert env.read({"REDIS_URL": "redis://cache/0"}).effective_redis_url == "redis://cache/0"
