"""What is wrong with an endpoint or with the chain, in English: rows keep it. Whoever shows it says it again."""

from wallet.domain.language import gettext_noop
from wallet.domain.shape_words import OF_VALUES, SHAPES

WHOLE = gettext_noop("the chain")  # in place of an endpoint's name, when it is about all of them
SIGNER_FIRST = gettext_noop("Waits for the signer, which may know of more deposit addresses: unlock it, or start it")
FEW_ANSWER = gettext_noop("too few endpoints answer: %(count)s, and %(needed)s are needed (%(why)s)")
NOT_JSON = gettext_noop("the answer to %(path)s is no JSON: %(words)s")
TOO_LARGE = gettext_noop("the answer to %(path)s is too large: more than %(most)s bytes")
NO_ANSWER = gettext_noop("no answer to %(path)s (%(problem)s)")
STATUS = gettext_noop("status %(status)s for %(path)s")
COMPRESSED = gettext_noop("the answer to %(path)s is compressed, which nobody asked for")
TOO_SLOW = gettext_noop("the answer to %(path)s takes longer than %(limit)s s")
BAD_HEADER = gettext_noop("the header of block %(block)s is none: %(problem)s")
OTHER_ID = gettext_noop("block %(block)s has another id than its header makes")
OTHER_CONTENT = gettext_noop("block %(block)s has other transactions than its header says")
WRONG_PLACE = gettext_noop("block %(block)s stands where %(number)s belongs")
NOT_FOLLOWING = gettext_noop("block %(block)s does not follow the block before it")
MORE_BLOCKS = gettext_noop("more blocks than %(first)s to %(last)s")
BLOCKS_MISSING = gettext_noop("blocks %(first)s to %(last)s are missing")
FOREIGN_RECEIPT = gettext_noop("block %(block)s has a receipt of another transaction")
OTHER_RESULT = gettext_noop("block %(block)s has a receipt with another result than its transaction")
CONTRADICTED = gettext_noop("block %(block)s has a receipt that its transaction's result contradicts")
MORE_RECEIPTS = gettext_noop("block %(block)s has more receipts than transactions")
FEWER_RECEIPTS = gettext_noop("block %(block)s has receipts for only some of its transactions")
NO_GENESIS = gettext_noop("it has no block 0")
NO_HEAD = gettext_noop("it has no newest block")
SOLID_ABOVE_HEAD = gettext_noop("its solid block %(solid)s is above its newest, %(head)s")
GAVE_OTHER_BLOCK = gettext_noop("asked for block %(block)s, it gave %(other)s")
GAVE_OTHER_TRANSACTION = gettext_noop("asked for transaction %(tx_id)s, it gave another")
GAVE_OTHER_RECEIPT = gettext_noop("asked for the receipt of %(tx_id)s, it gave another")
TOO_MANY_DECIMALS = gettext_noop("a token has at most %(most)s decimals, not %(decimals)s")
GAVE_OTHER_TOKEN = gettext_noop("asked for TRC-10 token %(token)s, it gave another")
UNREADABLE = gettext_noop("tronpy cannot read the answer (%(problem)s)")
ONE_NOT_OTHER = gettext_noop("%(one)s and %(other)s have different blocks at %(height)s")
NONE_ANSWERS = gettext_noop("no endpoint answers")
DIFFERENT_BLOCK = gettext_noop("another endpoint has a different block %(block)s")
DIFFERENT_RECEIPTS = gettext_noop("another endpoint has different receipts for block %(block)s")
DIFFERENT_RECEIPT = gettext_noop("another endpoint has a different receipt of %(tx_id)s")
OTHER_NETWORK = gettext_noop("it is of another network than %(network)s: block 0 is %(block)s")
TOKEN_NAMED = gettext_noop("the TRC-20 contract is %(symbol)s with %(decimals)s decimals")
TOKEN_SUPPLY = gettext_noop("the TRC-20 contract has a supply of %(total)s")
NO_TOKEN = gettext_noop("there is no TRC-10 token %(token)s")
TOKEN_DECIMALS = gettext_noop("TRC-10 token %(token)s has %(decimals)s decimals")
NOT_SOLID_YET = gettext_noop("it has no solid block %(block)s yet")
WENT_BACK = gettext_noop("the solid height went back from %(before)s to %(now)s")
BECAME_OTHER = gettext_noop("solid block %(block)s has become another one")
CALLS_OTHERWISE = gettext_noop("it called a transaction that it was given by another id: %(message)s")
NOT_ASKED = gettext_noop("is not asked for a while: %(problem)s")
NOT_THE_READ_ONE = gettext_noop("solid block %(block)s is another one than was read before")
ENDS_BEFORE = gettext_noop("its solid blocks end at %(last)s, and block %(read)s was read already")
NOT_ALL_THERE = gettext_noop("blocks %(first)s to %(last)s are not all there, or not in their order")
NOT_AFTER_READ = gettext_noop("block %(block)s does not follow the one that was read before it")
RECEIPTS_DENIED = gettext_noop("receipts say of %(tx_id)s what block %(block)s does not say")
CALLS_IT = gettext_noop("it calls it %(named)s")
NEITHER = gettext_noop("neither taken nor refused: %(answer)s")
ANSWERED = gettext_noop("%(endpoint)s: %(code)s %(message)s")  # to a transaction that it was given
NAMED = gettext_noop("%(endpoint)s: %(why)s")  # as every such trouble begins

ANSWERS = (CALLS_IT, NEITHER, ANSWERED)  # beside others the last one would take each word for a code
TROUBLES = (
    *(WHOLE, SIGNER_FIRST, FEW_ANSWER, CALLS_IT, NEITHER),
    *(NOT_JSON, TOO_LARGE, NO_ANSWER, STATUS, COMPRESSED, TOO_SLOW, BAD_HEADER, OTHER_ID, WRONG_PLACE),
    *(MORE_BLOCKS, BLOCKS_MISSING, FOREIGN_RECEIPT, OTHER_RESULT, CONTRADICTED, MORE_RECEIPTS),
    *(FEWER_RECEIPTS, NO_GENESIS, NO_HEAD, SOLID_ABOVE_HEAD, GAVE_OTHER_BLOCK, GAVE_OTHER_TRANSACTION),
    *(GAVE_OTHER_RECEIPT, TOO_MANY_DECIMALS, GAVE_OTHER_TOKEN, UNREADABLE, NONE_ANSWERS, DIFFERENT_BLOCK),
    *(DIFFERENT_RECEIPTS, DIFFERENT_RECEIPT, OTHER_NETWORK, TOKEN_NAMED, TOKEN_SUPPLY, NO_TOKEN),
    *(TOKEN_DECIMALS, NOT_SOLID_YET, WENT_BACK, BECAME_OTHER, CALLS_OTHERWISE, NOT_ASKED, NOT_THE_READ_ONE),
    *(ENDS_BEFORE, NOT_ALL_THERE, NOT_AFTER_READ, RECEIPTS_DENIED),
    *(NOT_FOLLOWING, OTHER_CONTENT, *SHAPES),
    *(NAMED, ONE_NOT_OTHER, *OF_VALUES),  # those that begin with any value
)
