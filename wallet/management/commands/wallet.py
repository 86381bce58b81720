"""Make, keep and look after the keys of the chain. Secrets are asked for or read from files, never arguments."""

import json
from argparse import ArgumentParser
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from wallet import wiring
from wallet.chain.devnet_faucet import FaucetAway
from wallet.domain.money import UBTT_PER_BTT
from wallet.domain.networks import Network
from wallet.domain.speed1.signing import hub_id_of
from wallet.domain.tron.addresses import BadAddress, parse_address, to_base58
from wallet.domain.tron.derivation import BadPhrase, check_phrase, new_phrase
from wallet.management import cold, secrets_asked
from wallet.management.signer_setting import signer_client, signer_setting
from wallet.services.install import market_asset
from wallet.services.refusals import Refused
from wallet.signer import backups, founding, hardening, key_files, keystore, rotation, rules, sealing
from wallet.signer.backups import BadBackup
from wallet.signer.client import SignerClient, SignerError, SignerStatus
from wallet.signer.founding import KeysExist, Lock
from wallet.signer.key_files import BadKeyFile
from wallet.signer.keyring import Keyring
from wallet.signer.keystore import BadKeystore, Keystore, Purpose
from wallet.signer.policy import Limit, Rules
from wallet.signer.process import now_ms
from wallet.signer.sealing import Scrypt, WrongKey
from wallet.signer.secret import Secret
from wallet.signer.signer import Place
from wallet.signer.store import BrokenStore

# What goes wrong with what a person has given: a sentence, no traceback.
ABOUT_KEYS = (BadBackup, BadKeyFile, BadKeystore, BadPhrase, BrokenStore, SignerError, KeysExist, WrongKey)
EXPECTED = (*ABOUT_KEYS, BadAddress, FaucetAway, OSError, OperationalError, Refused)
SPANS = ("transaction", "hour", "day")  # that a limit is for


