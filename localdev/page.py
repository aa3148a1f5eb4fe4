"""placeholder"""

from typing import Any


def register(app: Any, editor_key: str) -> None: ...
