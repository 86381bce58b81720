"""What the signer says of itself and of what it does not sign, in English: whoever shows it says it again.

Rows and its command have it as it is; the signer's own process knows no language at all.
"""

from wallet.domain.language import gettext_noop

AWAY = gettext_noop("the signer does not answer at %(path)s (%(problem)s)")
UNREADABLE_ANSWER = gettext_noop("the signer's answer can't be read: %(problem)s")
UNLIMITED = gettext_noop(
    "nothing leaves the hot address in an asset until you set its limits with `manage.py wallet limits`: %(asset)s"
)
KEY_FILE_OPENS = gettext_noop(
    "The keys for %(network)s open by the file %(key_file)s: whoever reads it and the keystore has the money. "
    "Use a passphrase (`manage.py wallet rotate --passphrase`), or keep that file where neither backups nor "
    "other users come."
)
NO_LIMITS = gettext_noop(
    "Nothing leaves the hot address in an asset until you set its limits with `manage.py wallet limits`: %(assets)s."
)
CONFIRM = gettext_noop(
    "%(doubt)s: compare its newest signature with the ledger's attempts, then run `manage.py wallet confirm`"
)
NOT_DEAD = gettext_noop("%(subject)s was signed, as the ledger knows, and nothing proves that it is dead")
UNKNOWN_SIGNATURE = gettext_noop("the ledger knows a signature of %(key)s that the store does not")
NO_KEYS = gettext_noop("there are no keys yet: run `manage.py wallet init` or `manage.py wallet import`")
LOCKED = gettext_noop("the keys are locked: run `manage.py wallet unlock`")
NO_HUB = gettext_noop("the hub has no key yet, as the keystore could not be written: look at its disk")
MEND = gettext_noop(
    "stop the signer, move the whole folder `signer/` away, run `manage.py wallet restore FILE`, start the signer and "
    "run `manage.py wallet confirm`"
)
MEND_ALONE = gettext_noop("without a backup move the store alone away and run `manage.py wallet confirm`")
OTHER_NETWORK = gettext_noop(
    "the keys are those for %(theirs)s, not for %(ours)s: set WALLET_NETWORK back, or give this network a data "
    "folder of its own"
)
NO_KEY_IN_FILE = gettext_noop("the key file %(path)s has no key for this keystore")
CANT_BE_READ = gettext_noop("%(path)s can't be read (%(problem)s)")
KEYSTORE_ALTERED = gettext_noop("the keystore was altered: it names other addresses than its keys have")
STORE_GONE = gettext_noop("the signer's store is gone")
STORE_EMPTY = gettext_noop("the store is empty")
FILE_GONE = gettext_noop("the file %(name)s beside the store is gone")
STORE_SHORTENED = gettext_noop("the store was shortened, or an older one was put back: entry %(newest)s is not there")
STORE_COPIED = gettext_noop("the store's file is a copy: it was moved, or put back from a backup")
STORE_CHANGED = gettext_noop("the store was changed at entry %(count)s, or belongs to other keys")
STORE_UNREADABLE = gettext_noop("the store can't be read (%(problem)s)")
SIGNER_STORE_UNREADABLE = gettext_noop("the signer's store can't be read (%(problem)s): look at its disk")
STORE_UNWRITABLE = gettext_noop("the signer's store can't be written (%(problem)s): look at its disk")
OTHER_BLOCK = gettext_noop("the transaction refers to another block than the one that was handed over")
EXPIRES_LATE = gettext_noop("it expires %(life_ms)s ms after its block: allowed is up to %(longest_ms)s, by chain time")
PAYS_NOTHING = gettext_noop("it pays nothing")
OTHER_SENDER = gettext_noop("%(sender)s pays, and that is not the address that was named")
NO_TRX_OUT = gettext_noop("TRX is not paid out")
FROM_HOT_ALONE = gettext_noop("withdrawals are paid from the hot address alone")
SWEEP_TO_HOT = gettext_noop("a sweep goes from a deposit address to the hot address")
GAS_FROM_HOT = gettext_noop("gas is TRX from the hot address to a deposit address that was confirmed")
NO_SUCH_PURPOSE = gettext_noop("nothing is signed for this purpose")
OTHER_BYTES = gettext_noop("%(attempt_key)s was signed before, with other bytes")
OUT_OF_TURN = gettext_noop("%(attempt_key)s comes after attempt %(number)s, which was signed")
PAYS_OTHERWISE = gettext_noop("it pays something else, or somebody else, than the attempt before")
EARLIER_NOT_DEAD = gettext_noop("attempt %(number)s was signed, and nothing proves that it is dead")
PROOF_OF_OTHER = gettext_noop("the proof is of another transaction than attempt %(number)s")
BEFORE_DEATH = gettext_noop("the new attempt refers to a block from before the proof that %(dead)s died")
FEW_ENDPOINTS = gettext_noop("the proof needs %(needed)s endpoints that do not have the transaction")
INDEX_TOO_SHORT = gettext_noop("our own index does not reach to the block of the proof")
NO_HEADER = gettext_noop("this is no header of a block: %(problem)s")
HEADER_NOT_CANONICAL = gettext_noop("these bytes are not the canonical ones of their block's header")
ABOVE_LIMIT = gettext_noop("it is above the signer's limit for one transaction, %(per_transaction)s")
ABOVE_HOUR = gettext_noop("with it the signer would sign more than %(most)s in an hour; ask again later")
ABOVE_DAY = gettext_noop("with it the signer would sign more than %(most)s in a day; ask again later")
NO_TRANSACTION = gettext_noop("these bytes are no transaction: %(problem)s")
NOT_CANONICAL = gettext_noop("these bytes are not the canonical ones of their transaction")
OTHER_TXID = gettext_noop("the txID is that of another transaction")
MEMO = gettext_noop("a memo or a permission stands in it, which nothing of ours has")
OTHER_TOKEN = gettext_noop("it moves the token %(asset_id)s, which is not ours")
OTHER_CONTRACT = gettext_noop("it calls %(contract)s, which is not our token")
FEE_LIMIT = gettext_noop("its fee limit is %(fee_limit_sun)s sun: allowed is up to %(most_sun)s")
NO_TRANSFER = gettext_noop("it calls something else of the token than a transfer")
NOT_OURS = gettext_noop("it is no payment of ours")
OWN_OR_NOBODYS = gettext_noop("%(recipient)s is our own, or nobody's: nothing is paid out to it")
NOT_OVER = gettext_noop("attempt %(number)s was not over at the block of the proof")
BEFORE_END = gettext_noop("the new attempt refers to a block from before the end of attempt %(number)s")


