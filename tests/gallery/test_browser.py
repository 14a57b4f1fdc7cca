"""The page in a real Chromium: what a person, a keyboard and a hostile prompt can do with it."""

import http.client
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdgen.gallery.build import build_gallery
from sdgen.gallery.entries import paths_in
from sdgen.gallery.page import page
from sdgen.gallery.serve import GalleryServer
from tests.gallery.browser import Browser
from tests.gallery.conftest import Paint

HOSTILE = (
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    '"><svg onload="window.hit = 1">',
    "{{script}} <!-- <script> ]]> &lt; \u2028 \u2029 \u202efox",
    "javascript:window.hit=1 `${window.hit = 1}`",
)


@pytest.fixture(scope="module")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(chromium, tmp_path_factory.mktemp("profile")) as opened:
        yield opened
        assert opened.errors == []


@pytest.fixture
def book(paint: Paint, tmp_path: Path) -> Path:
    """Three foxes, one of them made from another; a hostile prompt each in five more."""
    first = paint("book/one.png", steps=9)
    paint("book/two.png", parent=first, steps=20)
    paint("book/sub/it's #3?.png", prompt="a blue whale\nunder 海", steps=20)
    for number, prompt in enumerate(HOSTILE):
        paint(f"book/x{number}.png", prompt=prompt, negative_prompt=prompt, model=prompt[:40])
    target = tmp_path / "gallery.html"
    build_gallery(paths_in([tmp_path / "book"])[0], target, "</title><b>a & book")
    return target


def cards(browser: Browser) -> int:
    return browser.run("document.querySelectorAll('.card').length")


def search(browser: Browser, words: str) -> int:
    browser.run("document.getElementById('search').select()")
    browser.write(words)
    return cards(browser)


def test_it_opens_searches_filters_opens_a_picture_and_copies(browser: Browser, book: Path):
    browser.asked.clear()
    browser.open(book.as_uri())
    assert cards(browser) == 8
    assert search(browser, "whale") == 1
    assert search(browser, "steps:20") == 7
    assert search(browser, "steps:2") == 0
    assert browser.run("document.getElementById('nothing').hidden") is False
    browser.run("document.getElementById('clear').click()")
    browser.run(
        "(s => { s.value = '9'; s.dispatchEvent(new Event('change')) })"
        "(document.querySelector('[data-facet=steps]'))"
    )
    assert cards(browser) == 1
    assert browser.run("document.getElementById('count').textContent") == "1 of 8 pictures"
    browser.run("document.querySelector('.card').click()")
    browser.until("document.getElementById('picture').naturalWidth === 48")
    browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite"])
    browser.run("document.getElementById('copy-command').click()")
    browser.until("document.getElementById('copied').textContent === 'Command copied'")
    copied = browser.run("navigator.clipboard.readText()")
    assert copied.startswith("sdgen 'a red fox' --model storybook")
    assert "--steps 9" in copied
    outside = [address for address in browser.asked if not address.startswith(("data:", "file:"))]
    assert outside == []


def test_any_prompt_is_only_text(browser: Browser, book: Path):
    browser.open(book.as_uri())
    for prompt in HOSTILE:
        place = browser.run(f"shown.findIndex((card) => card.prompt === {json.dumps(prompt)})")
        browser.run(f"show({place})")
        assert browser.run("document.getElementById('box-prompt').textContent") == prompt
    assert browser.run("window.hit === undefined")
    assert browser.run("document.title") == "</title><b>a & book"
    assert browser.run("document.querySelectorAll('script').length") == 2


def test_odd_names_are_found_too(browser: Browser, book: Path):
    browser.open(book.as_uri())
    browser.run("show(shown.findIndex((card) => card.name.includes('#3')))")
    browser.until("document.getElementById('picture').src.includes('%233%3F')")
    browser.until("document.getElementById('picture').naturalWidth === 48")


def test_before_and_after_can_be_compared(browser: Browser, book: Path):
    browser.open(book.as_uri())
    browser.run("show(shown.findIndex((card) => card.parent))")
    assert browser.run("document.getElementById('before').hidden") is False
    assert "steps: 9 → 20" in browser.run("document.getElementById('lineage').textContent")
    browser.run("document.querySelector('#lineage button').click()")
    assert browser.run("document.getElementById('before').hidden") is True
    assert "Made from this" in browser.run("document.getElementById('lineage').textContent")


def test_all_can_be_done_by_keys(browser: Browser, book: Path):
    browser.open(book.as_uri())
    browser.key("/", "/")
    assert browser.run("document.activeElement.id") == "search"
    browser.run("document.querySelector('.card').focus()")
    browser.key("ArrowRight")
    assert browser.run("document.activeElement.dataset.place") == "1"
    browser.key("Enter", "\r")
    assert browser.run("document.getElementById('box').open") is True
    browser.key("ArrowRight")
    assert browser.run("open") == 2
    browser.key("c", "c")
    browser.until("document.getElementById('copied').textContent === 'Command copied'")
    browser.key("Escape")
    browser.until("document.activeElement.dataset.place === '2'")
    assert browser.run("document.getElementById('box').open") is False


