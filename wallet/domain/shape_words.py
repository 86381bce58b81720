"""What is wrong with the shape of an answer or of bytes, in English: rows keep it. Whoever shows it says it again.

The name of the field stands before it, with a colon.
"""

from wallet.domain.language import gettext_noop

# --- JSON
MUST_BE_OBJECT = gettext_noop("must be an object")
MUST_BE_LIST = gettext_noop("must be a list of at most %(limit)s")
MUST_BE_HEX = gettext_noop("must be hex")
MUST_BE_SHORT_HEX = gettext_noop("must be hex, and no more than %(limit)s bytes")
MUST_BE_WHOLE = gettext_noop("must be a whole number, not %(type)s")
MUST_BE_TEXT = gettext_noop("must be text, not %(type)s")
MUST_BE_ADDRESS = gettext_noop("must be an address")
MUST_BE_TOKEN = gettext_noop("must be the id of a token, in digits")
NO_ROOM = gettext_noop("has no room in 64 bits")
OTHER_LENGTH = gettext_noop("has %(count)s bytes, not %(needed)s")
NUMBER_BELOW_ZERO = gettext_noop("has a number below zero")
BELOW_ZERO = gettext_noop("is below zero")
EMPTY = gettext_noop("is empty")
NONE = gettext_noop("is none")
NO_CONTRACT = gettext_noop("there is none")
SEVERAL_CONTRACTS = gettext_noop("there is more than one")
OTHER_HASH = gettext_noop("is not the hash of raw_data_hex")
OTHERS = gettext_noop("is another account's")
NO_PARAMETER = gettext_noop("is not among the chain's parameters")
CALL_FAILS = gettext_noop("the call fails")
UNKNOWN_CONTRACT = gettext_noop("%(name)s is no contract that is known here")
NO_NAME = gettext_noop("%(name)s is no such name")

# --- bytes
ONE_CONTRACT = gettext_noop("A transaction has one contract, this one %(count)s.")
ONE_RESULT = gettext_noop("A transaction has one result, this one %(count)s.")
LONG_TRANSACTION = gettext_noop("A transaction has at most %(most)s bytes, this one %(count)s.")
MANY_ELEMENTS = gettext_noop("more than %(most)s elements in one message")
ENDLESS = gettext_noop("an integer has no end")
UNKNOWN_BEYOND = gettext_noop("an unknown field ends behind the end of its message")
LONG_MESSAGE = gettext_noop("%(count)s bytes are more than the %(most)s of the largest message")
BEYOND = gettext_noop("%(name)s ends behind the end of its message")
NO_FIELD = gettext_noop("%(number)s is no number of a field")
NO_WIRE = gettext_noop("%(wire)s is no kind of field that may stand here")
VALUE_NO_ROOM = gettext_noop("%(value)s has no room in 64 bits")

# --- calls of contracts
CALL_LENGTH = gettext_noop("a call with %(words)s words has %(needed)s bytes, this one %(count)s")
SHORT_TEXT = gettext_noop("text has at least %(needed)s bytes, this answer %(count)s")
TEXT_BEYOND = gettext_noop("text ends behind the end of its answer, or is longer than anybody reads")
NUMBER_LENGTH = gettext_noop("a number has %(needed)s bytes, this answer %(count)s")
VALUE_TOO_LARGE = gettext_noop("%(value)s has no room in 256 bits")

SHAPES = (
    *(MUST_BE_OBJECT, MUST_BE_LIST, MUST_BE_SHORT_HEX, MUST_BE_HEX, MUST_BE_WHOLE, MUST_BE_TEXT, MUST_BE_ADDRESS),
    *(MUST_BE_TOKEN, NO_ROOM, OTHER_LENGTH, NUMBER_BELOW_ZERO, BELOW_ZERO, EMPTY, NONE, NO_CONTRACT),
    *(SEVERAL_CONTRACTS, OTHER_HASH, OTHERS, NO_PARAMETER, CALL_FAILS),
    *(ONE_CONTRACT, ONE_RESULT, LONG_TRANSACTION, MANY_ELEMENTS, ENDLESS, UNKNOWN_BEYOND),
    *(CALL_LENGTH, SHORT_TEXT, TEXT_BEYOND, NUMBER_LENGTH),
)
# These begin with any value.
OF_VALUES = (UNKNOWN_CONTRACT, NO_NAME, LONG_MESSAGE, BEYOND, NO_FIELD, NO_WIRE, VALUE_NO_ROOM, VALUE_TOO_LARGE)
