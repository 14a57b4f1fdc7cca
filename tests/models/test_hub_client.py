"""Where answers of a hub may lead, and where a token goes."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from sdgen.errors import ModelError
from sdgen.models import hub_client
from sdgen.models.hub_client import Hub, _led

HUB = "https://huggingface.co/a/b/resolve/main/x"
FINE = ["https://cdn-lfs.huggingface.co/x", "https://cas-bridge.xethub.hf.co/x?sig=1", "/c/d/x",
        "https://huggingface.co/c/d"]  # fmt: skip
STRANGE = ["https://evil.example/x", "https://huggingface.co.evil.example/x", "https://evilhf.co/x",
           "http://huggingface.co/x", "file:///etc/passwd", "ftp://hf.co/x", "https://127.0.0.1/x",
           "http://169.254.169.254/latest", "https://hf.co@evil.example/x", "https://[", "//evil/x",
           "javascript:1", "http://huggingface.co:abc/", f"https://hf.co/{'a' * 70_000}",
           "https://ü..hf.co/x", f"https://{'a' * 80}.hf.co/x", "https://a b.hf.co/x"]  # fmt: skip


@pytest.fixture(autouse=True)
def _usual(monkeypatch):
    for name in ("HF_ENDPOINT", "SDGEN_HUB_HOSTS", "HF_HUB_DISABLE_IMPLICIT_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("target", FINE)
def test_an_answer_may_lead_within_the_hub(target):
    assert _led(HUB, target).startswith("https://")


@pytest.mark.parametrize("target", STRANGE)
def test_an_answer_leads_only_to_hosts_of_the_hub(target):
    with pytest.raises(ModelError, match="leads to"):
        _led(HUB, target)


def test_no_host_is_hinted_at_where_there_is_none():
    with pytest.raises(ModelError, match="leads to nowhere") as caught:
        _led(HUB, "mailto:x")
    assert "SDGEN_HUB_HOSTS" not in caught.value.hint


def test_the_user_may_name_more_hosts(monkeypatch):
    monkeypatch.setenv("SDGEN_HUB_HOSTS", "files.example, other.example")
    assert _led(HUB, "https://files.example/x") == "https://files.example/x"
    with pytest.raises(ModelError, match="nobody named"):
        _led(HUB, "https://third.example/x")


class _Client:
    """Leads from the hub to its store of files, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked = []

    @contextmanager
    def stream(self, _, address, *, headers, **__):
        self.asked.append((address, headers))
        leads = address.startswith("https://huggingface.co/")
        onwards = {"location": "https://cdn.hf.co/x"} if leads else {}
        yield SimpleNamespace(status_code=302 if leads else 200, headers=onwards)


def test_a_token_goes_to_the_hub_alone(monkeypatch):
    client = _Client()
    monkeypatch.setattr(hub_client, "session", lambda: (client, "hf_secret"))
    with Hub("a/b")._followed(HUB, {}) as response:
        assert response.status_code == 200
    sent = [(address, headers.get("authorization")) for address, headers in client.asked]
    assert sent == [(HUB, "Bearer hf_secret"), ("https://cdn.hf.co/x", None)]
