"""Marks and resume data when the disk takes nothing."""

import os
from pathlib import Path

import pytest

from seedbox.engine.resume import ResumeStore

KEY = "ab" * 20


class TestAMarkOnAFullDisk:
    @pytest.fixture
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResumeStore:
        store = ResumeStore(tmp_path)
        store.save(KEY, b"first", clears=None)

        def refuse(path: Path) -> None:
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(Path, "touch", refuse)
        return store

    def test_stands_on_the_resume_data_itself(self, store: ResumeStore, tmp_path: Path) -> None:
        store.mark_lagging(KEY)
        assert not list(tmp_path.glob("*.lagging"))
        assert store.is_lagging(KEY)
        assert ResumeStore(tmp_path).is_lagging(KEY)

    def test_goes_with_data_that_is_good_again(self, store: ResumeStore) -> None:
        store.mark_lagging(KEY)
        store.clear(KEY, generation=store.generation(KEY))
        assert not store.is_lagging(KEY)

    def test_is_not_lost_with_newer_data(
        self, store: ResumeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.mark_lagging(KEY)
        monkeypatch.undo()
        store.save(KEY, b"second", clears=None)
        assert store.is_lagging(KEY)

    def test_is_needless_without_resume_data(self, store: ResumeStore, tmp_path: Path) -> None:
        store.mark_lagging("cd" * 20)
        assert not store.is_lagging("cd" * 20)


class TestAWriteThatFails:
    def test_leaves_no_half_behind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = ResumeStore(tmp_path)
        store.save(KEY, b"first", clears=None)

        def refuse(descriptor: int) -> None:
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="No space left"):
            store.save(KEY, b"second", clears=None)
        assert [path.name for path in tmp_path.iterdir()] == [f"{KEY}.resume"]
        assert store.load(KEY) == b"first"
