"""What the audit of the books says of rows that do not fit, in English: its command shows it so, and rows keep it.

Whoever shows it on a page says it again in the language of its reader. `QUESTIONS` of audits give their columns to the
values of a sentence in the order in which they stand in it.
"""

from wallet.domain.accounts import AccountKind
from wallet.domain.language import gettext_noop
from wallet.domain.retelling import Counted as ngettext
from wallet.domain.retelling import Text

HALTS = ngettext(
    "%(count)s thing in the books does not fit. %(first)s", "%(count)s things in the books do not fit. %(first)s"
)

# --- which row, by its table's name in the database
ROWS = {
    "account": gettext_noop("account %(row)s: %(says)s"),
    "answer": gettext_noop("answer %(row)s: %(says)s"),
    "attempt": gettext_noop("attempt %(row)s: %(says)s"),
    "chaincursor": gettext_noop("chaincursor %(row)s: %(says)s"),
    "chainmovement": gettext_noop("chainmovement %(row)s: %(says)s"),
    "channel": gettext_noop("channel %(row)s: %(says)s"),
    "deposit": gettext_noop("deposit %(row)s: %(says)s"),
    "endedhold": gettext_noop("endedhold %(row)s: %(says)s"),
    "hold": gettext_noop("hold %(row)s: %(says)s"),
    "kindrollup": gettext_noop("kindrollup %(row)s: %(says)s"),
    "operatoract": gettext_noop("operatoract %(row)s: %(says)s"),
    "rollupcursor": gettext_noop("rollupcursor %(row)s: %(says)s"),
    "seal": gettext_noop("seal %(row)s: %(says)s"),
    "transfer": gettext_noop("transfer %(row)s: %(says)s"),
    "withdrawal": gettext_noop("withdrawal %(row)s: %(says)s"),
}
ROW = gettext_noop("%(table)s %(row)s: %(says)s")  # of what other apps keep
ALL = gettext_noop("all")
ALL_OF_ASSET = gettext_noop("all of asset %(asset)s")
SPANS = {
    "hour": gettext_noop("of the hour (%(where)s)"),
    "day": gettext_noop("of the day (%(where)s)"),
    "month": gettext_noop("of the month (%(where)s)"),
}

# --- whose account
ACCOUNTS = {
    AccountKind.CHAIN: gettext_noop("chain (%(unit)s)"),
    AccountKind.USER: gettext_noop("user %(ref)s (%(unit)s)"),
    AccountKind.CHANNEL: gettext_noop("channel %(ref)s (%(unit)s)"),
    AccountKind.BOUNTY: gettext_noop("bounty %(ref)s (%(unit)s)"),
    AccountKind.IN_FLIGHT: gettext_noop("in flight (%(unit)s)"),
    AccountKind.SUSPENSE: gettext_noop("suspense (%(unit)s)"),
    AccountKind.FEES: gettext_noop("fees (%(unit)s)"),
    AccountKind.NETWORK_FEES: gettext_noop("network fees (%(unit)s)"),
    AccountKind.ROUNDING: gettext_noop("rounding (%(unit)s)"),
    AccountKind.TREASURY: gettext_noop("treasury (%(unit)s)"),
    AccountKind.EARNINGS: gettext_noop("earnings %(ref)s (%(unit)s)"),
}
NO_ACCOUNT = gettext_noop("account %(number)s")

# --- states, as rows have them
STATES = (
    *(gettext_noop("checking"), gettext_noop("queued"), gettext_noop("sending"), gettext_noop("final")),
    *(gettext_noop("returned"), gettext_noop("cancelled"), gettext_noop("rejected")),
    *(gettext_noop("prepared"), gettext_noop("signed"), gettext_noop("broadcast"), gettext_noop("seen")),
    *(gettext_noop("failed"), gettext_noop("dead")),
    *(gettext_noop("credited"), gettext_noop("operator"), gettext_noop("suspense"), gettext_noop("small")),
    *(gettext_noop("large"), gettext_noop("internal")),
)

