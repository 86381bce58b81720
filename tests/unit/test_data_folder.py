import os
import tempfile
from pathlib import Path

import pytest

from seedbox.config import data_folder, env
from seedbox.config.env import BadEnvironment

MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 30 8:2 / /home/local rw - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/my\040share rw shared:9 master:2 - cifs //server/share rw
33 22 0:42 / /mnt/ssh rw - fuse.sshfs me@server: rw
34 22 8:3 / /srv rw - nfs server:/srv rw
35 22 8:4 / /srv rw - ext4 /dev/sdc1 rw
""".strip()


class TestANetworkFileSystem:
    @pytest.mark.parametrize(
        ("folder", "kind"),
        [
            ("/var/box", None),
            ("/home/ada/box", "nfs4"),
            ("/home/local/box", None),
            ("/homes/box", None),
            ("/mnt/my share/box", "cifs"),
            ("/mnt/ssh", "fuse.sshfs"),
            ("/srv/box", None),
        ],
    )
    def test_is_seen_by_the_mount_that_a_folder_is_on(self, folder: str, kind: str | None) -> None:
        assert data_folder.network_file_system(Path(folder), MOUNTS) == kind

    def test_is_not_guessed_without_a_list_of_mounts(self) -> None:
        assert data_folder.network_file_system(Path("/srv"), "") is None


class TestTheDataFolder:
    def test_is_made_for_its_owner_alone(self, tmp_path: Path) -> None:
        data = tmp_path / "one" / "two"
        data_folder.prepare(env.read({"SEEDBOX_DATA": str(data)}))
        assert data.stat().st_mode & 0o777 == 0o700

    def test_is_closed_to_others_if_it_was_open(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        data_folder.prepare(env.read({"SEEDBOX_DATA": str(tmp_path)}))
        assert tmp_path.stat().st_mode & 0o777 == 0o700

    def test_too_deep_for_the_signers_socket_alone_gets_it_a_private_folder(self) -> None:
        with tempfile.TemporaryDirectory() as short:  # pytest's own may be too deep already
            data = Path(short) / ("d" * (95 - len(os.fsencode(short))))
            environment = env.read({"SEEDBOX_DATA": str(data)})
            folder = environment.signer_socket.parent
            assert (environment.redis_socket.parent, folder == data) == (data, False)
            try:
                data_folder.prepare(environment)
                assert folder.stat().st_mode & 0o777 == 0o700
                folder.rmdir()
                folder.symlink_to(data)
                with pytest.raises(BadEnvironment, match="is a link"):
                    data_folder.prepare(environment)
            finally:
                folder.unlink(missing_ok=True)

    def test_leaves_a_socket_of_the_operators_choice_alone(self, tmp_path: Path) -> None:
        place = tmp_path / "shared"
        place.mkdir(mode=0o755)
        place.chmod(0o755)
        settings = {"SEEDBOX_DATA": str(tmp_path / "data"), "WALLET_SIGNER_SOCKET": str(place / "signer.sock")}
        data_folder.prepare(env.read(settings))
        assert place.stat().st_mode & 0o777 == 0o755

    def test_is_refused_where_a_file_is(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(BadEnvironment, match=r"SEEDBOX_DATA=.*/file: can't be used"):
            data_folder.prepare(env.read({"SEEDBOX_DATA": str(tmp_path / "file")}))


class TestTheLock:
    def test_keeps_a_second_box_out(self, tmp_path: Path) -> None:
        first = data_folder.lock(tmp_path)
        with pytest.raises(BadEnvironment, match=rf"in use by another box \(pid {os.getpid()}\); stop it, or give"):
            data_folder.lock(tmp_path)
        os.close(first)
        os.close(data_folder.lock(tmp_path))
