"""What the audit says, as somebody reads it who speaks something else."""

import pytest

from tests import made_up_language
from tests.made_up_language import english_among
from wallet.domain import audit_words as words
from wallet.domain.accounts import OWNED, AccountKind, AccountName
from wallet.domain.deposits import DepositFate
from wallet.domain.money import Asset
from wallet.domain.retelling import names_of, said_again
from wallet.domain.withdrawal_states import AttemptState, WithdrawalState
from wallet.services.audit_findings import Finding

ACCOUNTS = [AccountName(Asset.TRC20, kind, "7" if kind in OWNED else "") for kind in AccountKind]


def written(sentence: str, table: str = "transfer") -> str:
    return words.HALTS.kept(2, first=str(Finding(table, "7", sentence % dict.fromkeys(names_of(sentence), "7"))))


class TestAFinding:
    @pytest.mark.parametrize("sentence", words.SENTENCES)
    def test_is_said_in_the_language_of_its_reader_whatever_was_found(self, sentence: str) -> None:
        kept = written(sentence)
        assert said_again(kept, words.AUDIT) == kept
        with made_up_language.spoken():
            said = said_again(kept, words.AUDIT)
        assert (english_among([said], ()), said.count("7")) == ([], kept.count("7"))

    @pytest.mark.parametrize("table", words.ROWS)
    def test_is_said_so_in_whichever_table_it_is(self, table: str) -> None:
        with made_up_language.spoken():
            assert not english_among([said_again(written(words.SEAL_CHANGED, table), words.AUDIT)], ())

    def test_is_said_so_in_tables_of_other_apps_which_keep_their_names(self) -> None:
        with made_up_language.spoken():
            said = said_again(written(words.SEAL_CHANGED, "speed_noderollup"), words.AUDIT)
        assert english_among([said], ()) and not english_among([said], {"speed_noderollup"})

    @pytest.mark.parametrize("account", ACCOUNTS)
    def test_names_accounts_so(self, account: AccountName) -> None:
        kept = str(Finding("account", "7", words.OUT_OF_BOUNDS % {"account": account}))
        with made_up_language.spoken():
            assert not english_among([said_again(kept, words.AUDIT)], ())

    @pytest.mark.parametrize("state", [*WithdrawalState, *AttemptState, *DepositFate])
    def test_names_states_so(self, state: str) -> None:
        assert state in words.STATES
