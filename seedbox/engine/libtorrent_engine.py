"""The adapter: the engine's port over libtorrent. One owner thread does everything here, except `wake`."""

import gc
import logging
import time
from collections.abc import Callable, Sequence

import libtorrent as lt

from seedbox.domain.kept import together
from seedbox.domain.lanes import Order, Reach
from seedbox.domain.states import ACTIVE_STATES
from seedbox.engine import dht
from seedbox.engine.alerts import handle_alert
from seedbox.engine.commands import add, carry_out
from seedbox.engine.faults import look_again
from seedbox.engine.files import look_at_files
from seedbox.engine.gate import Gate
from seedbox.engine.peers import Patience
from seedbox.engine.port import Command, ConfigureNetwork, ConnectPeers, Event
from seedbox.engine.readings import read_details
from seedbox.engine.removal import delete_content
from seedbox.engine.settings import EngineSettings, settings_pack
from seedbox.engine.swarm import MAX_SAVES_PER_TICK, Swarm
from seedbox.engine.waker import Waker

log = logging.getLogger(__name__)

TICK_S = 1.0  # figures, details, due saves
UPDATE_REST_S = 0.05  # between two looks at the figures, however much happens
LAST_ANNOUNCE_S = 1  # trackers get this long to hear that we stop


class LibtorrentEngine:
    """Reaches the world as `network` says from its first packet on."""

    def __init__(self, settings: EngineSettings, network: ConfigureNetwork | None = None) -> None:
        params = dht.load_params(settings.resume_folder)
        params.settings = settings_pack(settings)
        params.disk_io_constructor = settings.disk_io
        self._waker = Waker()
        self._session: lt.session | None = lt.session(params)
        self._session.set_alert_fd(self._waker.write_descriptor)
        self._swarm = Swarm(settings, self._session, self._waker)
        self._gate = Gate(self._swarm, network or ConfigureNetwork())
        self._next_tick_s = time.monotonic()
        self._updated_at_s = self._market_at_s = 0.0
        self._dht_clock = dht.Clock(time.monotonic())
        self._patience = Patience(self._session)

    @property
    def listening(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._swarm.listening.values()))

    @property
    def problem(self) -> str:
        return together((self._gate.problem, self._swarm.store_problem))

    def apply(self, command: Command) -> None:
        if isinstance(command, ConfigureNetwork):
            self._gate.configure(command)
        elif isinstance(command, Reach):
            carry_out(self._swarm, ConnectPeers(command.key, command.endpoints))
        elif isinstance(command, Order):
            self._take_news()  # who is connected by now is under no lane that this order opens
            self._swarm.market.carry_out(command)
            self._market_at_s = 0.0
        else:
            carry_out(self._swarm, command)
        self._update_if_wanted()

    def poll(self, *, timeout_s: float) -> Sequence[Event]:
        deadline = time.monotonic() + timeout_s
        while True:
            self._take_news()
            self._tick_if_due()
            self._market_tick_if_due()
            self._update_if_wanted()
            now = time.monotonic()
            if self._swarm.outbox or self._waker.take_woken() or now >= deadline:
                return self._take_outbox()
            self._waker.wait(min(deadline, self._next_look_s()) - now)

    def wake(self) -> None:
        self._waker.wake()

    def counters(self) -> dict[str, int]:
        return {
            "alerts": 0,
            "alerts_dropped": 0,
            **self._swarm.counts,
            "torrents": len(self._swarm.torrents),
        }

    def close(self, *, timeout_s: float) -> Sequence[Event]:
        """Stop everything, save what differs from disk, and let libtorrent go.

        1. Pause the session; each pause of a torrent that is ahead of its resume data asks for that data.
        2. Then save what else has changed, in what is left of `timeout_s` less the last announces.
        3. Drop every handle and the session: left to the interpreter's end, its threads abort the process.
        """
        if self._session is None:
            return ()
        deadline = time.monotonic() + timeout_s - LAST_ANNOUNCE_S
        self._begin_closing()
        self._wait_while(self._is_pausing, deadline)
        for key in tuple(self._swarm.due_saves):
            if taken := self._swarm.torrents.get(key):
                self._swarm.request_save(taken)
        self._wait_while(self._is_saving, deadline)
        if self._is_saving():
            log.warning("Some torrents could not save their progress in time; the next start makes up for it.")
        self._end_session()
        return self._take_outbox()

    # --- inside

    def _take_news(self) -> None:
        if self._session is not None:
            for alert in self._session.pop_alerts():
                handle_alert(self._swarm, alert)
        self._swarm.take_results()
        self._add_deferred()

    def _add_deferred(self) -> None:
        for key in [key for key in self._swarm.deferred if key not in self._swarm.removals]:
            add(self._swarm, self._swarm.deferred.pop(key))

    def _take_outbox(self) -> Sequence[Event]:
        events, self._swarm.outbox = self._swarm.outbox, []
        return events

    def _update_if_wanted(self) -> None:
        now = time.monotonic()
        if self._session and self._swarm.wants_update and now >= self._updated_at_s + UPDATE_REST_S:
            self._swarm.wants_update = False
            self._updated_at_s = now
            self._session.post_torrent_updates(0)

    def _next_look_s(self) -> float:
        soon = self._updated_at_s + UPDATE_REST_S if self._swarm.wants_update else self._next_tick_s
        return min(soon, self._next_tick_s, self._market_at_s)

    def _market_tick_if_due(self) -> None:
        now = time.monotonic()
        if now >= self._market_at_s and self._session is not None:
            self._swarm.market.tick(now)
            self._market_at_s = now + self._swarm.market.tick_s()

    def _tick_if_due(self) -> None:
        now = time.monotonic()
        if now < self._next_tick_s:
            return
        self._next_tick_s = now + TICK_S
        swarm = self._swarm
        self._gate.look()
        swarm.wants_update = True
        for key in (_due(swarm.due_saves, now) + _due(swarm.due_peers, now))[:MAX_SAVES_PER_TICK]:
            if taken := swarm.torrents.get(key):
                if swarm.due_peers.get(key, now) < now:
                    del swarm.due_peers[key]
                swarm.request_save(taken)
        for key in _due(swarm.due_files, now):
            if taken := swarm.torrents.get(key):
                look_at_files(swarm, taken)
        for key in swarm.watched:
            if taken := swarm.torrents.get(key):
                swarm.report(read_details(taken))
        look_again(swarm)
        for presence in swarm.presences:
            presence.tick(swarm)
        self._patience.tick(swarm.session, now)
        for removal in tuple(swarm.removals.values()):
            if now >= removal.give_up_at_s:
                delete_content(swarm, removal)
        if self._session is not None and self._dht_clock.is_due_to_count(now):
            self._session.post_session_stats()  # the alert tells how many nodes it knows
        if self._dht_clock.is_due_to_save(now):
            self._save_dht()

    def _begin_closing(self) -> None:
        if self._session is None:
            return
        self._swarm.closing = True
        self._swarm.deferred.clear()
        self._session.apply_settings({"stop_tracker_timeout": LAST_ANNOUNCE_S})
        self._session.pause()
        if not self._gate.is_open:
            return  # it was paused already
        for taken in self._swarm.torrents:
            if taken.snapshot and taken.snapshot.state in ACTIVE_STATES:
                self._swarm.unpaused.add(taken.key)

    def _wait_while(self, is_busy: Callable[[], bool], deadline: float) -> None:
        self._take_news()
        while is_busy() and time.monotonic() < deadline:
            self._waker.wait(min(deadline - time.monotonic(), TICK_S))
            self._take_news()

    def _is_pausing(self) -> bool:
        """Say whether what asks for data by its pause has not given it yet; a slow disk may still have to keep it."""
        return bool(self._swarm.unpaused) or any(taken.saving is not None for taken in self._swarm.torrents)

    def _is_saving(self) -> bool:
        swarm = self._swarm
        return bool(swarm.unpaused) or swarm.has_jobs or any(taken.is_saving for taken in swarm.torrents)

    def _save_dht(self) -> None:
        if self._session is not None and self._session.is_dht_running():
            dht.save_state(self._swarm.settings.resume_folder, dht.read_state(self._session))

    def _end_session(self) -> None:
        self._save_dht()
        self._swarm.shut_down()
        self._swarm.take_results()
        self._swarm.torrents.clear()
        if self._session is not None:
            self._session.pop_alerts()  # the last ones hold handles too
            del self._swarm.session
            self._session = None
            gc.collect()
            self._waker.close()


def _due(dues: dict[str, float], now: float) -> list[str]:
    return [key for key, due in dues.items() if due <= now]
