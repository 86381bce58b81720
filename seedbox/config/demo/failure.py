from seedbox.domain.kept import KeptError


class DemoFailed(KeptError):
    """What did not come to be, and what to do."""
