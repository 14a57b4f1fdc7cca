from xml.etree import ElementTree

import pytest
from hypothesis import example, given

from sdgen.metadata.migrations import read_record
from sdgen.metadata.xmp import AI_MADE, record_text, xmp_packet
from tests.metadata.records import TRICKY, any_settings, fox_record, fox_settings

SOURCE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
TOOL = "{http://ns.adobe.com/xap/1.0/}CreatorTool"
RECORD = "{urn:sdgen:image:}record"


def parsed(packet: str):
    return {node.tag: node.text for node in ElementTree.fromstring(packet).iter()}


def test_packet_says_that_a_model_made_the_picture():
    found = parsed(xmp_packet(fox_record(), with_record=False))
    assert found[SOURCE] == AI_MADE
    assert found[TOOL] == "sdgen 1.2.3"
    assert RECORD not in found


@given(any_settings())
@example(fox_settings(prompt=TRICKY[5]))
@example(fox_settings(prompt=TRICKY[6]))
def test_record_comes_back_and_xml_stays_valid(settings):
    record = fox_record().model_copy(update={"settings": settings})
    packet = xmp_packet(record, with_record=True)
    assert read_record(record_text(packet.encode())) == record
    assert read_record(parsed(packet)[RECORD]) == record


@pytest.mark.parametrize("quote", ['"', "'"])
def test_record_as_an_attribute_is_read(quote):
    record = fox_record(prompt=TRICKY[3])
    escaped = record.to_json().replace("&", "&amp;").replace("<", "&lt;")
    escaped = escaped.replace('"', "&quot;").replace("'", "&apos;")
    packet = f"<rdf:Description\n sdgen:record={quote}{escaped}{quote}/>"
    assert read_record(record_text(packet.encode())) == record


@pytest.mark.parametrize("packet", [b"", b"\xff\xfe", b"<sdgen:record>", b"<other/>" * 1000])
def test_packet_without_a_record_has_none(packet):
    assert record_text(packet) is None
