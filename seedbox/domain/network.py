"""How a node reaches the world: what an admin may choose, within bounds that keep the engine working."""

import enum


class ProxyKind(enum.StrEnum):
    NONE = "none"
    SOCKS5 = "socks5"
    HTTP = "http"
