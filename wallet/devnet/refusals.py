"""Why a transaction is not taken, with the code and the text that java-tron answers."""

from wallet.devnet.answers import Code


class Refused(Exception):
    """The transaction is refused. Code and text are those of a broadcast's answer."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid_contract(why: str) -> Refused:
    return Refused(Code.CONTRACT_VALIDATE_ERROR, f"Contract validate error : {why}")


def cannot_pay() -> Refused:
    return Refused(Code.BANDWITH_ERROR, "Account resource insufficient error.")


def bad_signature(why: str) -> Refused:
    return Refused(Code.SIGERROR, f"Validate signature error: {why}")


def expired() -> Refused:
    return Refused(Code.TRANSACTION_EXPIRATION_ERROR, "Transaction expired")


def wrong_reference() -> Refused:
    return Refused(Code.TAPOS_ERROR, "Tapos check error.")
