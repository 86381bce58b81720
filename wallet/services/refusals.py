"""What people are told when money does not move."""


class Refused(Exception):
    """It was not done. The message is a sentence that says why, and what to do."""
