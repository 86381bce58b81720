"""What rows of withdrawals keep in words, in English: why money returned, why something waits, what was done.

Whoever shows one says it again in the language of its reader.
"""

from wallet.domain import finality
from wallet.domain.language import gettext_noop
from wallet.domain.shape_words import CALL_FAILS

# --- why one ended as it did
UNAPPROVED = gettext_noop("No admin approved it in time. Nothing was taken.")
CANCELLED = gettext_noop("You cancelled it.")
UNWANTED = gettext_noop("It was lost on the way to the network, and you wanted no further attempt. Your money is back.")
FAILED = gettext_noop(
    "The chain took it and it failed there: %(why)s. "
    "Your money is back, with the fee; what the network has burned the box bears."
)
MOVED_NOTHING = gettext_noop("it did not move the token")
REFUSED = gettext_noop("The signer refused it. Your money is back.")
LOST = gettext_noop("%(attempts)s attempts came into no block. Your money is back.")
LOST_AS_SAID = gettext_noop("%(attempts)s attempts came into no block. The network said: %(code)s. Your money is back.")
LOST_UNSIGNED = gettext_noop(
    "%(attempts)s attempts came into no block. The signer could not sign it. Your money is back."
)
REASONS = (UNAPPROVED, CANCELLED, UNWANTED, FAILED, MOVED_NOTHING, REFUSED, LOST_AS_SAID, LOST_UNSIGNED, LOST)

# --- what the log of operators calls one; what the operator typed stands after a colon
DECIDED = gettext_noop("Withdrawal %(pk)s, %(amount)s to %(address)s")

# --- what was done about an attempt
IN_BLOCK = gettext_noop("block %(block)s")
BLOCK_GONE = gettext_noop("block %(block)s is gone")
SIGNED_BEFORE = gettext_noop("the signer had signed it as %(key)s")
SIGNER_SILENT = gettext_noop("the signer can't say whether it has signed another attempt")
SCANNED = gettext_noop("our own scan has found it")
NOT_SCANNED = gettext_noop("our own scan has not come to block %(block)s yet")
STANDS_STILL = gettext_noop("withdrawals are stopped, and nothing is given up meanwhile")

# --- why nothing is signed, or the queue waits
STOPPED = "withdrawals are stopped"  # why the queue waits begins like this when everybody may know it
STOPPED_BY = gettext_noop("withdrawals are stopped: %(why)s")
CATCHING_UP = gettext_noop("the chain is still being read after an absence")
NEVER_COMPARED = gettext_noop("the chain was not held against the books yet")
COMPARED_LAST = gettext_noop("the chain was held against the books last on %(at)s UTC")
READ_LAST = gettext_noop("the newest block of the chain was read on %(at)s UTC")
DIFFER = gettext_noop("the chain and the books differ")
HALTED = {  # by the reason of a halt
    "reconciliation": DIFFER,
    "outgoing": gettext_noop("money left that no withdrawal explains"),
    "audit": gettext_noop("the audit found something"),
    "endpoints": gettext_noop("the chain endpoints disagree"),
    "network": gettext_noop("an endpoint is on another network, or its chain went backwards"),
    "lag": gettext_noop("the chain is not being read"),
    "lied": gettext_noop("an endpoint has lied"),
    "signer": gettext_noop("the signer is in doubt of itself"),
    "operator": gettext_noop("an operator has stopped withdrawals"),
}
NO_HOT_ADDRESS = gettext_noop("the signer has not said yet which address pays")
UNREAD = gettext_noop("the chain can't be read: %(problem)s")
UNSIGNED = gettext_noop("the signer does not sign: %(why)s")
NO_TRX = gettext_noop("the address that pays has too little TRX for the chain's fees")
_UNCOMPARED = (NEVER_COMPARED, COMPARED_LAST, READ_LAST, DIFFER)
WAITS = (STOPPED_BY, CATCHING_UP, *_UNCOMPARED, *HALTED.values(), NO_HOT_ADDRESS, UNREAD, UNSIGNED, NO_TRX)
EVENTS = (
    *(BLOCK_GONE, IN_BLOCK, SIGNED_BEFORE, SIGNER_SILENT, SCANNED, NOT_SCANNED, STANDS_STILL),
    *finality.WHY,
    *_UNCOMPARED,
)

# --- why one stands aside
TOO_LITTLE = "the address that pays has too little"  # it begins like this: its user may know so much
LACKS = gettext_noop("the address that pays has too little, %(has)s that is not spoken for, and this takes %(amount)s")
# Of what was signed and forgotten, so that nobody can say what became of it.
OLD_BLOCK = gettext_noop(
    "it was signed before, and no endpoint gives the block that it refers to, so it can't be followed"
)
FAILS = (LACKS, OLD_BLOCK, CALL_FAILS)
