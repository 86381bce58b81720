from seedbox.services.ward import Meter


class TestAMeter:
    def test_follows_its_engine(self) -> None:
        meter = Meter()
        assert meter.count(100, told=0) == 100
        assert meter.count(250, told=100) == 250

    def test_goes_on_from_what_was_told_when_a_killed_engine_has_forgotten_some(self) -> None:
        meter = Meter()
        assert meter.count(400, told=1000) == 1000
        assert meter.count(450, told=1000) == 1050
        assert meter.count(500, told=1050) == 1100

    def test_takes_the_engines_word_when_it_knows_more(self) -> None:
        assert Meter().count(1200, told=1000) == 1200
