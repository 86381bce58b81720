"""What halts, comparisons and doubts keep in words, in English: what was found, and in which rows.

Whoever shows one says it again in the language of its reader. Several stand on lines of their own.
"""

from wallet.domain.chain_words import TROUBLES
from wallet.domain.language import gettext_noop
from wallet.domain.signer_words import SIGNER

# --- the chain beside the books
HAS_MORE = gettext_noop("At block %(height)s the chain has %(units)s units of %(unit)s more than the books.")
HAS_LESS = gettext_noop("At block %(height)s the chain has %(units)s units of %(unit)s less than the books.")
FEE_NOT_BOOKED = gettext_noop("Fee of %(tx_id)s is not booked.")
DEPOSIT_MOVED = gettext_noop("Deposit %(pk)s says %(units)s units, its movement %(moved)s.")
DEPOSIT_BOOKED = gettext_noop("Deposit %(pk)s and its transfer %(transfer)s differ.")
DEPOSIT_ROUNDED = gettext_noop("Deposit %(pk)s books another amount than came.")
NOTHING_MADE = gettext_noop("Nothing was made of what came in %(tx_id)s (%(kind)s %(index)s).")
FINAL_PAYS = gettext_noop("Withdrawal %(pk)s is final, and %(tx_id)s pays %(units)s.")
DEAD_PAYS = gettext_noop("%(tx_id)s of withdrawal %(pk)s is dead, and pays %(units)s.")
FAILED_PAYS = gettext_noop("%(tx_id)s of withdrawal %(pk)s is failed, and pays %(units)s.")
FROM_NOTHING = gettext_noop(
    "Transfer %(pk)s books %(amount)s from the chain (%(cause)s), and nothing of the chain is behind it."
)
TO_NOTHING = gettext_noop(
    "Transfer %(pk)s books %(amount)s to the chain (%(cause)s), and nothing of the chain is behind it."
)
NO_WITHDRAWAL = gettext_noop(
    "%(units)s units of %(unit)s from %(sender)s to %(recipient)s in %(tx_id)s is no withdrawal of this box."
)
DIFFERENCES = (
    *(FEE_NOT_BOOKED, DEPOSIT_MOVED, DEPOSIT_BOOKED, DEPOSIT_ROUNDED, NOTHING_MADE),
    *(FINAL_PAYS, DEAD_PAYS, FAILED_PAYS, FROM_NOTHING, TO_NOTHING, NO_WITHDRAWAL),
)

# --- what left, and what an endpoint says
UNEXPLAINED = gettext_noop("No withdrawal of this box explains: %(names)s")
MOVED = gettext_noop("%(units)s units of %(unit)s from %(sender)s to %(recipient)s in %(tx_id)s")
SAYS_OTHERWISE = gettext_noop("An endpoint says otherwise than the blocks: %(missing)s")
MORE_THERE = gettext_noop("%(address)s has %(amount)s %(unit)s more")
LESS_THERE = gettext_noop("%(address)s has %(amount)s %(unit)s less")
THERE = (MORE_THERE, LESS_THERE)
ANOTHER_ID = gettext_noop("%(endpoint)s was given %(tx_id)s and calls it by another id: %(message)s")
DENIED = gettext_noop("the endpoints deny %(tx_id)s, which our own scan has found")
STOPS_CREDIT = gettext_noop("%(problem)s. Nothing is credited from there on.")
LAGS = gettext_noop("The newest block that was read is %(height)s. %(problem)s")

# --- the signer
CONFLICT = gettext_noop(
    "%(problem)s. The books may come from an older backup. What it has signed is taken over when this attempt is dead "
    "for certain."
)
NOT_BY_PAYER = gettext_noop("the signature of %(key)s is not by the address that pays")
OTHER_SEED = gettext_noop("The signer holds another seed than the one that deposits go to.")
OTHER_ADDRESS = gettext_noop("The signer's first deposit address is %(theirs)s, and by its key %(ours)s.")
OLD_BOOKS = gettext_noop("The books are older than what the signer has signed: a backup was put back.")
FOLLOWED = gettext_noop("It had signed %(tx_id)s as %(key)s; that is followed now.")
RESTS = gettext_noop("withdrawal %(pk)s is neither sent nor returned until an admin rejects it.")

# --- why a withdrawal is in doubt
IN_DOUBT = gettext_noop("The signer has signed %(tx_id)s as %(key)s, and %(why)s.")
NO_APPROVAL = gettext_noop("the box knows of no approval")
NOT_FOLLOWED = gettext_noop(
    "its user may not pay now, or no endpoint keeps the block that would show what became of it"
)
BOOKED_ALREADY = gettext_noop("an operator has booked that payment already")
NOT_OURS = gettext_noop("that is no payment of ours")
NOT_SIGNED_BY_PAYER = gettext_noop("its signature is not by the address that pays")
PAYS_OTHERWISE = gettext_noop("that pays another amount, or somebody else")
TOO_EARLY = gettext_noop("that was before this withdrawal was asked for")
OTHER_CHAIN = gettext_noop("that refers to a block which is not of this chain")
DOUBTS = (
    *(IN_DOUBT, NO_APPROVAL, NOT_FOLLOWED, BOOKED_ALREADY, NOT_OURS),
    *(NOT_SIGNED_BY_PAYER, PAYS_OTHERWISE, TOO_EARLY, OTHER_CHAIN),
)

HALTS = (
    *(HAS_MORE, HAS_LESS, *DIFFERENCES, UNEXPLAINED, MOVED, SAYS_OTHERWISE, *THERE),
    *(ANOTHER_ID, DENIED, LAGS, OTHER_SEED, OTHER_ADDRESS, NOT_BY_PAYER),
    *(OLD_BOOKS, FOLLOWED, RESTS, *DOUBTS, CONFLICT, STOPS_CREDIT),  # those that begin with any value come last
    *SIGNER,
    *TROUBLES,
)
