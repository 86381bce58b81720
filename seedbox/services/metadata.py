"""What a torrent contains, written once: its names, sizes, files and the torrent file itself."""

from django.db.models import Q

from seedbox.domain.kept import KeptError
from seedbox.domain.kept import kept as _
from seedbox.domain.metainfo import Metainfo, Source
from seedbox.domain.torrent_file import shared_parts
from seedbox.models import File, Metadata, Torrent

FILE_ROWS_AT_ONCE = 1_000


class HashTaken(KeptError):
    """The magnet named a hybrid torrent by one of its two hashes, and it can't be joined with the one of the other."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This magnet names its torrent by one of two hashes, and the node can't run it under this one. "
                "Remove it, and add the torrent by its .torrent file."
            )
        )


def fill(torrent: Torrent, metainfo: Metainfo) -> None:
    """Write what the metadata says to the torrent, which the caller has locked, with all that are the same."""
    set_facts(torrent, metainfo)
    torrent.save()
    write_parts(torrent, metainfo)


def same_torrent(source: Source) -> Q:
    """Return the condition for torrents that are the same as this one, by either of its hashes."""
    same = Q(pk__in=[])
    if source.info_hash_v1:
        same |= Q(info_hash_v1=source.info_hash_v1) | Q(key=source.info_hash_v1)
    if source.info_hash_v2:
        same |= Q(info_hash_v2=source.info_hash_v2) | Q(key=source.info_hash_v2)
    return same


def set_facts(torrent: Torrent, metainfo: Metainfo) -> None:
    """Put what the metadata says on the torrent without saving it."""
    torrent.info_hash_v1 = metainfo.info_hash_v1
    torrent.info_hash_v2 = metainfo.info_hash_v2
    torrent.name = metainfo.name
    torrent.size_bytes = metainfo.size_bytes
    torrent.piece_length_bytes = metainfo.piece_length_bytes
    torrent.private = metainfo.private


def write_parts(torrent: Torrent, metainfo: Metainfo) -> None:
    """Write the torrent file and the rows of its files, in place of any earlier ones."""
    Metadata.objects.update_or_create(torrent=torrent, defaults={"torrent_file": shared_parts(metainfo.torrent_file)})
    File.objects.filter(torrent=torrent).delete()
    File.objects.bulk_create(
        (
            File(torrent=torrent, index=file.index, path=file.path, size_bytes=file.size_bytes)
            for file in metainfo.files
        ),
        batch_size=FILE_ROWS_AT_ONCE,
    )
