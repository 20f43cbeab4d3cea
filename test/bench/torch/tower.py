"""The PyTorch side of the comparison: `tower.py vit|rn50 FOLDER` builds an image tower with seeded random weights, exports it to FOLDER/onnx/vision_model.onnx,
says "ready", and then answers each line "BATCH" on standard input with the milliseconds of one forward and backward pass to the pixels.
Its pixels lie in FOLDER/pixels-BATCH.bin, the same for both. The first gradient of each batch is left in FOLDER/gradient-BATCH.bin, so that the other side can see that it differentiates the same thing."""
import os
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

SIDE = 224


class VitBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, n, width = x.shape
        y = self.norm1(x)
        q, k, v = (f(y).view(b, n, self.heads, width // self.heads).transpose(1, 2) for f in (self.q, self.k, self.v))
        mixed = F.scaled_dot_product_attention(q, k, v)
        x = x + self.out(mixed.transpose(1, 2).reshape(b, n, width))
        h = self.up(self.norm2(x))
        return x + self.down(h * torch.sigmoid(1.702 * h))


class Vit(nn.Module):
    """ViT-B/32 (Dosovitskiy et al., 2020) with CLIP's norms and projection."""

    def __init__(self, width=768, layers=12, heads=12, patch=32, dimension=512):
        super().__init__()
        self.patch = nn.Conv2d(3, width, patch, patch, bias=False)
        self.start = nn.Parameter(torch.randn(width))
        self.place = nn.Parameter(0.3 * torch.randn((SIDE // patch) ** 2 + 1, width))
        self.pre, self.post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.blocks = nn.Sequential(*(VitBlock(width, heads) for _ in range(layers)))
        self.projection = nn.Linear(width, dimension, bias=False)

    def forward(self, pixels):
        x = self.patch(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.start.expand(x.shape[0], 1, -1), x], 1) + self.place
        return self.projection(self.post(self.blocks(self.pre(x))[:, 0]))


class Bottleneck(nn.Module):
    def __init__(self, inside, planes, stride=1):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False), nn.BatchNorm2d(planes)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3, self.bn3 = nn.Conv2d(planes, 4 * planes, 1, bias=False), nn.BatchNorm2d(4 * planes)
        self.side = nn.Identity()
        if stride > 1 or inside != 4 * planes:
            self.side = nn.Sequential(
                nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                nn.Conv2d(inside, 4 * planes, 1, bias=False),
                nn.BatchNorm2d(4 * planes),
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.pool(F.relu(self.bn2(self.conv2(y))))
        return F.relu(self.bn3(self.conv3(y)) + self.side(x))


class ModifiedResNet(nn.Module):
    """CLIP's RN50 (Radford et al., 2021): three convolutions first, average pooling before strides, attention pooling at the end."""

    def __init__(self, width=64, layers=(3, 4, 6, 3), heads=32, dimension=1024):
        super().__init__()
        half, wide = width // 2, width * 32
        convs = [(3, half, 2), (half, half, 1), (half, width, 1)]
        self.stem = nn.Sequential(
            *(nn.Sequential(nn.Conv2d(a, b, 3, s, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()) for a, b, s in convs),
            nn.AvgPool2d(2),
        )
        inside, blocks = width, []
        for stage, count in enumerate(layers):
            for i in range(count):
                blocks.append(Bottleneck(inside, width * 2**stage, 2 if i == 0 and stage > 0 else 1))
                inside = 4 * width * 2**stage
        self.blocks = nn.Sequential(*blocks)
        self.heads = heads
        self.place = nn.Parameter(torch.randn((SIDE // 32) ** 2 + 1, wide) / wide**0.5)
        self.q, self.k, self.v = (nn.Linear(wide, wide) for _ in range(3))
        self.out = nn.Linear(wide, dimension)

    def forward(self, pixels):
        x = self.blocks(self.stem(pixels)).flatten(2).transpose(1, 2)
        x = torch.cat([x.mean(1, keepdim=True), x], 1) + self.place
        b, n, width = x.shape
        split = lambda t: t.view(b, -1, self.heads, width // self.heads).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(split(self.q(x[:, :1])), split(self.k(x)), split(self.v(x)))
        return self.out(mixed.transpose(1, 2).reshape(b, width))


def main(shape, folder):
    torch.manual_seed(1)
    tower = {"vit": Vit, "rn50": ModifiedResNet}[shape]().eval().requires_grad_(False)
    for module in tower.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    os.makedirs(os.path.join(folder, "onnx"), exist_ok=True)
    torch.onnx.export(
        tower,
        torch.zeros(1, 3, SIDE, SIDE),
        os.path.join(folder, "onnx", "vision_model.onnx"),
        input_names=["pixel_values"],
        output_names=["image_embeds"],
        dynamic_axes={"pixel_values": {0: "batch"}, "image_embeds": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    print("ready", flush=True)
    for line in sys.stdin:
        batch = int(line)
        given = torch.from_file(os.path.join(folder, f"pixels-{batch}.bin"), size=batch * 3 * SIDE * SIDE)
        pixels = given.view(batch, 3, SIDE, SIDE).clone().requires_grad_()
        began = time.perf_counter()
        F.normalize(tower(pixels), dim=-1).mean(-1).sum().backward()
        print(1000 * (time.perf_counter() - began), flush=True)
        gradient = os.path.join(folder, f"gradient-{batch}.bin")
        if not os.path.exists(gradient):
            pixels.grad.numpy().tofile(gradient)


main(*sys.argv[1:])
