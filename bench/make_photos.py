#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes many different JPEG photos out of a few: crops, turns, tones and grain (needs python3-pil)."""

import argparse
import io
import pathlib
import random

from PIL import Image, ImageChops, ImageOps


def photo(sources, width, height, grain, generator):
    """A crop of one picture, blended with a crop of another, so that no two look alike."""

    def crop():
        picture = generator.choice(sources)
        share = generator.uniform(0.45, 0.95)
        crop_width, crop_height = (max(8, int(side * share)) for side in picture.size)
        left = generator.randint(0, picture.width - crop_width)
        top = generator.randint(0, picture.height - crop_height)
        part = picture.crop((left, top, left + crop_width, top + crop_height))
        part = part.rotate(generator.choice((0, 90, 180, 270)), expand=True)
        if generator.random() < 0.5:
            part = ImageOps.mirror(part)
        return part.resize((width, height), Image.Resampling.BICUBIC)

    blended = Image.blend(crop(), crop(), generator.uniform(0.25, 0.5))
    left, top = generator.randrange(grain.width - width), generator.randrange(grain.height - height)
    return ImageChops.add(blended, grain.crop((left, top, left + width, top + height)), offset=-128)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=pathlib.Path, help="a folder of JPEG photos")
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--size", default="500x375")
    parser.add_argument("--quality", type=int, default=88)
    parser.add_argument("--grain", type=float, default=9.0, help="standard deviation")
    parser.add_argument("--folder-size", type=int, default=500, help="photos in one folder")
    arguments = parser.parse_args()
    width, height = (int(side) for side in arguments.size.split("x"))
    sources = [Image.open(path).convert("RGB") for path in sorted(arguments.source.glob("*.jpg"))]
    generator = random.Random(1)
    noise = Image.effect_noise((width + 400, height + 400), arguments.grain)
    grain = Image.merge("RGB", (noise, noise, noise))
    size_bytes = 0
    for number in range(arguments.count):
        folder = arguments.target / f"{number // arguments.folder_size:03}"
        folder.mkdir(parents=True, exist_ok=True)
        encoded = io.BytesIO()
        photo(sources, width, height, grain, generator).save(encoded, "JPEG", quality=arguments.quality)
        (folder / f"{number:06}.jpg").write_bytes(encoded.getvalue())
        size_bytes += encoded.tell()
    print(f"{arguments.count} photos of {size_bytes // arguments.count} bytes on average")


if __name__ == "__main__":
    main()