# --- its files
KEY_FILE_UNREADABLE = gettext_noop("the key file %(path)s can't be read (%(strerror)s)")
KEY_FILE_OPEN = gettext_noop("others may read the key file %(path)s: chmod 600 it")
KEY_FILE_LINE = gettext_noop("the key file %(path)s has a line that is no key")
NO_KEYSTORE = gettext_noop("%(path)s is no keystore: %(problem)s")
TOO_LARGE = gettext_noop("it is too large")
NO_JSON = gettext_noop("it is not JSON")
NO_CURRENT = gettext_noop("the version that counts is missing")
NEWER_SHAPE = gettext_noop("it has another shape, or was written by a newer version of this program")
OTHER_SHAPE = gettext_noop("it has another shape")
VERSION_SHAPE = gettext_noop("a version has another shape")
VERSION_SECRETS = gettext_noop("a version has other secrets than a keystore has")
SEALED_SHAPE = gettext_noop("something sealed has another shape")
NOT_HEXADECIMAL = gettext_noop("something is not hexadecimal")
DOES_NOT_OPEN = gettext_noop("it does not open: the passphrase or key is wrong, or what was sealed has been altered")
COST_BEYOND = gettext_noop("it does not open: the cost of its passphrase is beyond what is allowed")
COST_UNKNOWN = gettext_noop("it does not open: the cost of its passphrase is none that scrypt knows")
NOT_ALLOWED = gettext_noop("user %(uid)s may not ask the signer")
TOO_MANY = gettext_noop("too many ask the signer at once")
NOT_OWN_USER = gettext_noop("only the signer's own user may ask this")
NO_QUESTION = gettext_noop("the signer does not know this question")
ATTEMPT = gettext_noop("attempt %(number)s")
SYSTEM = (  # what the system says when nobody answers
    *(gettext_noop("No such file or directory"), gettext_noop("Connection refused"), gettext_noop("timed out")),
    *(gettext_noop("Permission denied"), gettext_noop("Broken pipe"), gettext_noop("Connection reset by peer")),
    gettext_noop("it hung up"),
)

SIGNER = (
    *(AWAY, UNREADABLE_ANSWER, UNLIMITED, KEY_FILE_OPENS, NO_LIMITS, UNKNOWN_SIGNATURE, NO_KEYS, LOCKED, NO_HUB),
    *(MEND, MEND_ALONE),
    *(OTHER_NETWORK, NO_KEY_IN_FILE, KEYSTORE_ALTERED, STORE_GONE, STORE_EMPTY, FILE_GONE, STORE_SHORTENED),
    *(STORE_COPIED, STORE_CHANGED, STORE_UNREADABLE, SIGNER_STORE_UNREADABLE, STORE_UNWRITABLE, OTHER_BLOCK),
    *(EXPIRES_LATE, PAYS_NOTHING, NO_TRX_OUT, FROM_HOT_ALONE, SWEEP_TO_HOT, GAS_FROM_HOT, NO_SUCH_PURPOSE),
    *(PAYS_OTHERWISE, EARLIER_NOT_DEAD, PROOF_OF_OTHER, BEFORE_DEATH, FEW_ENDPOINTS, INDEX_TOO_SHORT, NO_HEADER),
    *(HEADER_NOT_CANONICAL, ABOVE_LIMIT, ABOVE_HOUR, ABOVE_DAY, NO_TRANSACTION, NOT_CANONICAL, OTHER_TXID, MEMO),
    *(OTHER_TOKEN, OTHER_CONTRACT, FEE_LIMIT, NO_TRANSFER, NOT_OURS, NOT_OVER, BEFORE_END, KEY_FILE_UNREADABLE),
    *(KEY_FILE_OPEN, KEY_FILE_LINE, TOO_LARGE, NO_JSON, NO_CURRENT, NEWER_SHAPE, OTHER_SHAPE, VERSION_SHAPE),
    *(VERSION_SECRETS, SEALED_SHAPE, NOT_HEXADECIMAL, DOES_NOT_OPEN, COST_BEYOND, COST_UNKNOWN, NOT_ALLOWED),
    *(TOO_MANY, NOT_OWN_USER, NO_QUESTION, *SYSTEM),
    # those that begin with any value come last
    *(NOT_DEAD, CANT_BE_READ, OTHER_SENDER, OTHER_BYTES, OUT_OF_TURN, OWN_OR_NOBODYS, NO_KEYSTORE, CONFIRM),
    ATTEMPT,
)
