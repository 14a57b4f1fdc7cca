"""Object storage on this machine: moto's S3 server, and s3fs, which asks it as it asks Amazon."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

BUCKET = "pictures"
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-must-see",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",  # else a machine without keys asks the network for some
}


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server that runs in a thread."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def forget() -> None:
    """Let nobody go on with the keys and the address of before."""
    from s3fs import S3FileSystem

    from sdgen.files import objects

    objects._opened.cache_clear()
    S3FileSystem.clear_instance_cache()


def use(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Speak with the storage at `address` from now on."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": address}.items():
        monkeypatch.setenv(name, value)
    forget()


def empty_bucket(address: str) -> None:
    """One bucket, and nothing in it."""
    control(address, "reset")
    from sdgen.files import objects

    objects._opened("s3").mkdir(BUCKET)


def control(address: str, what: str, data: Any = None) -> None:
    """Tell moto something: `reset`, or `reset-auth` with the number of calls that go unchecked."""
    import requests

    requests.post(f"{address}/moto-api/{what}", data=data, timeout=10).raise_for_status()
