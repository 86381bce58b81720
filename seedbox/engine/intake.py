"""What libtorrent is given to take a torrent in: a torrent file or a magnet, joined with resume data."""

from dataclasses import dataclass

import libtorrent as lt

from seedbox.engine.metainfo import LIMITS, load_params, read_magnet, torrent_file_of
from seedbox.engine.port import AddTorrent

# Of the resume data, what is kept when the torrent file comes from elsewhere.
_KEPT = (
    "active_time",
    "added_time",
    "completed_time",
    "finished_time",
    "have_pieces",
    "last_download",
    "last_seen_complete",
    "last_upload",
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

    def forget_pieces(self) -> None:
        """Let libtorrent look for pieces on disk itself."""
        self.params.have_pieces = []
        self.params.verified_pieces = []
        self.params.unfinished_pieces = {}
        self.complete = False
        self.must_check = True


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
    return Intake(params, complete=bool(params.have_pieces) and all(params.have_pieces[:pieces]))


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
