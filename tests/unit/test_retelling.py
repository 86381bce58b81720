"""Sentences that rows keep in English, as somebody reads them who speaks something else."""

import pytest

from wallet.domain import language, withdrawal_words
from wallet.domain.chain_words import FEW_ANSWER, NAMED, STATUS, WHOLE
from wallet.domain.deposits import plain_units
from wallet.domain.halt_words import HALTS, MORE_THERE, MOVED, STOPS_CREDIT, UNEXPLAINED
from wallet.domain.money import Asset
from wallet.domain.retelling import Counted, said_again
from wallet.domain.withdrawal_words import FAILS, HALTED, LACKS, OLD_BLOCK, REASONS, STOPPED_BY, TOO_LITTLE, WAITS

LEFT = {"unit": "TRX", "sender": "A", "recipient": "B", "tx_id": "00ff"}
ROWS = Counted("%(count)s row is gone: %(where)s", "%(count)s rows are gone: %(where)s")
COUNTED = {ROWS.one: "%(count)s Zeile fehlt: %(where)s", ROWS.many: "%(count)s Zeilen fehlen: %(where)s"}
AT = "the newest block of the chain was read on %(at)s UTC"
GERMAN = {
    STOPPED_BY: "Auszahlungen ruhen, denn %(why)s",
    HALTED["lied"]: "ein Endpunkt hat gelogen",
    LACKS: "nur %(has)s von %(amount)s",
    UNEXPLAINED: "Ungeklärt: %(names)s",
    MOVED: "%(units)s %(unit)s-Einheiten von %(sender)s an %(recipient)s in %(tx_id)s",
    MORE_THERE: "%(address)s hat %(amount)s %(unit)s mehr",
    NAMED: "%(endpoint)s - %(why)s",
    WHOLE: "die Kette",
    FEW_ANSWER: "nur %(count)s von %(needed)s (%(why)s)",
    STATUS: "%(status)s von %(path)s",
    STOPS_CREDIT: "%(problem)s. Nichts wird gutgeschrieben.",
    AT: "am %(at)s (UTC) kam der letzte Block",
}


@pytest.fixture
def _german(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language._Language, "translate", staticmethod(lambda text: GERMAN.get(text, text)))
    monkeypatch.setattr(
        language._Language,
        "translate_counted",
        staticmethod(lambda one, many, number: COUNTED[one if number == 1 else many]),
    )
    monkeypatch.setattr(language._Language, "signs", staticmethod(lambda: (",", ".")))


@pytest.mark.usefixtures("_german")
class TestASentenceThatARowKeeps:
    def test_is_said_with_its_values_in_the_words_of_its_reader(self) -> None:
        assert (
            said_again(AT % {"at": "2026-11-27 03:00:00"}, WAITS) == "am 2026-11-27 03:00:00 (UTC) kam der letzte Block"
        )

    def test_is_said_with_the_sentence_in_it(self) -> None:
        kept = STOPPED_BY % {"why": HALTED["lied"]}
        assert kept == "withdrawals are stopped: an endpoint has lied"
        assert said_again(kept, WAITS) == "Auszahlungen ruhen, denn ein Endpunkt hat gelogen"

    def test_is_said_on_its_line_whole_or_with_a_semicolon(self) -> None:
        kept = UNEXPLAINED % {"names": ";\n".join(MOVED % {**LEFT, "units": units} for units in (1_000, 7))}
        assert said_again(kept, HALTS) == (
            "Ungeklärt: 1000 TRX-Einheiten von A an B in 00ff;\n7 TRX-Einheiten von A an B in 00ff"
        )

    def test_is_said_though_semicolons_stand_between_several_within_another(self) -> None:
        why = "; ".join(f"{name}: {STATUS % {'status': 503, 'path': '/wallet'}}" for name in ("one", "two"))
        kept = STOPS_CREDIT % {"problem": f"{WHOLE}: {FEW_ANSWER % {'count': 0, 'needed': 2, 'why': why}}"}
        assert said_again(kept, HALTS) == (
            "die Kette - nur 0 von 2 (one - 503 von /wallet; two - 503 von /wallet). Nichts wird gutgeschrieben."
        )

    def test_has_its_amounts_with_the_signs_of_its_reader(self) -> None:
        kept = LACKS % {"has": "1,099.5 BTT", "amount": "2,000 BTT"}
        assert said_again(kept, FAILS) == "nur 1.099,5 BTT von 2.000 BTT"
        kept = MORE_THERE % {"address": "A", "amount": plain_units(1_234_500_000, Asset.TRX), "unit": "TRX"}
        assert said_again(kept, HALTS) == "A hat 1.234,5 TRX mehr"

    @pytest.mark.parametrize(("count", "said"), [(1, "1 Zeile fehlt: die Kette"), (7, "7 Zeilen fehlen: die Kette")])
    def test_is_said_for_so_many_as_there_are(self, count: int, said: str) -> None:
        assert said_again(ROWS.kept(count, where=WHOLE), [ROWS, WHOLE]) == said

    @pytest.mark.parametrize("words", ["", "No, says ada: 100 % no", "%(why)s", "withdrawals are stopped"])
    def test_stays_as_it_is_if_somebody_else_wrote_it(self, words: str) -> None:
        assert said_again(words, [*WAITS, *REASONS]) == words


class TestWhatIsComparedByHowItBegins:
    def test_begins_so_whatever_its_values_are(self) -> None:
        assert LACKS.startswith(TOO_LITTLE) and not OLD_BLOCK.startswith(TOO_LITTLE)
        assert STOPPED_BY.startswith(withdrawal_words.STOPPED)
