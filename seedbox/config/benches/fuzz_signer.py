"""What the signer reads: questions on its socket, keystores, key files and backups that somebody brings along."""

from pathlib import Path
from tempfile import TemporaryDirectory

from seedbox.config.benches import fuzz_mutations as mutations
from seedbox.config.benches.fuzz_mutations import Target
from wallet.signer import backups, key_files, keystore, messages
from wallet.signer.backups import BadBackup
from wallet.signer.key_files import BadKeyFile
from wallet.signer.keystore import BadKeystore
from wallet.signer.protocol import FRAME_BYTES, BadFrame, frame, parse


def signer_question(data: bytes) -> None:
    request = messages.read_request(parse(data))
    written = frame(messages.write_request(request))
    assert len(written) < FRAME_BYTES, "a request that can't be sent again"
    assert messages.read_request(parse(written[4:])) == request, "a request that means something else the second time"


def wallet_keystore(data: bytes) -> None:
    kept = keystore.parse(data)
    assert keystore.read(keystore.write(kept)) == kept, "a keystore that is another one the second time"
    assert kept.wrap is not None


def wallet_backup(data: bytes) -> None:
    backup = backups.parse(data)
    assert backup.keystore.wrap is not None


def wallet_key_file(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        path.touch(0o600)
        path.write_bytes(data)
        keys = key_files.read(path)
        key_files.change(path, lambda _: keys)
        assert {name: key.reveal() for name, key in key_files.read(path).items()} == {
            name: key.reveal() for name, key in keys.items()
        }, "keys that are others the second time"


SIGNER_TARGETS = (
    Target(
        "signer_question",
        signer_question,
        mutations.mutate_json,
        (BadFrame,),
        (b"dead_proof", b"earlier_proofs", b"newest_signed", b"withdrawal/1/1", b"from_index"),
    ),
    Target("wallet_keystore", wallet_keystore, mutations.mutate_json, (BadKeystore,), (b"wrap", b"secrets", b"salt")),
    Target("wallet_backup", wallet_backup, mutations.mutate_json, (BadBackup,), (b"entries", b"keystore", b"versions")),
    Target("wallet_key_file", wallet_key_file, mutations.mutate_lists, (BadKeyFile,), (b"\n", b" "), 0.02),
)
