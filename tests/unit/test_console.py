import io

from seedbox.config.console import Console


class TestTheConsole:
    def test_puts_the_name_in_front_of_each_line(self) -> None:
        out = io.StringIO()
        Console(out).say("web", "started\r\n")
        assert out.getvalue() == "web    | started\n"

    def test_lets_no_line_steer_the_terminal(self) -> None:
        out = io.StringIO()
        Console(out).say("node", "added \x1b[2J\x07evil\x9b tab\tä")
        assert out.getvalue() == "node   | added ?[2J?evil? tab\tä\n"

    def test_goes_on_when_nobody_reads_any_more(self) -> None:
        class Closed(io.StringIO):
            def write(self, text: str) -> int:
                raise BrokenPipeError

        console = Console(Closed())
        console.say("web", "lost")
        console.say("web", "lost too")
