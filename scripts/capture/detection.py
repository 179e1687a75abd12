"""Object detectors that end in their loss: SSD300 out of torchvision's modules, YOLOv3 and YOLOv3-tiny."""

import torch
import torchvision
from torch import nn
from torch.nn import functional

OBJECTS = 8  # ground-truth boxes in an image: COCO has 7.7 on average (Lin et al. 2014, section 5.1), rounded up


class Loss(nn.Module):
    """A loss that reads several outputs; what it is stands in `kind`, what the trace says of it in `attributes`."""

    def __init__(self, kind, **attributes):
        super().__init__()
        self.kind, self.attributes = kind, attributes

    def forward(self, *outputs):
        return sum(output.flatten(1).sum(1) for output in outputs)


class ScaledL2Norm(nn.Module):
    """Every pixel's channels divided by their length, times a learned scale a channel (ParseNet; SSD's first feature map)."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, x):
        return self.scale.view(1, -1, 1, 1) * functional.normalize(x)


class Ssd(nn.Module):
    """Liu et al.: "SSD: Single Shot MultiBox Detector", ECCV 2016, arXiv 1512.02325: torchvision's backbone and heads, without
    its pre- and post-processing of images."""

    def __init__(self, detector):
        super().__init__()
        self.features, self.extra = detector.backbone.features, detector.backbone.extra
        self.norm = ScaledL2Norm(detector.backbone.scale_weight)
        self.boxes = detector.head.regression_head.module_list
        self.classes = detector.head.classification_head.module_list
        self.class_count = detector.head.classification_head.num_columns
        self.loss = Loss("multibox_loss", objects=OBJECTS)

    def forward(self, x):
        x = self.features(x)
        maps = [self.norm(x)]
        for block in self.extra:
            x = block(x)
            maps.append(x)
        return self.loss(self.columns(maps, self.boxes, 4), self.columns(maps, self.classes, self.class_count))

    @staticmethod
    def columns(maps, heads, count):
        """Every default box of every map as a row."""
        return torch.cat([head(x).permute(0, 2, 3, 1).reshape(x.size(0), -1, count) for head, x in zip(heads, maps)], dim=1)


def ssd300():
    """SSD300 on VGG-16, 91 classes (COCO)."""
    return Ssd(torchvision.models.detection.ssd300_vgg16(weights=None, weights_backbone=None))


def convolution(inputs, outputs, kernel, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs),
                         nn.LeakyReLU(0.1))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.narrow, self.wide = convolution(channels, channels // 2, 1), convolution(channels // 2, channels, 3)

    def forward(self, x):
        return x + self.wide(self.narrow(x))


def stage(inputs, outputs, blocks):
    """Halves the image, then residual blocks."""
    return nn.Sequential(convolution(inputs, outputs, 3, 2), *(Residual(outputs) for _ in range(blocks)))


def neck(inputs, channels):
    """Five convolutions between a feature map and its head."""
    widths = [(inputs, channels, 1), (channels, 2 * channels, 3), (2 * channels, channels, 1),
              (channels, 2 * channels, 3), (2 * channels, channels, 1)]
    return nn.Sequential(*(convolution(*width) for width in widths))


def head(inputs, channels, outputs):
    return nn.Sequential(convolution(inputs, channels, 3), nn.Conv2d(channels, outputs, 1))


def upsampled(inputs, outputs):
    return nn.Sequential(convolution(inputs, outputs, 1), nn.Upsample(scale_factor=2, mode="nearest"))


class YoloV3(nn.Module):
    """Redmon, Farhadi: "YOLOv3: An Incremental Improvement", 2018, arXiv 1804.02767, as in the authors' yolov3.cfg: Darknet-53
    without its classifier, three scales, three anchors each, 80 classes (COCO)."""

    def __init__(self, classes=80, anchors=3):
        super().__init__()
        outputs = anchors * (5 + classes)
        self.first = convolution(3, 32, 3)
        self.fine = nn.Sequential(stage(32, 64, 1), stage(64, 128, 2), stage(128, 256, 8))
        self.middle, self.coarse = stage(256, 512, 8), stage(512, 1024, 4)
        self.neck1, self.head1, self.up1 = neck(1024, 512), head(512, 1024, outputs), upsampled(512, 256)
        self.neck2, self.head2, self.up2 = neck(768, 256), head(256, 512, outputs), upsampled(256, 128)
        self.neck3, self.head3 = neck(384, 128), head(128, 256, outputs)
        self.loss = Loss("yolo_loss", anchors=anchors, objects=OBJECTS)

    def forward(self, x):
        fine = self.fine(self.first(x))
        middle = self.middle(fine)
        x1 = self.neck1(self.coarse(middle))
        x2 = self.neck2(torch.cat([self.up1(x1), middle], 1))
        x3 = self.neck3(torch.cat([self.up2(x2), fine], 1))
        return self.loss(self.head1(x1), self.head2(x2), self.head3(x3))


class SamePool(nn.MaxPool2d):
    """Maxima of 2 x 2 windows at every pixel: the image is padded on its far side alone, as Darknet does."""

    far_padding = (1, 1)

    def __init__(self):
        super().__init__(2, 1)

    def forward(self, x):
        return super().forward(functional.pad(x, (0, 1, 0, 1), value=-torch.inf))


class YoloV3Tiny(nn.Module):
    """The authors' yolov3-tiny.cfg: seven convolutions with pools between them, two scales."""

    def __init__(self, classes=80, anchors=3):
        super().__init__()
        outputs = anchors * (5 + classes)
        fine, channels = [convolution(3, 16, 3)], 16
        for width in (32, 64, 128, 256):
            fine += [nn.MaxPool2d(2), convolution(channels, width, 3)]
            channels = width
        self.fine = nn.Sequential(*fine)
        self.coarse = nn.Sequential(nn.MaxPool2d(2), convolution(256, 512, 3), SamePool(), convolution(512, 1024, 3),
                                    convolution(1024, 256, 1))
        self.head1, self.up1, self.head2 = head(256, 512, outputs), upsampled(256, 128), head(384, 256, outputs)
        self.loss = Loss("yolo_loss", anchors=anchors, objects=OBJECTS)

    def forward(self, x):
        fine = self.fine(x)
        coarse = self.coarse(fine)
        return self.loss(self.head1(coarse), self.head2(torch.cat([self.up1(coarse), fine], 1)))


def yolov3():
    """YOLOv3, 80 classes (COCO)."""
    return YoloV3()


def yolov3_tiny():
    """YOLOv3-tiny, 80 classes (COCO)."""
    return YoloV3Tiny()