def test_each_picture_and_control_has_a_name_for_screen_readers(browser: Browser, book: Path):
    browser.open(book.as_uri())
    browser.run("show(0)")
    browser.call("Accessibility.enable")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "image", "combobox", "searchbox", "slider", "dialog", "link")
    named = {role: 0 for role in roles}
    for node in nodes:
        role = node.get("role", {}).get("value")
        if role in named and not node.get("ignored"):
            assert node.get("name", {}).get("value"), node
            named[role] += 1
    assert named["dialog"] == 1
    assert named["button"] >= 5


def test_light_and_dark_differ_and_can_be_turned(browser: Browser, book: Path):
    browser.open(book.as_uri())
    colour = "getComputedStyle(document.body).backgroundColor"
    browser.run("document.documentElement.style.colorScheme = 'light'")
    light = browser.run(colour)
    browser.run("document.getElementById('theme').click()")
    assert browser.run(colour) != light


def test_five_thousand_pictures_open_in_under_two_seconds(browser: Browser, tmp_path: Path):
    card = {
        "name": "book/fox.png", "source": "book/fox.png", "thumb": "data:,", "width": 512,
        "height": 512, "prompt": "a red fox in the snow by the sea, at night, in watercolour" * 3,
        "negative": "blurred, dark", "number": 7, "made": "2026-11-24T06:00:00+00:00",
        "rows": [[f"setting {n}", "a value of some length"] for n in range(24)],
        "command": "sdgen 'a red fox in the snow' --steps 20 --seed 7 --size 512x512" * 2,
        "again": "sdgen reproduce book/fox.png", "pixels": "0" * 64, "changed": [],
    }  # fmt: skip
    many = [
        {**card, "seed": str(n), "facets": {"steps": n % 40, "model": f"m{n % 9}"}}
        for n in range(5000)
    ]
    target = tmp_path / "many.html"
    target.write_text(page("many", many), encoding="utf-8")
    assert browser.open(target.as_uri()) < 2
    assert browser.run("document.getElementById('count').textContent") == "5000 pictures"
    assert 100 <= cards(browser) < 1000, "the others come when the end of the page comes near"
    assert search(browser, "seed:4321") == 1


@pytest.fixture
def server(paint: Paint, tmp_path: Path) -> Iterator[GalleryServer]:
    paint("book/one.png")
    with GalleryServer([tmp_path / "book"], tmp_path / "book", "a book") as opened:
        thread = threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


def ask(server: GalleryServer, path: str, method: str = "GET", **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=told)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply, body


def test_a_served_page_follows_a_batch(browser: Browser, server: GalleryServer, paint: Paint):
    browser.open(server.address)
    assert cards(browser) == 1
    paint("book/two.png", prompt="a blue fox")
    browser.until("document.querySelectorAll('.card').length === 2")
    browser.run("show(shown.findIndex((card) => card.prompt === 'a blue fox'))")
    browser.until("document.getElementById('picture').naturalWidth === 48")


def test_a_name_that_is_no_utf8_is_served(server: GalleryServer, paint: Paint):
    paint(os.fsdecode(b"book/f\xff.png"))
    _, cards = server.shelf.cards()
    assert "f\\udcff.png" in [card["name"] for card in cards]
    assert ask(server, "/")[0].status == 200


def test_only_its_own_page_may_ask(server: GalleryServer):
    own = f"127.0.0.1:{server.port}"
    assert ask(server, "/")[0].status == 200
    assert ask(server, "/", Host=f"localhost:{server.port}")[0].status == 200
    assert ask(server, "/", Origin=f"http://{own}")[0].status == 200
    refused = [
        ask(server, "/", Host="evil.example"),
        ask(server, "/", Host="127.0.0.1"),
        ask(server, "/", Origin="http://evil.example"),
        ask(server, "/", Origin="null"),
        ask(server, "/cards.json", Sec_Fetch_Site="cross-site"),
    ]
    assert [reply.status for reply, _ in refused] == [403] * 5
    assert not any(b"fox" in body for _, body in refused)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(server: GalleryServer, method: str):
    assert ask(server, "/", method)[0].status == 501


@pytest.mark.parametrize(
    "path",
    ["/picture/../../etc/passwd", "/picture//etc/passwd", "/thumbnail/%2e%2e", "/etc", "/picture/",
     "/page.js", "//evil.example/"],
)  # fmt: skip
def test_no_path_leads_to_another_file(server: GalleryServer, path: str):
    reply, body = ask(server, path)
    assert (reply.status, body) == (404, b"not here\n")


def test_what_is_served_says_how_it_may_be_used(server: GalleryServer):
    _, body = ask(server, "/cards.json")
    [card] = json.loads(body)["cards"]
    for path, kind in ((card["source"], "image/png"), (card["thumb"], "image/webp")):
        reply, _ = ask(server, path)
        assert reply.headers["Content-Type"] == kind
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    state = json.loads(body)["state"]
    assert ask(server, f"/cards.json?known={state}")[0].status == 204
    assert ask(server, "/", "HEAD")[1] == b""
