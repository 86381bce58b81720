class DemoFailed(Exception):
    """What did not come to be, and what to do."""
