"""The number under which PostgreSQL keeps posting and sealing apart.

Whoever posts shares it until the commit; the sealer takes it alone for a moment. Then no transaction is under way that
has taken ids and not committed, so a seal never closes over a row that is yet to appear.
"""

POSTING = 0x5EED1ED6E8
