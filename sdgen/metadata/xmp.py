"""The XMP packet: says that a model made the picture, and in JPEG and WebP carries the record.

Reading does without an XML parser: the record is one element or attribute whose text is JSON, and
hostile XML (entity bombs, external entities) never reaches a machine that would expand it.
"""

import html
import re

from sdgen.metadata.record import Record

AI_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for a picture made by a trained model: https://cv.iptc.org/newscodes/digitalsourcetype"""

_PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""{spaces}
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>
{inside}</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

_SPACES = '\n xmlns:xmp="http://ns.adobe.com/xap/1.0/"\n xmlns:sdgen="urn:sdgen:image:"'

_ELEMENT = re.compile(r"<sdgen:record>([^<]*)</sdgen:record>")
_ATTRIBUTE = re.compile(r"""\ssdgen:record=(?:"([^"<]*)"|'([^'<]*)')""")
_NOT_IN_XML = re.compile("[\ufffe\uffff]")


def xmp_packet(record: Record, *, with_record: bool, with_origin: bool = False) -> str:
    """The packet for a picture: that a model made it, and the program.

    Args:
        record: Of the picture.
        with_record: Put the record's JSON inside.
        with_origin: Name the model, and the hash of the pixels by which the record is found.
    """
    software, inside = record.software, ""
    if with_record:
        inside += f"<sdgen:record>{_as_xml(record)}</sdgen:record>\n"
    if with_origin:
        inside += f"<sdgen:model>{html.escape(record.model.name, quote=False)}</sdgen:model>\n"
        inside += f"<sdgen:pixels>{record.image.sha256}</sdgen:pixels>\n"
    tool = html.escape(f"{software.name} {software.version}", quote=False)
    return _PACKET.format(
        spaces=_SPACES,
        source=AI_MADE,
        inside=f"<xmp:CreatorTool>{tool}</xmp:CreatorTool>\n{inside}",
    )


def bare_mark() -> str:
    """The packet that says that a model made the picture, and not which program."""
    return _PACKET.format(spaces="", source=AI_MADE, inside="")


def _as_xml(record: Record) -> str:
    """The record's JSON as XML text; two characters that XML cannot hold become JSON escapes."""
    text = _NOT_IN_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", record.to_json())
    return html.escape(text, quote=False)


def record_text(packet: bytes) -> str | None:
    """The JSON that an XMP packet carries, unchecked, or None.

    Programs that rewrite XMP turn the element into an attribute; both are read.
    """
    text = packet.decode("utf-8", errors="replace")
    match = _ELEMENT.search(text) or _ATTRIBUTE.search(text)
    if not match:
        return None
    found = next(group for group in match.groups() if group is not None)
    return html.unescape(found)
