"""The client that asks the hub, and the user's token: what the environment says of both, judged."""

import os
from typing import Any

from sdgen.errors import ModelError


def session() -> tuple[Any, str | None]:
    """The library's client and the user's token, if there is one.

    Raises:
        ModelError: The environment's proxy cannot be used, or its token can be none.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when the library is loaded
    from huggingface_hub import get_session

    try:
        client = get_session()
    except (ImportError, ValueError) as error:  # of SOCKS without its package, of another scheme
        raise ModelError(
            "the proxy that the environment names cannot be used",
            hint="http:// and https:// can: see ALL_PROXY, HTTP_PROXY and HTTPS_PROXY",
        ) from error
    return client, _token()


def _token() -> str | None:
    """The user's token, if there is one and it may be sent.

    Raises:
        ModelError: It cannot stand in a request. It is not shown.
    """
    from huggingface_hub import get_token

    if os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in ("1", "ON", "YES", "TRUE"):
        return None
    try:
        token = get_token()
    except UnicodeDecodeError:
        token = "\0"  # a file of it that is no text
    if token and not (token.isascii() and token.isprintable()):
        raise ModelError(
            "the token for the hub has letters that no token has",
            hint="say HF_TOKEN again, or get a new one: hf auth login",
        )
    return token
