"""A box of the first release keeps all it had when it is started anew."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from seedbox.config.env import ROOT

V1, V2, TWO = "a1" * 20, "b2" * 32, "c3" * 20
MAGNET = f"magnet:?xt=urn:btih:{TWO}"
FIRST_RELEASE = f"""
INSERT INTO seedbox_user (id, username, password, role, is_superuser, first_name, last_name, email, is_staff, is_active,
  date_joined) VALUES (1, 'olga', '!', 'admin', 0, '', '', '', 0, 1, '2026-11-23');
INSERT INTO seedbox_node (id, name, lease_token, folder, free_bytes, total_bytes, listens_on, engine_version, counters,
  problem) VALUES (1, 'local', '', '/srv', 0, 0, '[]', '', '{{}}', '');
INSERT INTO seedbox_torrent (id, node_id, key, info_hash_v1, info_hash_v2, name, size_bytes, piece_length_bytes,
  private, magnet, save_path, created_at, wish_version, recheck_count, clear_first) VALUES
  (1, 1, '{V1}', '{V1}', '{V2}', 'hybrid.iso', 5, 16384, 0, '', '/srv/{V1}', '2026-11-23', 3, 0, 0),
  (2, 1, '{TWO}', '{TWO}', '{"d4" * 32}', '', 0, 0, 0, '{MAGNET}', '/srv/{TWO}', '2026-11-23', 1, 0, 0);
INSERT INTO seedbox_holding (id, user_id, torrent_id, name, runs, trackers, peers, added_at, uploaded_before_bytes,
  downloaded_before_bytes) VALUES (1, 1, 1, '', 0, '["http://t.example/announce"]', '[]', '2026-11-23', 0, 0),
  (2, 1, 2, 'two', 1, '[]', '[]', '2026-11-23', 0, 0);
INSERT INTO seedbox_observation (torrent_id, applied_version, rechecked_count, state, done_bytes, wanted_bytes,
  downloaded_bytes, uploaded_bytes, down_bytes_per_s, up_bytes_per_s, peers, seeds, checked_ppm, error, seen_at)
  VALUES (1, 3, 0, 'finished', 5, 5, 5, 77, 0, 0, 0, 0, 0, '', '2026-11-23');
INSERT INTO seedbox_install (id, sign_up_open) VALUES (1, 1);
"""


def migrate(data: Path, *target: str) -> None:
    subprocess.run(
        [sys.executable, ROOT / "manage.py", "migrate", "--verbosity", "0", *target],
        env={**os.environ, "SEEDBOX_DATA": str(data), "DATABASE_URL": ""},
        check=True,
    )


class TestABoxOfTheFirstRelease:
    def test_keeps_people_torrents_and_counters_and_asks_nobody_for_a_second_factor(self, tmp_path: Path) -> None:
        migrate(tmp_path, "seedbox", "0001")
        with sqlite3.connect(tmp_path / "seedbox.sqlite3") as before:
            before.executescript(FIRST_RELEASE)
        before.close()
        migrate(tmp_path)
        with sqlite3.connect(tmp_path / "seedbox.sqlite3") as after:
            torrents = after.execute("SELECT info_hash_v1, info_hash_v2, name, wish_version FROM seedbox_torrent")
            # A second hash that no metadata has confirmed is believed no longer; the magnet still says it.
            assert torrents.fetchall() == [(V1, V2, "hybrid.iso", 3), (TWO, "", "", 1)]
            holdings = after.execute("SELECT user_id, torrent_id, runs, trackers FROM seedbox_holding")
            assert holdings.fetchall() == [(1, 1, 0, '["http://t.example/announce"]'), (1, 2, 1, "[]")]
            assert after.execute("SELECT uploaded_bytes, state FROM seedbox_observation").fetchall() == [
                (77, "finished")
            ]
            assert after.execute("SELECT sign_up_open, factor_rule FROM seedbox_install").fetchall() == [(1, "nobody")]
        after.close()
