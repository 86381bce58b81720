"""The engine's gate to the world: open in the way that is wanted, and shut while that way does not exist.

Shut, libtorrent is paused, listens nowhere and has no way out: nothing falls back to another interface or goes around
a proxy. What the gate waits for is looked at with every tick; it opens by itself.
"""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import libtorrent as lt

from seedbox.domain.kept import kept as _
from seedbox.domain.kept import together
from seedbox.domain.network import NetworkSettings
from seedbox.domain.states import State
from seedbox.engine.blocking import Filter, read_filter, stamp_of
from seedbox.engine.port import ConfigureNetwork, NetworkAnswered, Snapshot
from seedbox.engine.proxy_probe import proxy_problem
from seedbox.engine.route import limits_of, way_out
from seedbox.engine.settings import SHUT, Setting
from seedbox.engine.swarm import Swarm

if TYPE_CHECKING:
    from concurrent.futures import Future

ASK_PROXY_EVERY_S = 10.0
ASK_AGAIN_S = 1.0  # after it failed
FAILURES_TO_SHUT = 2  # in a row: one lost packet is no reason to drop everybody
LOOK_AT_LIST_EVERY_S = 1.0
LISTEN_WITHIN_S = 2.0  # what was said by then is the answer; more may follow


class Gate:
    """Carries out network settings. Everything here runs on the engine's owner thread but what is read and asked."""

    def __init__(self, swarm: Swarm, wish: ConfigureNetwork) -> None:
        self._swarm = swarm
        self._wish = wish
        self._is_open = False
        self._opened_at_s = 0.0
        self._interface_problem = ""
        self._proxy_problem: str | None = None  # None: not asked yet
        self._proxy_failures = 0
        self._proxy_due_s = 0.0
        self._asks_proxy: NetworkSettings | None = None
        self._list: Filter | None = None  # that is in force
        self._list_problem = ""
        self._list_read: Filter | None = None  # what was read last, also in vain
        self._list_due_s = 0.0
        self._reads_list = False
        self._told: NetworkAnswered | None = None
        swarm.session.pause()
        self._configure(wish)

    @property
    def is_open(self) -> bool:
        return self._is_open

    @property
    def problem(self) -> str:
        """Why the settings are not in force, in a sentence; "" when they are or when that is not known yet."""
        return (
            self._wish.refusal
            or self._interface_problem
            or (self._proxy_problem or "")
            or self._list_problem
            or together(self._swarm.listen_problems.values())
        )

    def configure(self, wish: ConfigureNetwork) -> None:
        """Carry out new settings; a changed way shuts the gate first, so that nothing old goes on by another way."""
        before, self._wish = self._wish, wish
        if _way(before) != _way(wish):
            self._shut()
            self._proxy_problem, self._proxy_failures, self._proxy_due_s = None, 0, 0.0
        elif self._is_open:
            self._go(wish.settings)
        self._configure(wish)

    def _configure(self, wish: ConfigureNetwork) -> None:
        self._apply(limits_of(wish.settings))
        self._list_read, self._list_due_s = None, 0.0
        self.look()

    def look(self) -> None:
        """Look at what the settings depend on, open or shut accordingly, and tell when the answer has changed."""
        now = time.monotonic()
        self._look_at_interface()
        self._look_at_proxy(now)
        self._look_at_list(now)
        may_open = not self._wish.refusal and not self._interface_problem and self._proxy_lets_us_in
        if self._is_open and not may_open:
            self._shut()
        if not self._is_open and may_open and self._list and self._list.guards_machine == self._guards_machine:
            self._open(now)
        self._tell(now)

    # --- open and shut

    def _open(self, now: float) -> None:
        self._go(self._wish.settings)
        self._is_open, self._opened_at_s = True, now
        self._swarm.session.resume()

    def _go(self, wanted: NetworkSettings) -> None:
        pack = way_out(self._swarm.settings, wanted)
        self._apply(pack)
        self._swarm.ports.use_router(is_asked=bool(pack["enable_natpmp"]))

    def _shut(self) -> None:
        """Close every way before the pause, which would say goodbye to trackers by the old one."""
        self._apply({**SHUT, "proxy_type": 0})
        self._swarm.session.pause()
        self._swarm.listening.clear()
        self._swarm.listen_problems.clear()
        self._swarm.ports.use_router(is_asked=False)
        self._swarm.proxy_said = ""
        self._is_open = False

    def _apply(self, pack: dict[str, Setting]) -> None:
        self._swarm.session.apply_settings(cast("lt.settings_pack", pack | dict(self._swarm.settings.overrides)))

    # --- what it depends on

    def _look_at_interface(self) -> None:
        interface = self._wish.settings.interface
        self._interface_problem = self._swarm.settings.interface_problem(interface) if interface else ""

    @property
    def _proxy_lets_us_in(self) -> bool:
        if not self._wish.settings.has_proxy:
            return True
        if self._is_open:
            return self._proxy_failures < FAILURES_TO_SHUT
        return self._proxy_problem == ""

    def _look_at_proxy(self, now: float) -> None:
        wanted = self._wish.settings
        if not wanted.has_proxy or self._wish.refusal:
            self._proxy_problem = None
        elif self._asks_proxy is None and now >= self._proxy_due_s:
            self._asks_proxy = wanted
            self._swarm.ask(lambda: proxy_problem(wanted), self._hear_of_proxy)

    def _hear_of_proxy(self, future: "Future[str]") -> None:
        asked, self._asks_proxy = self._asks_proxy, None
        if asked is None or _proxy(asked) != _proxy(self._wish.settings):
            return  # of another proxy; the next look asks the one that is wanted
        problem = future.result()
        self._proxy_failures = self._proxy_failures + 1 if problem else 0
        if not problem or not self._is_open or self._proxy_failures >= FAILURES_TO_SHUT:
            self._proxy_problem = problem
        self._proxy_due_s = time.monotonic() + (ASK_AGAIN_S if problem else ASK_PROXY_EVERY_S)
        self.look()

    @property
    def _guards_machine(self) -> bool:
        """Say whether the machine itself is blocked. Through a proxy nobody gets there, but the proxy may be on it."""
        settings = self._swarm.settings
        return not (settings.isolated or settings.believes_local_peers or self._wish.settings.has_proxy)

    def _look_at_list(self, now: float) -> None:
        """Read the blocklist when it is another one or has changed. What can't be read leaves the last one in force."""
        path, guards = self._wish.settings.blocklist_path, self._guards_machine
        if not path:
            if self._list is None or self._list.path or self._list.guards_machine != guards:
                self._use_list(read_filter("", guards_machine=guards))
            return
        if self._reads_list or now < self._list_due_s:
            return
        self._list_due_s = now + LOOK_AT_LIST_EVERY_S
        self._reads_list, wish, last = True, self._wish, self._list_read
        self._swarm.ask(
            lambda: None if last and last.stamp == stamp_of(path) else read_filter(path, guards_machine=guards),
            lambda future: self._hear_of_list(wish, future),
        )

    def _hear_of_list(self, wish: ConfigureNetwork, future: "Future[Filter | None]") -> None:
        self._reads_list = False
        found = future.result()
        if found and wish is self._wish:  # else what was asked for since is read next
            self._list_read = replace(found, addresses=None)
            self._use_list(found)
        self.look()

    def _use_list(self, found: Filter) -> None:
        self._list_problem = found.problem
        if found.addresses is None:
            return
        is_first = self._list is None
        self._swarm.addresses.use(found.addresses)
        self._list = replace(found, addresses=None)  # libtorrent has it; it may be large
        if not is_first and self._is_open:
            for taken in self._swarm.torrents:  # libtorrent forgot the peers that were blocked: trackers know them
                if taken.runs and taken.snapshot and _lacks_peers(taken.snapshot):
                    taken.handle.force_reannounce(0, -1, lt.torrent_handle.ignore_min_interval)

    # --- the answer

    def _tell(self, now: float) -> None:
        if not self._is_known(now):
            return
        wanted = self._wish.settings
        answer = NetworkAnswered(
            self._wish.version,
            self.problem,
            port_mapping=self._swarm.ports.said if self._is_open else "",
            proxy=self._what_proxy_said() if wanted.has_proxy else "",
            blocklist=self._list.summary if self._list and wanted.blocklist_path else "",
        )
        if answer != self._told:
            self._told = answer
            self._swarm.report(answer)

    def _what_proxy_said(self) -> str:
        return (
            self._proxy_problem or self._swarm.proxy_said or (_("It lets us in.") if self._proxy_problem == "" else "")
        )

    def _is_known(self, now: float) -> bool:
        if self.problem:
            return True
        has_list = not self._wish.settings.blocklist_path or (
            self._list is not None and self._list.path == self._wish.settings.blocklist_path
        )
        listens = bool(self._swarm.listening) or now >= self._opened_at_s + LISTEN_WITHIN_S
        return self._is_open and has_list and not self._reads_list and listens


def _lacks_peers(seen: Snapshot) -> bool:
    """Say whether nobody of use is there: peers that send nothing don't stand for those that were blocked."""
    return not seen.peers or (seen.state == State.DOWNLOADING and not seen.down_bytes_per_s)


def _way(wish: ConfigureNetwork) -> tuple[object, ...]:
    wanted = wish.settings
    return wish.refusal, wanted.interface, wanted.anonymous, _proxy(wanted)


def _proxy(wanted: NetworkSettings) -> tuple[object, ...]:
    if not wanted.has_proxy:
        return ()
    return wanted.proxy_kind, wanted.proxy_host, wanted.proxy_port, wanted.proxy_user, wanted.proxy_password


def socks5_failed(swarm: Swarm, alert: lt.socks5_alert) -> None:
    swarm.proxy_said = _(
        "No UDP through the proxy (%(message)s): no DHT and uTP until it works.", {"message": alert.error.message()}
    )