class Command(BaseCommand):
    help = "Make, keep and look after the keys of the chain."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        _sealed(verbs.add_parser("init", help="make new words, show them once, and the keys of them"))
        brings = _sealed(verbs.add_parser("import", help="make the keys of words that you have"))
        brings.add_argument("--file", type=Path, help="a file with the words; else they are asked for")
        brings.add_argument("--address", help="the hot address that must come out; else you confirm it")
        keeps = verbs.add_parser("backup", help="write keys, sealed, and what was signed to a file")
        keeps.add_argument("--to", type=Path, required=True, metavar="FILE", dest="target")
        keeps.add_argument("--backup-passphrase-file", type=Path, metavar="FILE", help="else it is asked for")
        keeps.add_argument("--passphrase-file", type=Path, metavar="FILE", help="of the keys; else it is asked for")
        returns = _sealed(verbs.add_parser("restore", help="make the keys of a backup"))
        returns.add_argument("source", type=Path, metavar="FILE")
        returns.add_argument("--backup-passphrase-file", type=Path, metavar="FILE", help="else it is asked for")
        renews = _sealed(
            verbs.add_parser("rotate", help="seal the keys anew, under a new passphrase or key file's key")
        )
        renews.add_argument("--old-passphrase-file", type=Path, metavar="FILE", help="else it is asked for")
        shows = verbs.add_parser("status", help="say how the signer is")
        shows.add_argument("--json", action="store_true", help="print JSON")
        opens = verbs.add_parser("unlock", help="give the running signer its passphrase")
        opens.add_argument("--file", type=Path, help="a file with the passphrase; else it is asked for")
        confirms = verbs.add_parser("confirm", help="let the signer go on after you have looked at its store")
        confirms.add_argument("--reason", required=True, help="why it may; kept in the store")
        confirms.add_argument("--newest", metavar="KEY", help="the newest attempt it has signed, as you have seen it")
        limits = verbs.add_parser("limits", help="show the signer's own limits, or set those of one asset")
        limits.add_argument("--json", action="store_true", help="print JSON")
        limits.add_argument("--asset", choices=rules.UNITS)
        for name in SPANS:
            limits.add_argument(f"--per-{name}", type=int, metavar="N", help="whole BTT, BTTOLD or TRX")
        limits.add_argument("--receipts-per-day", type=int, metavar="N", help="whole BTT or BTTOLD into channels")
        cold.add_arguments(verbs.add_parser("cold", help="addresses of yours whose keys are kept elsewhere"))
        gives = verbs.add_parser("faucet", help="on a devnet: give TRX, BTT and BTTOLD away")
        gives.add_argument("address", nargs="?", help="default: the hot address, for the treasury")

    def handle(self, *, verb: str, **options: Any) -> None:
        hardening.leave_no_core()  # words and passphrases are in this process too
        try:
            getattr(self, f"_{verb}")(**options)
        except EXPECTED as problem:
            raise CommandError(str(problem)) from None

    # --- making keys

    def _init(self, **options: Any) -> None:
        setting = signer_setting()
        _refuse_second(setting.place)
        with Secret(new_phrase().encode()) as phrase:
            words = phrase.reveal().decode().split()
            self.stdout.write("Write these words on paper, in this order. They are shown this once; whoever has them,")
            self.stdout.write("has the money. Without them and without a backup, a lost disk is lost money.")
            for start in range(0, len(words), 4):
                row = (f"{place:>2} {word:<10}" for place, word in enumerate(words[start : start + 4], start + 1))
                self.stdout.write("   ".join(row).rstrip())
            secrets_asked.check_back(words, say=self.stderr.write)
            self._found(setting.network, setting.place, phrase, address=None, restored=False, **options)

    def _import(self, *, file: Path | None, address: str | None, **options: Any) -> None:
        setting = signer_setting()
        _refuse_second(setting.place)
        text = secrets_asked.read_line(file) if file else secrets_asked.ask("The words, in their order: ")
        with Secret(check_phrase(text).encode()) as phrase:
            self._found(setting.network, setting.place, phrase, address=address, restored=True, **options)

    def _found(
        self, network: Network, place: Place, phrase: Secret, *, address: str | None, restored: bool, **options: Any
    ) -> None:
        ring = Keyring(phrase)
        if address is None:
            secrets_asked.confirm_end(ring.hot_address)
        elif address != ring.hot_address:
            raise CommandError(f"these words give {ring.hot_address}, and not {address}: nothing was changed")
        lock = _new_lock(place, **options)
        entries = () if restored else None
        made = founding.found(place.folder, phrase, lock, network=network.name, at_ms=now_ms(), entries=entries)
        self._tell_made(made, restored=restored, is_new_hub=restored)

    def _tell_made(self, made: Keystore, *, restored: bool, is_new_hub: bool) -> None:
        self.stdout.write(f"The keys for {made.network} are made. Hot address: {made.hot_address}")
        self.stdout.write(f"Public key of the deposit addresses: {made.account_xpub}")
        if made.needs_passphrase:
            self.stdout.write("Open it after every start of the signer: manage.py wallet unlock")
        if restored:
            self.stdout.write("What its signer has signed before, if it did, is not certain any more. It signs nothing")
            self.stdout.write("until you have looked and said so: manage.py wallet confirm --reason …")
        if is_new_hub:
            self.stdout.write(
                "To others this box is another hub now, for the hub key does not come of the words. Tell those"
            )
            self.stdout.write(
                "who trust it the new id, which manage.py wallet status says; a backup would have kept the key."
            )

    # --- keeping it

    def _backup(
        self, *, target: Path, backup_passphrase_file: Path | None, passphrase_file: Path | None, **_: Any
    ) -> None:
        place = signer_setting().place
        kept = _kept(place)
        if target.exists():
            raise CommandError(f"{target} is there already: nothing was changed")
        with _key_of(place, kept, passphrase_file) as key:
            kept.opened(key)  # a wrong passphrase is said before another is asked for
            secret = secrets_asked.new_passphrase(backup_passphrase_file, "the backup")
            backup = backups.make(place.folder, kept, key, founding.lock_by_passphrase(secret))
        backups.write(backup, target)
        with backups.read(target).phrase(secret):
            self.stdout.write(
                f"{target} was written, read again and opened: {len(backup.entries)} entries of the store"
            )
        self.stdout.write("Keep it away from this machine, and its passphrase away from it.")

    def _restore(self, *, source: Path, backup_passphrase_file: Path | None, **options: Any) -> None:
        setting = signer_setting()
        _refuse_second(setting.place)
        backup = backups.read(source)
        if backup.keystore.network != setting.network.name:
            raise CommandError(f"the backup is of keys for {backup.keystore.network}, not {setting.network.name}")
        opened = backup.secrets(secrets_asked.old_passphrase(backup_passphrase_file, "the backup"))
        with opened[Purpose.PHRASE] as phrase:
            made = founding.found(
                setting.place.folder,
                phrase,
                _new_lock(setting.place, **options),
                network=setting.network.name,
                at_ms=now_ms(),
                entries=backup.entries,
                set_id=backup.keystore.set_id,
                hub=opened.get(Purpose.HUB),
            )
        self._tell_made(made, restored=True, is_new_hub=Purpose.HUB not in opened)

    def _rotate(self, *, old_passphrase_file: Path | None, **options: Any) -> None:
        place = signer_setting().place
        kept = _kept(place)
        with _key_of(place, kept, old_passphrase_file) as key:
            kept.opened(key)
            if not any(options[how] for how in ("passphrase", "passphrase_file", "key_file")):
                options["key_file"] = not kept.needs_passphrase  # the same way as before
            rotation.rotate(place, key, lambda: _new_lock(place, **options))
        self.stdout.write("The keys are sealed anew; the old passphrase or key opens nothing of them any more,")
        self.stdout.write("but copies and backups made before. The running signer goes on with what it has open.")

    # --- looking after it

    def _status(self, *, json: bool, **_: Any) -> None:
        client = signer_client()
        status, hub_id = client.status(), _hub_id(client)
        if json:
            self.stdout.write(_as_json(status, hub_id=hub_id))
            return
        self.stdout.write(f"Signs for {status.network}" if status.ready else f"Signs nothing: {status.why_not}")
        known = {"Hot address": status.hot_address, "Deposit addresses": status.account_xpub, "Hub id": hub_id}
        for name, value in known.items():
            self.stdout.write(f"{name}: {value or 'not known while it is locked'}")
        self.stdout.write(f"Store: {status.entries} entries, the newest {status.newest_entry or 'none'}")
        if status.newest_signed:
            self.stdout.write(f"Newest signature: {status.newest_signed[0]}, txID {status.newest_signed[1].hex()}")
        for notice in status.notices:
            self.stdout.write(f"WARNING: {notice}")

    def _unlock(self, *, file: Path | None, **_: Any) -> None:
        client = signer_client()
        with secrets_asked.old_passphrase(file, "the keys") as passphrase:
            client.unlock(passphrase.reveal().decode())
        self._status(json=False)

    def _confirm(self, *, reason: str, newest: str | None, **_: Any) -> None:
        client = signer_client()
        signed = client.status().newest_signed
        said = signed[0] if signed else "none"
        if newest is None:
            self.stdout.write(f"The newest signature in the signer's store: {said}")
            newest = secrets_asked.ask("Look for newer ones in the ledger. Then type it (none, if none): ").strip()
        if newest != said:
            raise CommandError(f"the newest signature in its store is {said}, not {newest}: nothing was changed")
        client.confirm(reason)
        self._status(json=False)

    def _limits(self, *, json: bool, asset: str | None, receipts_per_day: int | None, **options: Any) -> None:
        if not asset and any(options[f"per_{name}"] is not None for name in SPANS):
            raise CommandError("name the --asset: nothing was changed")
        client = signer_client()
        found = client.rules()
        if asset:
            found = _changed(found, asset, options)
        if receipts_per_day is not None:
            if receipts_per_day < 0:
                raise CommandError("a limit is not below zero: nothing was changed")
            found = replace(found, receipts_per_day_ubtt=receipts_per_day * UBTT_PER_BTT)
        if asset or receipts_per_day is not None:
            client.set_rules(found)
        if json:
            self.stdout.write(_as_json(found))
            return
        for name, limit in found.limits.items():
            written = (
                f"{value // rules.UNITS[name]:,}" for value in (limit.per_transaction, limit.per_hour, limit.per_day)
            )
            self.stdout.write("{}: {} at once, {} in an hour, {} in a day".format(name, *written))
        self.stdout.write(f"receipts of the hub: {found.receipts_per_day_ubtt // UBTT_PER_BTT:,} in a day")

    def _cold(self, *, act: str, json: bool, address: str | None = None, **_: Any) -> None:
        signer_setting()
        cold.run(act=act, address=address, as_json=json, say=self.stdout.write)

    def _faucet(self, *, address: str | None, **_: Any) -> None:
        signer_setting()
        faucet = wiring.faucet()
        if faucet is None:
            raise CommandError("only a devnet gives money away")
        given = to_base58(parse_address(address)) if address else signer_client().status().hot_address
        if given is None:
            raise CommandError("the hot address is not known while the signer is locked: name an address")
        faucet.pay_trx(given)
        faucet.pay(given)
        self.stdout.write(f"The faucet has paid to {given}: it counts when its block is solid")


