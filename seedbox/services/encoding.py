"""How messages of the live socket are written."""

import json
from collections.abc import Mapping


def encode(message: Mapping[str, object]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
