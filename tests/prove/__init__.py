"""What `make prove` does: everything of `make test` a hundred times, and what needs root, a mirror or the internet."""


class NotRun(Exception):
    """What could not be tried here, and why, in one sentence."""