def _sealed(parser: ArgumentParser) -> ArgumentParser:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--passphrase", action="store_true", help="seal under a passphrase, which is asked for (default)")
    how.add_argument("--passphrase-file", type=Path, metavar="FILE", help="seal under the passphrase in a file")
    how.add_argument("--key-file", action="store_true", help="seal under a new key in WALLET_SIGNER_KEY_FILE")
    return parser


def _new_lock(place: Place, *, key_file: bool, passphrase_file: Path | None, **_: Any) -> Lock:
    if key_file:
        return founding.lock_by_key_file(place.key_file)
    with secrets_asked.new_passphrase(passphrase_file, "the keys") as passphrase:
        return founding.lock_by_passphrase(passphrase)


def _kept(place: Place) -> Keystore:
    try:
        return keystore.load(place.keys)
    except FileNotFoundError:
        raise CommandError("there are no keys yet: make them with init, import or restore") from None


def _key_of(place: Place, kept: Keystore, passphrase_file: Path | None) -> Secret:
    if isinstance(kept.wrap, Scrypt):
        with secrets_asked.old_passphrase(passphrase_file, "the keys") as passphrase:
            return sealing.stretch(passphrase, kept.wrap)
    key = key_files.read(place.key_file).get(kept.wrap)
    if key is None:
        raise CommandError(f"the key file {place.key_file} has no key for this keystore")
    return key


def _refuse_second(place: Place) -> None:
    """Say it before words are shown or asked for."""
    if place.folder.exists():
        raise KeysExist(f"there are keys already: {place.folder}. Nothing was changed")


def _changed(found: Rules, asset: str, options: dict[str, Any]) -> Rules:
    asked = [options[f"per_{name}"] for name in SPANS]
    if any(value is None or value < 0 for value in asked):
        raise CommandError("give --per-transaction, --per-hour and --per-day")
    limit = Limit(*(value * rules.UNITS[asset] for value in asked))
    return replace(found, limits={**found.limits, asset: limit}, chosen=(*found.chosen, asset))


def _hub_id(client: SignerClient) -> str | None:
    """Return what others must trust to trade at this box's hub."""
    try:
        return hub_id_of(client.hub_key(market_asset())).hex()
    except SignerError:
        return None


def _as_json(value: SignerStatus | Rules, **more: str | None) -> str:
    return json.dumps(asdict(value) | more, default=bytes.hex)
