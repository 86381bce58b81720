"""The data folder of a box: private, on a disk that SQLite can trust, and used by one box at a time."""

import fcntl
import os
import re
import time
from pathlib import Path

from seedbox.config.env import BadEnvironment, Environment

# SQLite's locks and shared memory don't hold on these; its own documentation warns of them.
_KERNEL = ("afs", "ceph", "cifs", "davfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs")
_FUSE = ("fuse.davfs2", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs")
NETWORK_FILE_SYSTEMS = frozenset((*_KERNEL, *_FUSE))
LEFTOVERS_WAIT_S = 10.0  # the guardian of a killed box ends its processes in less
LOOK_AGAIN_S = 0.1
_OTHERS = 0o077


def prepare(environment: Environment) -> None:
    """Make the folder, keep others out of it, and refuse what can't work; raises BadEnvironment."""
    try:
        _make_private(environment.data)
        for folder in environment.socket_folders - {environment.data}:
            if folder.is_symlink():
                raise PermissionError(f"{folder} is a link")
            _make_private(folder)
    except OSError as problem:
        raise BadEnvironment(f"SEEDBOX_DATA={environment.data}: can't be used ({problem})") from None
    mounts = Path("/proc/self/mountinfo")
    kind = network_file_system(environment.data.resolve(), mounts.read_text() if mounts.exists() else "")
    if kind and not environment.database_url:
        raise BadEnvironment(
            f"SEEDBOX_DATA={environment.data}: is on a network file system ({kind}), where SQLite loses data; "
            "choose a local folder, or set DATABASE_URL to a PostgreSQL"
        )


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    if folder.stat().st_mode & _OTHERS:
        folder.chmod(0o700)


def network_file_system(folder: Path, mountinfo: str) -> str | None:
    """Return the kind of network file system that `folder` is on, judged by the kernel's list of mounts."""
    kind, depth = "", -1
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        mount = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), left.split(" ")[4]))
        if folder.is_relative_to(mount) and len(mount.parts) >= depth:  # of two at one place, the later one is seen
            kind, depth = right.split(" ")[0], len(mount.parts)
    return kind if kind in NETWORK_FILE_SYSTEMS else None


def lock(data: Path, *, name: str = "lock") -> int:
    """Return a locked descriptor for the box's children to inherit; raises BadEnvironment while another box has it.

    Processes that start one by one have a lock of their own each, so that they may share the folder.
    """
    descriptor = os.open(data / name, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LEFTOVERS_WAIT_S
    while not _locked(descriptor):
        owner = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        alive = owner.isdecimal() and Path(f"/proc/{owner}").exists()
        if alive or time.monotonic() > deadline:
            os.close(descriptor)
            who = f"another box (pid {owner})" if alive else f"processes left by a box that was killed (pid {owner})"
            raise BadEnvironment(f"SEEDBOX_DATA={data}: in use by {who}; stop it, or give this box a folder of its own")
        time.sleep(LOOK_AGAIN_S)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
