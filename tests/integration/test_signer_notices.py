"""What an operator hears about the signer."""

from pathlib import Path

from tests.signers import found_signer
from wallet.domain.networks import NILE
from wallet.services.signer_notices import signer_notices
from wallet.signer.client import SignerClient


class TestTheNotices:
    def test_say_nothing_while_all_is_well(self, tmp_path: Path) -> None:
        signer = found_signer(tmp_path)
        assert signer_notices(signer) == []
        signer.close()

    def test_warn_of_a_key_file_where_money_has_a_worth(self, tmp_path: Path) -> None:
        signer = found_signer(tmp_path, network=NILE)
        (notice,) = signer_notices(signer)
        assert "whoever reads it and the keystore has the money" in notice
        signer.close()

    def test_say_why_nothing_is_signed(self, tmp_path: Path) -> None:
        (locked,) = signer_notices(found_signer(tmp_path, network=NILE, passphrase=True))
        (away,) = signer_notices(SignerClient(tmp_path / "signer.sock"))
        assert locked == "Nothing is signed: the keys are locked: run `manage.py wallet unlock`."
        assert away.startswith("Nothing is signed: the signer does not answer at")
