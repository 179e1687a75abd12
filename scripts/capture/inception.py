"""Inception-v4: Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", AAAI 2017,
arXiv 1602.07261, figures 3 to 9; without the auxiliary classifier."""

import torch
from torch import nn


class Convolution(nn.Sequential):
    """Convolution, batch norm, ReLU; without `stride` or `valid` the size stays."""

    def __init__(self, inputs, outputs, kernel, stride=1, valid=False):
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (0, 0) if valid or stride > 1 else tuple(k // 2 for k in kernel)
        super().__init__(nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs),
                         nn.ReLU())


def chain(inputs, *steps):
    """Convolutions in a row: (channels, kernel) or (channels, kernel, stride) each."""
    layers = []
    for outputs, *window in steps:
        layers.append(Convolution(inputs, outputs, *window))
        inputs = outputs
    return nn.Sequential(*layers)


class Branches(nn.Module):
    """Several ways from one input, joined along the channels."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Fork(nn.Module):
    """A chain that ends in two convolutions side by side (the wide branches of Inception-C)."""

    def __init__(self, trunk, channels, outputs):
        super().__init__()
        self.trunk = trunk
        self.ends = Branches(Convolution(channels, outputs, (1, 3)), Convolution(channels, outputs, (3, 1)))

    def forward(self, x):
        return self.ends(self.trunk(x))


def averaged(inputs, outputs):
    """Padding is no part of the average (as in the authors' code)."""
    return nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), Convolution(inputs, outputs, 1))


def stem():
    row, column = (1, 7), (7, 1)
    return nn.Sequential(
        Convolution(3, 32, 3, 2), Convolution(32, 32, 3, valid=True), Convolution(32, 64, 3),
        Branches(nn.MaxPool2d(3, 2), Convolution(64, 96, 3, 2)),
        Branches(nn.Sequential(Convolution(160, 64, 1), Convolution(64, 96, 3, valid=True)),
                 nn.Sequential(chain(160, (64, 1), (64, row), (64, column)), Convolution(64, 96, 3, valid=True))),
        Branches(Convolution(192, 192, 3, 2), nn.MaxPool2d(3, 2)))


def inception_a():
    return Branches(averaged(384, 96), chain(384, (96, 1)), chain(384, (64, 1), (96, 3)),
                    chain(384, (64, 1), (96, 3), (96, 3)))


def reduction_a():
    return Branches(nn.MaxPool2d(3, 2), Convolution(384, 384, 3, 2), chain(384, (192, 1), (224, 3), (256, 3, 2)))


def inception_b():
    row, column = (1, 7), (7, 1)
    return Branches(averaged(1024, 128), chain(1024, (384, 1)), chain(1024, (192, 1), (224, row), (256, column)),
                    chain(1024, (192, 1), (192, row), (224, column), (224, row), (256, column)))


def reduction_b():
    return Branches(nn.MaxPool2d(3, 2), chain(1024, (192, 1), (192, 3, 2)),
                    chain(1024, (256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3, 2)))


def inception_c():
    return Branches(averaged(1536, 256), chain(1536, (256, 1)), Fork(chain(1536, (384, 1)), 384, 256),
                    Fork(chain(1536, (384, 1), (448, (1, 3)), (512, (3, 1))), 512, 256))


class InceptionV4(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.stem = stem()
        self.a = nn.Sequential(*(inception_a() for _ in range(4)), reduction_a())
        self.b = nn.Sequential(*(inception_b() for _ in range(7)), reduction_b())
        self.c = nn.Sequential(*(inception_c() for _ in range(3)))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.head = nn.Linear(1536, classes)

    def forward(self, x):
        x = self.pool(self.c(self.b(self.a(self.stem(x)))))
        return self.head(self.dropout(x.flatten(1)))


def inception_v4():
    return InceptionV4()
