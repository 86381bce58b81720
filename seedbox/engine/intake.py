"""What libtorrent is given to take a torrent in: a torrent file or a magnet, joined with resume data."""

from dataclasses import dataclass
from itertools import accumulate

import libtorrent as lt

from seedbox.engine.metainfo import LIMITS, load_params, read_magnet, torrent_file_of
from seedbox.engine.port import AddTorrent

# Of the resume data, what is kept when the torrent file comes from elsewhere.
_KEPT = (
    "active_time",
    "added_time",
    "banned_peers",
    "completed_time",
    "finished_time",
    "have_pieces",
    "last_download",
    "last_seen_complete",
    "last_upload",
    "peers",  # who were connected find us again late or, over uTP, never: it is on us to go to them
    "seeding_time",
    "total_downloaded",
    "total_uploaded",
    "unfinished_pieces",
    "verified_pieces",
)


class BadResume(Exception):
    """The saved progress is damaged or belongs to another torrent."""


@dataclass
class Intake:
    params: lt.add_torrent_params
    complete: bool = False  # says the resume data
    must_check: bool = False
    had: frozenset[int] = frozenset()  # files that are whole, says the resume data

    def forget_pieces(self) -> None:
        """Let libtorrent look for pieces on disk itself."""
        self.params.have_pieces = []
        self.params.verified_pieces = []
        self.params.unfinished_pieces = {}
        self.complete = False
        self.must_check = True
        self.had = frozenset()  # they may be fetched again: a wish to check them may be what was interrupted


def read_intake(command: AddTorrent, resume: bytes | None) -> Intake:
    """Join what a command brings with resume data; raises BadTorrent or BadResume."""
    params = _source(command)
    if resume is None:
        return Intake(params)
    saved = _resume(resume)
    if not _same(saved.info_hashes, params.info_hashes):
        raise BadResume("it belongs to another torrent")
    if params.ti is None and saved.ti is not None:
        saved.url_seeds = params.url_seeds
        saved.renamed_files = load_params(torrent_file_of(saved.ti)).renamed_files  # nobody else says where files are
        params = saved
    else:
        for name in _KEPT:
            setattr(params, name, getattr(saved, name))
    pieces = params.ti.num_pieces() if params.ti else 0
    if params.have_pieces and not pieces <= len(params.have_pieces) < pieces + 8:  # they come in whole bytes
        raise BadResume("its number of pieces is wrong")
    complete = bool(params.have_pieces) and all(params.have_pieces[:pieces])
    return Intake(params, complete=complete, had=_whole_files(params))


def _whole_files(params: lt.add_torrent_params) -> frozenset[int]:
    """Return the files whose every piece is there."""
    if params.ti is None or not params.have_pieces:
        return frozenset()
    layout, length = params.ti.layout(), params.ti.piece_length()
    have = list(accumulate(params.have_pieces, initial=0))  # pieces had before each piece
    whole = set()
    for index in range(layout.num_files()):
        size = layout.file_size(index)
        if size and not layout.file_flags(index) & lt.file_flags_t.flag_pad_file:
            first = layout.file_offset(index) // length
            after = (layout.file_offset(index) + size - 1) // length + 1
            if have[after] - have[first] == after - first:
                whole.add(index)
    return frozenset(whole)


def _source(command: AddTorrent) -> lt.add_torrent_params:
    if command.torrent_file:
        return load_params(command.torrent_file)
    read_magnet(command.magnet)
    params = lt.parse_magnet_uri(command.magnet)
    params.peers = []  # they come with the command
    return params


def _resume(data: bytes) -> lt.add_torrent_params:
    try:
        return lt.read_resume_data(data, dict(LIMITS))  # type: ignore[call-overload,no-any-return]  # its stub wants its own dictionary
    except (RuntimeError, ValueError) as problem:
        raise BadResume(str(problem).partition(" [")[0]) from None


def _same(left: lt.info_hash_t, right: lt.info_hash_t) -> bool:
    """Say whether two torrents share a hash: a magnet may know one of a hybrid's two only."""
    if left.has_v1() and right.has_v1():
        return str(left.v1) == str(right.v1)
    return left.has_v2() and right.has_v2() and str(left.v2) == str(right.v2)
