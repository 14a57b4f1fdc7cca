"""ControlNets and IP-Adapters as settings: what is read, in which form, and what is refused."""

import pytest

from sdgen.errors import InputError
from sdgen.recipe.control import ControlEntry, guides_of, parse_control, parse_prepare
from sdgen.recipe.ip_adapter import pictures_of
from sdgen.recipe.layers import DRAWN, Layer, resolve
from sdgen.recipe.settings import Settings
from sdgen.recipe.texts import shown


def settled(**said: object) -> Settings:
    return resolve([Layer(DRAWN, {"seed": 1}), Layer("test", {"prompt": "fox", **said})]).settings


@pytest.mark.parametrize(
    ("text", "entry", "form"),
    [
        ("edges", ControlEntry("edges"), "edges:1"),
        ("edges:0.8", ControlEntry("edges", 0.8), "edges:0.8"),
        (" edges : -2 ", ControlEntry("edges", -2), "edges:-2"),
        ("edges:0.8:0:0.5", ControlEntry("edges", 0.8, 0, 0.5), "edges:0.8:0:0.5"),
        ("C:/nets/edges.safetensors", ControlEntry("C:/nets/edges.safetensors"),
         "C:/nets/edges.safetensors:1"),
        ("a:b/edges.safetensors:2", ControlEntry("a:b/edges.safetensors", 2),
         "a:b/edges.safetensors:2"),
    ],
)  # fmt: skip
def test_entries_are_read_and_written(text, entry, form):
    assert parse_control(text) == entry
    assert str(entry) == form
    assert parse_control(form) == entry


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (":1", "has no name"),
        ("edges:11", "has a scale that is no number from -10 to 10"),
        ("edges:nan", "has 'nan' where a number belongs"),
        ("edges:inf", "has 'inf' where a number belongs"),
        ("edges:much", "has 'much' where a number belongs"),
        ("edges:1:0", "needs NAME:SCALE, or NAME:SCALE:START:END"),
        ("edges:1:0.5:0.5", "must start and end within 0 to 1"),
        ("edges:1:0.5:1.5", "must start and end within 0 to 1"),
    ],
)
def test_bad_entries_are_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_control(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [("canny", "canny:100:200"), ("Canny:50:90", "canny:50:90"), ("gray", "grey"),
     ("blur", "blur:4"), ("none", "none")],
)  # fmt: skip
def test_ways_are_read_and_written(text, form):
    assert str(parse_prepare(text)) == form
    assert str(parse_prepare(form)) == form


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cany", "has no 'cany' .*canny"),
        ("canny:100", "takes 2 whole numbers from 0 to 2040"),
        ("canny:200:100", "takes the lower threshold first"),
        ("canny:0:9999", "takes 2 whole numbers"),
        ("blur:1.5", "takes 1 whole numbers|takes 1"),
        ("invert:1", "takes nothing behind it"),
    ],
)
def test_bad_ways_are_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_prepare(text)


def test_one_picture_and_one_way_are_for_all_networks():
    found = settled(controlnet="a,b:0.5", control_image="x.png", control_prepare="canny")
    assert [(g.entry.source, g.picture, g.prepare.name) for g in guides_of(found)] == [
        ("a", "x.png", "canny"), ("b", "x.png", "canny"),
    ]  # fmt: skip
    assert (found.control_mode, found.control_fit) == ("balanced", "crop")


def test_each_network_may_have_its_own():
    found = settled(
        controlnet=["a", "a:0.5"],
        control_image=["x.png", "y.png"],
        control_prepare=["none", "blur"],
    )
    assert [(g.picture, str(g.prepare)) for g in guides_of(found)] == [
        ("x.png", "none"), ("y.png", "blur:4"),
    ]  # fmt: skip


def test_adapters_share_or_divide_their_pictures():
    assert pictures_of(settled(ip_adapter="a", ip_adapter_image="x.png,y.png")) == [
        ("x.png", "y.png")
    ]
    two = settled(ip_adapter="a,b", ip_adapter_image="x.png")
    assert [list(one) for one in pictures_of(two)] == [["x.png"], ["x.png"]]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"controlnet": "a"}, r"controlnet \(test\) needs a control_image"),
        ({"control_image": "x.png"}, r"control_image \(test\) does nothing without controlnet"),
        ({"control_prepare": "canny"}, r"control_prepare \(test\) does nothing without controlnet"),
        ({"control_mode": "guess"}, r"control_mode \(test\) does nothing without controlnet"),
        ({"control_fit": "pad"}, r"control_fit \(test\) does nothing without controlnet"),
        ({"controlnet": "a", "control_image": "x,y"},
         r"control_image \(test\) has 2, and there are 1: say one for all, or"),
        ({"controlnet": "a,b,c", "control_image": "x", "control_prepare": "canny,none"},
         r"control_prepare \(test\) has 2, and there are 3"),
        ({"controlnet": "a," * 9, "control_image": "x"}, "has 9; at most 8 are drawn with"),
        ({"controlnet": 3, "control_image": "x"}, "must be text or a list of texts"),
        ({"ip_adapter": "a"}, r"ip_adapter \(test\) needs an ip_adapter_image"),
        ({"ip_adapter_image": "x.png"}, "ip_adapter_image .* does nothing without ip_adapter"),
        ({"image_encoder": "e"}, "image_encoder .* does nothing without ip_adapter"),
        ({"ip_adapter": "a,a", "ip_adapter_image": "x"}, "names a twice"),
        ({"ip_adapter": "a,b,c", "ip_adapter_image": "x,y"}, "ip_adapter_image .* has 2, and"),
        ({"ip_adapter": "a:99", "ip_adapter_image": "x"}, "no number from -10 to 10"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(said, reason):
    with pytest.raises(InputError, match=reason):
        settled(**said)


def test_people_see_names_and_no_hashes():
    said = (f"cat.png#{'a' * 64}", f"dog.png#{'b' * 64}")
    assert shown(said) == "cat.png, dog.png"


def test_a_setting_switched_off_takes_what_needs_it_along():
    below = Layer("a.yaml", {"controlnet": ["a"], "control_image": ["x.png"], "control_fit": "pad"})
    found = resolve(
        [Layer(DRAWN, {"seed": 1}), below, Layer("flags", {"prompt": "fox", "controlnet": []})]
    )
    assert found.settings.control_image == ()
    assert found.settings.control_fit is None
