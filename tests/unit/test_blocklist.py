import io
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.domain import blocklist
from seedbox.domain.blocklist import BadBlocklist, Blocklist, read_blocklist
from seedbox.domain.kept import told


def read(data: bytes) -> Blocklist:
    return read_blocklist(io.BytesIO(data))


class TestALine:
    @pytest.mark.parametrize(
        ("line", "first", "last"),
        [
            (b"somebody:1.2.3.4-1.2.3.9", "1.2.3.4", "1.2.3.9"),
            (b"a:b - c, d:1.2.3.4 - 1.2.3.9", "1.2.3.4", "1.2.3.9"),
            (b"caf\xe9:1.2.3.4-1.2.3.4", "1.2.3.4", "1.2.3.4"),
            (b"001.002.003.004 - 001.002.003.009 , 000 , somebody, else", "1.2.3.4", "1.2.3.9"),
            (b"001.002.003.004 - 001.002.003.009 , 127 ,", "1.2.3.4", "1.2.3.9"),
            (b"1.2.3.0/30", "1.2.3.0", "1.2.3.3"),
            (b"1.2.3.7/30 # with a host in it", "1.2.3.4", "1.2.3.7"),
            (b"1.2.3.4", "1.2.3.4", "1.2.3.4"),
            (b"2001:db8::/126", "2001:db8::", "2001:db8::3"),
            (b"fd00::1-fd00::9", "fd00::1", "fd00::9"),
            (b"somebody:fd00::1 - fd00::9", "fd00::1", "fd00::9"),
        ],
    )
    def test_blocks_its_range(self, line: bytes, first: str, last: str) -> None:
        assert read(line + b"\r\n").ranges == ((first, last),)

    @pytest.mark.parametrize("line", [b"", b"# words", b"// words", b"; words", b"1.2.3.4 - 1.2.3.9 , 128 , allowed"])
    def test_may_block_nobody(self, line: bytes) -> None:
        assert read(line) == Blocklist(())

    @pytest.mark.parametrize(
        "line", [b"words", b"1.2.3.300", b"1.2.3.9-1.2.3.4", b"fd00::9-fd00::1", b"1.2.3.4/33", b"<html>", b"x" * 9_000]
    )
    def test_that_can_not_be_read_is_counted_and_named(self, line: bytes) -> None:
        found = read(b"1.2.3.4\n" + line + b"\n" + line + b"\n1.2.3.5\n")
        assert (len(found.ranges), found.bad_lines, found.first_bad_line) == (2, 2, 2)
        assert told(found.summary) == "2 ranges. 2 lines could not be read, first: line 2."


class TestAFile:
    def test_without_any_line_that_can_be_read_is_no_blocklist(self) -> None:
        with pytest.raises(BadBlocklist, match="line 1"):
            read(b"<html>\nnot found\n")

    def test_has_an_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(blocklist, "MAX_FILE_BYTES", 100)
        with pytest.raises(BadBlocklist, match="larger"):
            read(b"1.2.3.4\n" * 13)
        monkeypatch.setattr(blocklist, "MAX_RANGES", 3)
        with pytest.raises(BadBlocklist, match="more than 3 ranges"):
            read(b"1.2.3.4\n" * 4)

    @given(st.binary())
    def test_of_any_bytes_is_read_or_refused(self, data: bytes) -> None:
        try:
            found = read(data)
        except BadBlocklist:
            return
        for first, last in found.ranges:
            assert int(ipaddress.ip_address(first)) <= int(ipaddress.ip_address(last))

    @given(st.lists(st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)), max_size=20))
    def test_gives_back_what_was_written(
        self, pairs: list[tuple[ipaddress.IPv4Address, ipaddress.IPv4Address]]
    ) -> None:
        ordered = [(str(min(pair)), str(max(pair))) for pair in pairs]
        text = "".join(f"name: {number}:{first}-{last}\n" for number, (first, last) in enumerate(ordered))
        assert list(read(text.encode()).ranges) == ordered
