"""The two networks that ESRGAN-type files hold, built from what their tensors tell.

Sources: X. Wang et al., "ESRGAN" (2018), section 3.1, for the blocks and their factor of 0.2;
X. Wang et al., "Real-ESRGAN" (2021), section 3.4, for the pixel unshuffle in front; the compact
one is described with the models of that paper's code.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from sdgen.models.upscaler_keys import Network

RESIDUE = 0.2
"""Share of what a block found that is added to what it got."""

SLOPE = 0.2
"""Of the leaky rectifiers, below 0."""


def _convolution(inside: int, outside: int) -> nn.Conv2d:
    return nn.Conv2d(inside, outside, 3, padding=1)


def _rectified(values: Tensor) -> Tensor:
    return functional.leaky_relu(values, SLOPE)


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees what all before it found."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        for number in range(5):
            outside = growth if number < 4 else channels
            layer = _convolution(channels + number * growth, outside)
            self.add_module(f"conv{number + 1}", layer)

    def forward(self, features: Tensor) -> Tensor:
        """Features (1, channels, h, w) → the same shape."""
        seen = features
        for number in range(1, 5):
            seen = torch.cat([seen, _rectified(self.get_submodule(f"conv{number}")(seen))], 1)
        found: Tensor = self.get_submodule("conv5")(seen)
        return features + RESIDUE * found


class ResidualBlock(nn.Module):
    """Three dense blocks, and a way around them."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(channels, growth)
        self.rdb2 = DenseBlock(channels, growth)
        self.rdb3 = DenseBlock(channels, growth)

    def forward(self, features: Tensor) -> Tensor:
        """Features (1, channels, h, w) → the same shape."""
        found: Tensor = self.rdb3(self.rdb2(self.rdb1(features)))
        return features + RESIDUE * found


class RRDBNet(nn.Module):
    """ESRGAN's generator; every enlargement repeats pixels, and a convolution smooths them."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        channels = network.channels
        self.scale, self.unshuffle = network.scale, network.unshuffle
        self.ups = (self.scale * self.unshuffle).bit_length() - 1
        self.conv_first = _convolution(3 * self.unshuffle**2, channels)
        blocks = [ResidualBlock(channels, network.growth) for _ in range(network.blocks)]
        self.body = nn.Sequential(*blocks)
        self.conv_body = _convolution(channels, channels)
        for number in range(self.ups):
            self.add_module(f"conv_up{number + 1}", _convolution(channels, channels))
        self.conv_hr = _convolution(channels, channels)
        self.conv_last = _convolution(channels, 3)

    def forward(self, picture: Tensor) -> Tensor:
        """Red, green and blue (1, 3, h, w), 0 to 1 → (1, 3, h * scale, w * scale)."""
        height, width = picture.shape[2:]
        whole = functional.pad(
            picture, (0, -width % self.unshuffle, 0, -height % self.unshuffle), mode="replicate"
        )
        features = self.conv_first(functional.pixel_unshuffle(whole, self.unshuffle))
        features = features + self.conv_body(self.body(features))
        for number in range(1, self.ups + 1):
            larger = functional.interpolate(features, scale_factor=2, mode="nearest")
            features = _rectified(self.get_submodule(f"conv_up{number}")(larger))
        found: Tensor = self.conv_last(_rectified(self.conv_hr(features)))
        return found[:, :, : height * self.scale, : width * self.scale]


class CompactNet(nn.Module):
    """A chain of convolutions; the enlarged picture is what it adds to repeated pixels."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.scale, channels = network.scale, network.channels
        layers: list[nn.Module] = [_convolution(3, channels), nn.PReLU(channels)]
        for _ in range(network.blocks):
            layers += [_convolution(channels, channels), nn.PReLU(channels)]
        layers.append(_convolution(channels, 3 * self.scale**2))
        self.body = nn.Sequential(*layers)

    def forward(self, picture: Tensor) -> Tensor:
        """Red, green and blue (1, 3, h, w), 0 to 1 → (1, 3, h * scale, w * scale)."""
        repeated = functional.interpolate(picture, scale_factor=self.scale, mode="nearest")
        return repeated + functional.pixel_shuffle(self.body(picture), self.scale)


def build(network: Network, tensors: dict[str, Tensor]) -> nn.Module:
    """The network with the tensors of its file, in float32 on the CPU.

    Raises:
        RuntimeError: A tensor is missing, too many, or of another shape.
    """
    with torch.device("meta"):  # nothing is made that the file does not fill
        made = RRDBNet(network) if network.kind == "rrdb" else CompactNet(network)
    named = {network.names[name]: tensor.float() for name, tensor in tensors.items()}
    made.load_state_dict(named, strict=True, assign=True)
    return made.eval().requires_grad_(requires_grad=False)
