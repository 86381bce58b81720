from seedbox.domain.paths import clashing


def changed(*paths: str) -> dict[int, str]:
    return clashing(dict(enumerate(paths)))


class TestFilesOfATorrent:
    def test_keep_paths_that_differ_on_every_disk(self) -> None:
        assert changed("a", "b/a", "é", "ü") == {}

    def test_give_way_to_an_earlier_one_in_another_case_or_unicode_form(self) -> None:
        assert changed("x/é.txt", "x/É.txt", "x/e\N{COMBINING ACUTE ACCENT}.txt") == {
            1: "x/É.1.txt",
            2: "x/e\N{COMBINING ACUTE ACCENT}.2.txt",
        }

    def test_give_way_to_a_folder_of_their_name(self) -> None:
        assert changed("É", "é/a") == {0: "É.1"}

    def test_do_not_take_a_path_that_another_has(self) -> None:
        assert changed("é", "é.1", "É") == {2: "É.2"}