# --- transfers and accounts
NOT_WHOLE = gettext_noop("has a number that is not whole in %(numbers)s")
TWICE = gettext_noop("%(account)s is there twice")
RENAMED = gettext_noop("is not what was asked for, or an account of it was renamed")
NOT_ZERO = gettext_noop("balances add up to %(total_ubtt)s µ, not to 0")
NOT_WHOLE_FOR = gettext_noop("has a number for %(account)s that is not whole")
OLD_VERSION = gettext_noop("is version %(version)s of %(account)s, which is at %(before)s")
VERSIONS_GONE = gettext_noop("versions %(first)s to %(last)s of %(account)s before this is gone, or comes after it")
VERSION_GONE = gettext_noop("version %(first)s of %(account)s before this is gone, or comes after it")
OTHER_BALANCE = gettext_noop("says %(says_ubtt)s µ for %(account)s; amounts up to here make %(made_ubtt)s")
BELOW_ZERO = gettext_noop("leaves %(balance_ubtt)s µ on %(account)s, which is below zero")
ACCOUNT_GONE = gettext_noop("is gone; transfer %(transfer_id)s is the first that names it")
TO_ITSELF = gettext_noop("goes from %(debit)s to itself")
OTHER_ASSET = gettext_noop("of asset %(asset)s goes from %(debit)s to %(credit)s")
NO_WAY = gettext_noop("of kind %(kind)s must not go from %(debit)s to %(credit)s")
NO_AMOUNT = gettext_noop("%(amount)s is no amount")
LAST_GONE = gettext_noop("%(account)s knows of %(gone)s more transfers than there are: the last are gone")
NONE_OF_THEM = gettext_noop("%(account)s knows of %(count)s transfers, and this is none of them")
OTHER_SUM = gettext_noop("%(account)s says %(says_ubtt)s µ; its transfers add up to %(made_ubtt)s")
BELOW_HELD = gettext_noop("%(account)s is below zero, or below what is held of it")
OUT_OF_BOUNDS = gettext_noop("%(account)s is out of bounds")
NAMES_NO_ACCOUNT = gettext_noop("asset %(asset)s, kind %(kind)s, %(ref)s names no account")
TRANSFERS = (
    *(NOT_WHOLE, RENAMED, NOT_ZERO, NOT_WHOLE_FOR, OLD_VERSION, VERSIONS_GONE, VERSION_GONE, OTHER_BALANCE),
    *(BELOW_ZERO, ACCOUNT_GONE, TO_ITSELF, OTHER_ASSET, NO_WAY, NAMES_NO_ACCOUNT),
)
# These begin with any value, so they come last.
OF_ACCOUNTS = (LAST_GONE, NONE_OF_THEM, OTHER_SUM, BELOW_HELD, OUT_OF_BOUNDS, TWICE, NO_AMOUNT)

# --- seals
GONE_WITH_ALL = gettext_noop("stands %(where)s and is gone, with what followed; there is none")
GONE_WITH_OTHERS = gettext_noop("stands %(where)s and is gone, with what followed; the newest is %(newest)s")
OTHER_HASH = gettext_noop("stands %(where)s with another hash: history was written anew")
WHERE_NOTED = gettext_noop("with whoever noted it")
WHERE_FILE = gettext_noop("in %(name)s in the data folder")
NO_SEAL_THERE = gettext_noop("%(name)s in the data folder names no seal: somebody changed it")
UNSEALED = gettext_noop("comes before seal %(number)s; no seal covers this and what may follow up to there")
SEALS_GONE = gettext_noop("follows seal %(number)s: those between are gone")
NOT_CHAINED = gettext_noop("is not chained to the seal before it")
BEGINS_WRONG = gettext_noop("begins with transfer %(first_id)s; the seal before ends with %(last_id)s")
COVERS_SO_MANY = gettext_noop("covers %(count)s transfers from %(first_id)s to %(last_id)s; there are %(found)s")
COVERS_OTHERS = gettext_noop("covers %(first_id)s to %(last_id)s, not %(first)s to %(last)s")
OTHER_ROOT = gettext_noop("has another root: a transfer from %(first_id)s to %(last_id)s was changed")
OTHER_TOTALS = gettext_noop("has other totals than its transfers")
SEAL_CHANGED = gettext_noop("was changed: its hash is another")
SEAL_UNREADABLE = gettext_noop("can't be read")
SEALS = (
    *(GONE_WITH_ALL, GONE_WITH_OTHERS, OTHER_HASH, WHERE_NOTED, WHERE_FILE, UNSEALED, SEALS_GONE, NOT_CHAINED),
    *(BEGINS_WRONG, COVERS_SO_MANY, COVERS_OTHERS, OTHER_ROOT, OTHER_TOTALS, SEAL_CHANGED, SEAL_UNREADABLE),
    NO_SEAL_THERE,
)

