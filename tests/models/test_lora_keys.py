import pytest

from sdgen.models.lora_keys import other_kind, read_names

ATTENTION = "down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"


@pytest.mark.parametrize(
    ("module", "place"),
    [
        ("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", ("unet", ATTENTION)),
        ("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q",
         ("unet", ATTENTION)),
        ("down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", ("unet", ATTENTION)),
        ("base_model.model.unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
         ("unet", ATTENTION)),
        ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q", ("unet", ATTENTION)),
        ("lora_unet_input_blocks_5_1_proj_in", ("unet", "down_blocks_1_attentions_1_proj_in")),
        ("lora_unet_output_blocks_4_1_proj_out", ("unet", "up_blocks_1_attentions_1_proj_out")),
        ("lora_unet_middle_block_1_proj_in", ("unet", "mid_block_attentions_0_proj_in")),
        ("lora_unet_middle_block_2_in_layers_2", ("unet", "mid_block_resnets_1_conv1")),
        ("lora_unet_input_blocks_3_0_op", ("unet", "down_blocks_0_downsamplers_0_conv")),
        ("lora_unet_output_blocks_2_2_conv", ("unet", "up_blocks_0_upsamplers_0_conv")),
        ("lora_unet_output_blocks_0_0_skip_connection",
         ("unet", "up_blocks_0_resnets_0_conv_shortcut")),
        ("lora_te_text_model_encoder_layers_3_self_attn_q_proj",
         ("text_encoder", "encoder_layers_3_self_attn_q_proj")),
        ("lora_te2_text_model_encoder_layers_3_mlp_fc1",
         ("text_encoder_2", "encoder_layers_3_mlp_fc1")),
        ("text_encoder.text_model.encoder.layers.3.self_attn.q_proj",
         ("text_encoder", "encoder_layers_3_self_attn_q_proj")),
        ("text_encoder_2.encoder.layers.3.mlp.fc1",
         ("text_encoder_2", "encoder_layers_3_mlp_fc1")),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "sides", [("lora_down", "lora_up"), ("lora_A", "lora_B"), ("lora.down", "lora.up"),
              ("lora_A.default", "lora_B.default"), ("lora_linear_layer.down",
                                                     "lora_linear_layer.up")],
)  # fmt: skip
def test_a_layer_is_the_same_in_every_programs_words(module, place, sides):
    down, up = (f"{module}.{side}.weight" for side in sides)
    found = read_names([down, up, f"{module}.alpha"])
    assert not found.unread
    [(where, pair)] = found.pairs.items()
    assert where == place
    assert (pair.down, pair.up, pair.alpha) == (down, up, f"{module}.alpha")


def test_diffusers_first_way_to_write_attention_is_read():
    processor = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.processor"
    names = [f"{processor}.to_out_lora.{side}.weight" for side in ("down", "up")]
    [place] = read_names(names).pairs
    assert place == ("unet", "mid_block_attentions_0_transformer_blocks_0_attn2_to_out_0")


def test_what_has_no_partner_and_what_is_strange_is_unread():
    names = ["unet.conv_out.lora_A.weight", "unet.conv_in.weight", "emb_params", "vae.x.alpha"]
    found = read_names(names)
    assert not found.pairs
    assert sorted(found.unread) == sorted(names)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lora_unet_mid_block_attentions_0_proj_in.hada_w1_a", "LoHa"),
        ("lora_unet_mid_block_attentions_0_proj_in.lokr_w1", "LoKr"),
        ("lora_unet_mid_block_attentions_0_proj_in.dora_scale", "DoRA"),
        ("unet.mid_block.lora_magnitude_vector.weight", "DoRA"),
    ],
)
def test_relatives_of_loras_are_known_by_name(name, kind):
    assert other_kind(["unet.conv_out.lora_A.weight", name]) == kind
    assert other_kind(["unet.conv_out.lora_A.weight"]) == ""
