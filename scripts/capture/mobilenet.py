"""MobileNet v1: Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017,
arXiv 1704.04861, table 1; width multiplier 1."""

from torch import nn

# Output channels and stride of each depthwise separable convolution.
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + 5 * [(512, 1)] + [(1024, 2), (1024, 1)]


def convolution(inputs, outputs, kernel, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
                         nn.BatchNorm2d(outputs), nn.ReLU())


class MobileNetV1(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.first = convolution(3, 32, 3, 2)
        channels, blocks = 32, []
        for outputs, stride in BLOCKS:
            depthwise = convolution(channels, channels, 3, stride, groups=channels)
            blocks.append(nn.Sequential(depthwise, convolution(channels, outputs, 1)))
            channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(channels, classes)

    def forward(self, x):
        return self.head(self.pool(self.blocks(self.first(x))).flatten(1))


def mobilenet_v1():
    return MobileNetV1()