# --- holds, keys, reversals and channels
ENDS_NO_HOLD = gettext_noop("ends a hold that is not there")
ENDS_OFTEN = gettext_noop("ends its hold %(count)s times")
PLACED_NO_HOLD = gettext_noop("says that hold %(hold)s was placed, which is not there")
ENDED_NO_HOLD = gettext_noop("says that hold %(hold)s ended, which it did not, or otherwise")
POSTS_OTHERWISE = gettext_noop(
    "posts %(posted_ubtt)s µ by transfer %(transfer)s, which posts another hold or amount, from elsewhere, or is not "
    "there"
)
MOVED_UNPOSTED = gettext_noop("says that a hold which was not posted moved %(posted_ubtt)s µ by transfer %(transfer)s")
POSTED_ELSEWHERE = gettext_noop("posts hold %(hold)s, which ended otherwise or by another transfer")
KEY_OF_TRANSFERS = gettext_noop("has a key that %(count)s transfers share")
KEY_OF_ANSWERS = gettext_noop("has a key that %(count)s answers share")
KEY_OF_BOTH = gettext_noop("says that its key was carried out, which transfer %(transfer)s has too")
MIRRORS_NOT = gettext_noop("does not mirror transfer %(transfer)s, which it reverses")
REVERSED_OFTEN = gettext_noop("is the last of %(count)s that reverse one transfer")
NAMES_NO_TRANSFER = gettext_noop("names transfer %(transfer)s, which is not there")
HOLD_OF_NOBODY = gettext_noop("is on account %(account_id)s, which is not there")
HOLD_NOT_ASKED = gettext_noop("is not what was asked for: no answer has the hash of its body")
END_NOT_ASKED = gettext_noop("was not asked for: no answer has the hash of its body")
HELD_OTHERWISE = gettext_noop(
    "%(account)s says that %(says_ubtt)s µ are held; its running holds add up to %(held_ubtt)s"
)
OTHERS_ACCOUNT = gettext_noop("has account %(account_id)s, which is not its own")
REDEEMED_OTHERWISE = gettext_noop("says %(redeemed_ubtt)s µ were redeemed; its transfers make %(paid_ubtt)s")
PUT_IN_OTHERWISE = gettext_noop("says %(amount_ubtt)s µ were put in; its transfers make %(put_in_ubtt)s")
OPEN_WITH = gettext_noop("is open with %(balance_ubtt)s µ, not %(left_ubtt)s")
ENDED_WITH = gettext_noop("has ended with %(balance_ubtt)s µ, not %(left_ubtt)s")
SETS = (
    *(ENDS_NO_HOLD, ENDS_OFTEN, PLACED_NO_HOLD, ENDED_NO_HOLD, POSTS_OTHERWISE, MOVED_UNPOSTED, POSTED_ELSEWHERE),
    *(KEY_OF_TRANSFERS, KEY_OF_ANSWERS, KEY_OF_BOTH, MIRRORS_NOT, REVERSED_OFTEN, NAMES_NO_TRANSFER),
    *(HOLD_OF_NOBODY, HOLD_NOT_ASKED, END_NOT_ASKED, OTHERS_ACCOUNT, REDEEMED_OTHERWISE, PUT_IN_OTHERWISE),
    *(OPEN_WITH, ENDED_WITH, HELD_OTHERWISE),
)

