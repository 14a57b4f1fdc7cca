"""Text out of an XMP packet without an XML parser, as no hostile XML may reach one."""

import html
import re

_TAG = re.compile(r"<[^<>]*>")


def element(packet: str, name: str) -> str:
    """The text of the first element or attribute called `name` (`exif:UserComment`); else empty.

    Tags inside of it, such as `rdf:Alt` and `rdf:li`, are passed over.
    """
    start = packet.find(f"<{name}")
    opened = packet.find(">", start)
    end = packet.find(f"</{name}>", opened)
    if start >= 0 and opened >= 0 and end >= 0:
        return html.unescape(_TAG.sub("", packet[opened + 1 : end])).strip()
    return _attribute(packet, name)


def _attribute(packet: str, name: str) -> str:
    for quote in "\"'":
        start = packet.find(f" {name}={quote}")
        end = packet.find(quote, start + len(name) + 3)
        if start >= 0 and end >= 0:
            return html.unescape(packet[start + len(name) + 3 : end]).strip()
    return ""
