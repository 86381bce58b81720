"""Which of our states a torrent is in, from what libtorrent says of it."""

import libtorrent as lt

from seedbox.domain.states import State

_States = lt.torrent_status.states

RUNNING_STATES: dict[int, State] = {
    _States.queued_for_checking: State.CHECKING,
    _States.checking_files: State.CHECKING,
    _States.checking_resume_data: State.CHECKING,
    _States.allocating: State.CHECKING,
    _States.downloading_metadata: State.METADATA,
    _States.downloading: State.DOWNLOADING,
    _States.finished: State.SEEDING,
    _States.seeding: State.SEEDING,
}


def state_of(*, engine_state: int, paused: bool, complete: bool, failed: bool) -> State:
    """Return the state to report; an error outweighs a pause, and a pause whatever the torrent did before."""
    if failed:
        return State.ERROR
    if paused:
        return State.FINISHED if complete else State.STOPPED
    return RUNNING_STATES[engine_state]
