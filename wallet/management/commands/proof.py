"""Write proofs, and check them: anybody's, without a database."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from wallet.domain import proofs
from wallet.domain.money import Asset
from wallet.services import liabilities
from wallet.services import proofs as own_proofs
from wallet.services.install import market_asset

ASSETS = {asset.name.lower(): asset for asset in (Asset.TRC10, Asset.TRC20)}


class Command(BaseCommand):
    help = "Write the proof of a transfer or of what is owed to a user, or check one that somebody gave you."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        show = verbs.add_parser("show", help="write the proof that a transfer is sealed, with the whole chain of seals")
        show.add_argument("number", type=int, metavar="TRANSFER_ID")
        owed = verbs.add_parser("owed", help="write the proof that the newest snapshot counts a user's balance")
        owed.add_argument("number", type=int, metavar="USER_ID")
        owed.add_argument("--asset", choices=ASSETS, help="default: the market's")
        verify = verbs.add_parser("verify", help="check a proof; the database is not asked")
        verify.add_argument("file", type=Path, metavar="FILE")
        verify.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, verb: str, **options: Any) -> None:
        if verb == "verify":
            self._verify(options["file"], as_json=options["json"])
        elif verb == "show":
            self._show(
                own_proofs.inclusion(options["number"], max_links=proofs.MAX_LINKS), "it is not there or not sealed"
            )
        else:
            taken = liabilities.newest(ASSETS[options["asset"]] if options["asset"] else market_asset())
            proof = liabilities.proof_for(options["number"], snapshot=taken) if taken else None
            self._show(proof, "no snapshot counts such a user")

    def _show(self, proof: proofs.Inclusion | proofs.Liability | None, otherwise: str) -> None:
        if proof is None:
            raise CommandError(otherwise)
        self.stdout.write(json.dumps(proof.as_json(), ensure_ascii=False, indent=1))

    def _verify(self, path: Path, *, as_json: bool) -> None:
        try:
            if path.stat().st_size > proofs.MAX_BYTES:
                raise CommandError(f"{path} is too large to be a proof")
            verified = proofs.verify_json(path.read_bytes())
        except OSError as problem:
            raise CommandError(f"{path} can't be read: {problem}") from None
        except proofs.BadProof as problem:
            raise CommandError(str(problem)) from None
        if as_json:
            self.stdout.write(json.dumps({"format": verified.format, "hash": verified.hash, "holds": True}))
            return
        self.stdout.write(
            f"{verified.sentence}\nThe proof holds if this is the hash that was published: {verified.hash}"
        )
