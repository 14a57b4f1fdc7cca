"""Draw Things (macOS, iOS): JSON in the XMP packet."""

from sdgen.metadata.formats.facts import Facts, lenient_object, number, objects
from sdgen.metadata.formats.foreign import Carried, Foreign, ForeignLora
from sdgen.metadata.formats.xmp_text import element


def read(carried: Carried) -> Foreign | None:
    """The recipe in Draw Things' XMP; None where the packet is another program's."""
    packet = carried.xmp or carried.texts.get("XML:com.adobe.xmp", "")
    if "Draw Things" not in element(packet, "xmp:CreatorTool"):
        return None
    said = Facts(lenient_object(element(packet, "exif:UserComment")))
    width, height = said.size("size")
    loras = objects(said.value("lora"))
    strength = said.number("strength")  # 1 without a picture to start from
    said.drop("v2")  # the same again in the names of its interface
    return Foreign(
        tool="Draw Things",
        prompt=said.text("c"),
        negative_prompt=said.text("uc"),
        dialect="a1111",
        steps=said.whole("steps"),
        sampler=said.text("sampler"),
        guidance_scale=said.number("scale"),
        seed=said.whole("seed"),
        width=width,
        height=height,
        strength=None if strength == 1 else strength,
        model=said.text("model"),
        loras=tuple(
            ForeignLora(str(each.get("model", "")), number(each.get("weight"))) for each in loras
        ),
        extras=said.rest(),
    )