# --- the chain
BOOKED_ELSEWHERE = gettext_noop("was booked by transfer %(transfer)s, which is not there, or books something else")
HAS_NO_TRANSFER = gettext_noop("is %(state)s and has no transfer")
HAS_NO_DEPOSIT = gettext_noop("brings money from the chain, and no deposit has it: %(cause)s")
NO_MOVEMENT = gettext_noop("says %(units)s units, and no movement of the chain says so")
NOTHING_MADE = gettext_noop("came in, %(units)s units, and nothing was made of it")
FEE_NOT_BOOKED = gettext_noop("is a fee of %(sun)s sun that transfer %(transfer)s does not book")
FEE_NOT_TAKEN = gettext_noop("books a network fee that the chain never took: %(cause)s")
LEFT_UNBOOKED = gettext_noop(
    "left, and transfer %(transfer)s that should book it is not there, or books something else"
)
PAYMENT_NOT_MADE = gettext_noop("books a payment that the chain never made, or a second time: %(cause)s")
BOOKED_TWICE = gettext_noop("books %(tx_id)s, which withdrawal %(withdrawal)s has sent and books, too")
REMAINDERS = gettext_noop(
    "deposits have left %(left)s units below 1 µBTT, and %(carried)s units are kept and %(rounded)s were booked"
)
PAYMENT_OF = gettext_noop("books %(amount_ubtt)s µ of a payment of %(amount)s units")
CHAIN = (
    *(BOOKED_ELSEWHERE, HAS_NO_TRANSFER, HAS_NO_DEPOSIT, NO_MOVEMENT, NOTHING_MADE, FEE_NOT_BOOKED, FEE_NOT_TAKEN),
    *(LEFT_UNBOOKED, PAYMENT_NOT_MADE, BOOKED_TWICE, REMAINDERS, PAYMENT_OF),
)

# --- withdrawals
MOVED_OTHERWISE = gettext_noop(
    "is %(state)s, and for it %(gone)s µ left its user, %(arrived)s µ went to the chain, %(earned)s µ were earned and "
    "%(returned)s µ came back"
)
OTHER_HOLD = gettext_noop("is %(state)s, and its hold %(hold)s is of another account or amount, or ended otherwise")
ARRIVED_SO_OFTEN = gettext_noop("is %(state)s and has %(count)s attempts that arrived")
ATTEMPT_OF = gettext_noop("is %(state)s, and its withdrawal is %(withdrawal)s")
NO_WITHDRAWAL = gettext_noop("is of a withdrawal that is not there: %(cause)s")
PAYOUTS = (MOVED_OTHERWISE, OTHER_HOLD, ARRIVED_SO_OFTEN, ATTEMPT_OF, NO_WITHDRAWAL)

# --- sums over time
LACKS = gettext_noop("lacks, of what the transfers add up to, %(lacks)s")
BEYOND_SEALS = gettext_noop("goes up to transfer %(upto)s, and the seals up to %(sealed)s")
BEYOND_CURSOR = gettext_noop("goes up to transfer %(upto)s, and a row of %(sums)s to %(newest)s")
ODD_ENDS = gettext_noop("%(odd)s rows of %(sums)s end with something that is no transfer's number")
ROLLUPS = (LACKS, BEYOND_SEALS, BEYOND_CURSOR, ODD_ENDS)

SENTENCES = (*TRANSFERS, *SEALS, *SETS, *CHAIN, *PAYOUTS, *ROLLUPS, *OF_ACCOUNTS)
AUDIT: tuple[Text, ...] = (
    HALTS,
    *(*ROWS.values(), ALL, ALL_OF_ASSET, *SPANS.values(), *ACCOUNTS.values(), *STATES, *SENTENCES),
    *(NO_ACCOUNT, ROW),
)
