#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes edited copies of photos, with truth, to measure what a detector finds (needs python3-pil).

    edit_photos.py SOURCE_DIR OUT_DIR [--photos N] [--seed S] [--edits a,b,...|standard|further|more] [--list]
                   [--originals] [--distractors] [--without-hard-negatives]

Takes N photos of SOURCE_DIR (all unless told; chosen by the seed), writes one copy per edit as
OUT_DIR/STEM__EDIT.EXT and OUT_DIR/truth.json: {"copy": {"original": name, "edit": edit}, ...}. The edits called
standard are the 33 that thresholds may be chosen on; those called further are kept for trying a finished detector;
those called more were, until a detector that missed many of them was mended by them.
--originals also copies the photos themselves, --distractors all others of SOURCE_DIR beside them.
--without-hard-negatives leaves out photos whose kind in SOURCE_DIR/photos.csv begins with "hard negative".
Random parts (place of a crop) follow the seed, so a run can be repeated.
"""

import argparse
import csv
import json
import math
import pathlib
import random
import shutil
import sys

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

LANCZOS = Image.Resampling.LANCZOS
BICUBIC = Image.Resampling.BICUBIC
TURN = Image.Transpose
GAMMA = [int(255 * (level / 255) ** 0.6) for level in range(256)] * 3


def crop(image, keep, rng):
    width, height = image.size
    new_width, new_height = int(width * keep), int(height * keep)
    x, y = rng.randint(0, width - new_width), rng.randint(0, height - new_height)
    return image.crop((x, y, x + new_width, y + new_height))


def scale(image, factor):
    return image.resize((max(8, int(image.width * factor)), max(8, int(image.height * factor))), LANCZOS)


def caption(image):
    image = image.copy()
    draw = ImageDraw.Draw(image)
    width, height = image.size
    draw.rectangle([0, height - height // 8, width, height], fill=(255, 255, 255))
    draw.text((8, height - height // 10), "when the build is green", fill=(0, 0, 0))
    return image


def watermark(image):
    base = image.convert("RGBA")
    over = Image.new("RGBA", base.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(over)
    width, height = base.size
    for y in range(0, height, max(20, height // 6)):
        for x in range(0, width, max(60, width // 4)):
            draw.text((x, y), "SAMPLE", fill=(255, 255, 255, 130))
    return Image.alpha_composite(base, over).convert("RGB")


def stickers(image, rng):
    image = image.copy()
    draw = ImageDraw.Draw(image)
    side = min(image.size) // 6
    for _ in range(4):
        x, y = rng.randint(0, image.width - side), rng.randint(0, image.height - side)
        draw.ellipse([x, y, x + side, y + side], fill=tuple(rng.randint(0, 255) for _ in range(3)))
    return image


def caption_above(image):
    """A band added above, as memes have it: the picture itself is whole."""
    band = image.height // 5
    result = Image.new("RGB", (image.width, image.height + band), (255, 255, 255))
    result.paste(image, (0, band))
    ImageDraw.Draw(result).text((10, band // 3), "nobody:  absolutely nobody:", fill=(0, 0, 0))
    return result


def letterbox(image):
    side = max(image.size)
    result = Image.new("RGB", (side, side), (0, 0, 0))
    result.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return result


def blurred_letterbox(image):
    side = max(image.size)
    result = image.resize((side, side), BICUBIC).filter(ImageFilter.GaussianBlur(side / 20))
    result.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return result


def perspective(image):
    width, height = image.size
    return image.transform(
        image.size,
        Image.Transform.QUAD,
        (width * 0.04, height * 0.02, 0, height, width, height * 0.97, width * 0.95, 0),
        BICUBIC,
    )


def in_a_window(image):
    """A screenshot of the picture in a viewer."""
    margin, bar = image.width // 10, max(24, image.height // 12)
    result = Image.new("RGB", (image.width + 2 * margin, image.height + margin + bar), (43, 43, 46))
    draw = ImageDraw.Draw(result)
    draw.rectangle([0, 0, result.width, bar], fill=(230, 230, 232))
    for i in range(3):
        draw.ellipse([10 + 20 * i, bar // 2 - 6, 22 + 20 * i, bar // 2 + 6], fill=(200 - 60 * i, 80 + 60 * i, 80))
    draw.text((90, bar // 3), "Photos - holiday 2019 (17 of 243)", fill=(30, 30, 30))
    result.paste(image, (margin, bar))
    return result


def put_text(image, text, middle, height, colour, outline=None):
    """Text of that height in pixels, whatever fonts there are: the built-in one, enlarged."""
    box = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text)
    small = Image.new("L", (box[2] + 2, box[3] + 2))
    ImageDraw.Draw(small).text((1, 1), text, fill=255)
    mask = small.resize((max(1, round(small.width * height / small.height)), max(1, round(height))), BICUBIC)
    corner = (round(middle[0] - mask.width / 2), round(middle[1] - mask.height / 2))
    if outline:
        reach = max(3, round(height / 20) * 2 + 1)
        image.paste(outline, corner, mask.filter(ImageFilter.MaxFilter(reach)))
    image.paste(colour, corner, mask)


def meme(image):
    image = image.copy()
    for y, text in ((0.1, "ONE DOES NOT"), (0.9, "SIMPLY MERGE")):
        put_text(image, text, (image.width / 2, image.height * y), image.height / 8, (255, 255, 255), (0, 0, 0))
    return image


def big_text(image):
    image = image.copy()
    put_text(image, "SALE", (image.width / 2, image.height / 2), image.height / 3, (255, 230, 0))
    return image


def logo(image):
    image = image.copy()
    side = min(image.size) // 5
    x, y = image.width - side - 8, image.height - side - 8
    ImageDraw.Draw(image).rounded_rectangle([x, y, x + side, y + side], side // 5, fill=(200, 30, 40))
    put_text(image, "TV9", (x + side / 2, y + side / 2), side / 3, (255, 255, 255))
    return image


def banner(image):
    band = (0, image.height * 3 // 4, image.width, image.height * 15 // 16)
    image = image.copy()
    image.paste(Image.blend(image.crop(band), Image.new("RGB", (band[2], band[3] - band[1]), (0, 0, 60)), 0.6), band)
    put_text(image, "BREAKING NEWS TONIGHT", (image.width / 2, image.height * 27 / 32), image.height / 12, (255, 255, 255))
    return image


def caption_below(image):
    band = image.height // 7
    result = Image.new("RGB", (image.width, image.height + band))
    result.paste(image, (0, 0))
    put_text(result, "a caption, white on black", (image.width / 2, image.height + band / 2), band / 3, (255, 255, 255))
    return result


def censored(image, rng):
    width, height = image.width // 4, image.height // 4
    x, y = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    part = image.crop((x, y, x + width, y + height))
    coarse = part.resize((max(1, width // 16), max(1, height // 16)), Image.Resampling.BOX)
    image = image.copy()
    image.paste(coarse.resize(part.size, Image.Resampling.NEAREST), (x, y))
    return image


def polaroid(image):
    margin = min(image.size) // 16
    result = Image.new("RGB", (image.width + 2 * margin, image.height + 6 * margin), (250, 248, 242))
    result.paste(image, (margin, margin))
    put_text(result, "summer '98", (result.width / 2, image.height + 3 * margin), 2 * margin, (40, 40, 90))
    return result


def phone(image):
    """A screenshot of the picture in a telephone's program."""
    result = Image.new("RGB", (image.width, max(2 * image.width, image.height + 200)), (18, 18, 20))
    y = (result.height - image.height) // 2
    result.paste(image, (0, y))
    put_text(result, "12:41", (image.width / 8, 40), image.width / 20, (255, 255, 255))
    put_text(result, "Liked by anna and 214 others", (image.width / 3, y + image.height + 40), image.width / 26, (255, 255, 255))
    return result


def vignette(image):
    light = Image.radial_gradient("L").resize(image.size, BICUBIC).point([255 - level * 2 // 5 for level in range(256)])
    return ImageChops.multiply(image, Image.merge("RGB", (light, light, light)))


def noise(image, rng):
    grain = Image.effect_noise(image.size, 28)
    grain = Image.merge("RGB", (grain, grain, grain))
    return ImageChops.add(image, grain, 1, -128)


def sepia(image):
    return ImageOps.colorize(image.convert("L"), (30, 15, 0), (255, 240, 200), mid=(160, 120, 80))


def other_hue(image):
    hue, saturation, value = image.convert("HSV").split()
    turned = hue.point([(level + 25) % 256 for level in range(256)])
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def turned_and_cropped(image):
    angle = math.radians(10)
    longer, shorter = max(image.size), min(image.size)
    keep = shorter / (longer * math.sin(angle) + shorter * math.cos(angle))
    width, height = int(image.width * keep), int(image.height * keep)
    x, y = (image.width - width) // 2, (image.height - height) // 2
    return image.rotate(10, BICUBIC).crop((x, y, x + width, y + height))


def barrel(image):
    width, height = image.size
    pieces = 16

    def source(x, y):
        u, v = x / width * 2 - 1, y / height * 2 - 1
        bulge = 1 + 0.06 * (u * u + v * v - 1)
        return ((u * bulge + 1) * width / 2, (v * bulge + 1) * height / 2)

    mesh = []
    for i in range(pieces):
        for j in range(pieces):
            left, right = width * i // pieces, width * (i + 1) // pieces
            top, bottom = height * j // pieces, height * (j + 1) // pieces
            corners = (source(left, top), source(left, bottom), source(right, bottom), source(right, top))
            mesh.append(((left, top, right, bottom), sum(corners, ())))
    return image.transform(image.size, Image.Transform.MESH, mesh, BICUBIC)


def tilt(image, corners):
    width, height = image.size
    quad = [share * side for share, side in zip(corners, (width, height) * 4)]
    return image.transform(image.size, Image.Transform.QUAD, quad, BICUBIC)


def thumbnail(image):
    image = image.copy()
    image.thumbnail((160, 160))
    return image


def same(image, rng):
    return image


# edit -> (function(image, rng), how to save: None, a format, or what Pillow's save takes)
STANDARD = {
    "jpeg75": (same, {"quality": 75}),
    "jpeg30": (same, {"quality": 30}),
    "jpeg10": (same, {"quality": 10}),
    "png": (same, "png"),
    "webp": (same, "webp"),
    "scale50": (lambda i, r: scale(i, 0.5), None),
    "scale25": (lambda i, r: scale(i, 0.25), None),
    "scale150": (lambda i, r: scale(i, 1.5), None),
    "aspect": (lambda i, r: i.resize((400, 400), LANCZOS), None),
    "bright+25": (lambda i, r: ImageEnhance.Brightness(i).enhance(1.25), None),
    "bright-25": (lambda i, r: ImageEnhance.Brightness(i).enhance(0.75), None),
    "contrast+30": (lambda i, r: ImageEnhance.Contrast(i).enhance(1.3), None),
    "gamma": (lambda i, r: i.point(GAMMA), None),
    "gray": (lambda i, r: i.convert("L").convert("RGB"), None),
    "saturate": (lambda i, r: ImageEnhance.Color(i).enhance(1.8), None),
    "blur": (lambda i, r: i.filter(ImageFilter.GaussianBlur(2)), None),
    "sharpen": (lambda i, r: i.filter(ImageFilter.UnsharpMask(2, 150, 3)), None),
    "crop98": (lambda i, r: crop(i, 0.98, r), None),
    "crop95": (lambda i, r: crop(i, 0.95, r), None),
    "crop90": (lambda i, r: crop(i, 0.90, r), None),
    "crop875": (lambda i, r: crop(i, 0.875, r), None),
    "crop75": (lambda i, r: crop(i, 0.75, r), None),
    "crop50": (lambda i, r: crop(i, 0.5, r), None),
    "caption": (lambda i, r: caption(i), None),
    "watermark": (lambda i, r: watermark(i), None),
    "border": (lambda i, r: ImageOps.expand(i, int(min(i.size) * 0.06), (255, 255, 255)), None),
    "rot2": (lambda i, r: i.rotate(2, BICUBIC), None),
    "rot5": (lambda i, r: i.rotate(5, BICUBIC), None),
    "rot25": (lambda i, r: i.rotate(25, BICUBIC), None),
    "rot90": (lambda i, r: i.transpose(TURN.ROTATE_90), None),
    "rot180": (lambda i, r: i.transpose(TURN.ROTATE_180), None),
    "hflip": (lambda i, r: i.transpose(TURN.FLIP_LEFT_RIGHT), None),
    "vflip": (lambda i, r: i.transpose(TURN.FLIP_TOP_BOTTOM), None),
}
FURTHER = {
    "crop70-mirror-jpeg30": (lambda i, r: ImageOps.mirror(crop(i, 0.7, r)), {"quality": 30}),
    "crop60-scale50": (lambda i, r: scale(crop(i, 0.6, r), 0.5), None),
    "rot270-bright": (lambda i, r: ImageEnhance.Brightness(i.transpose(TURN.ROTATE_270)).enhance(1.2), None),
    "transpose": (lambda i, r: i.transpose(TURN.TRANSPOSE), None),
    "rot12-scale70": (lambda i, r: scale(i.rotate(12, BICUBIC), 0.7), None),
    "rot45-whole": (lambda i, r: i.rotate(45, BICUBIC, expand=True), None),
    "stickers": (stickers, None),
    "caption-above": (lambda i, r: caption_above(i), None),
    "letterbox": (lambda i, r: letterbox(i), None),
    "letterbox-blurred": (lambda i, r: blurred_letterbox(i), None),
    "perspective": (lambda i, r: perspective(i), None),
    "window": (lambda i, r: in_a_window(i), None),
    "stretch130": (lambda i, r: i.resize((int(i.width * 1.3), i.height), LANCZOS), None),
    "mirror-caption": (lambda i, r: caption(ImageOps.mirror(i)), None),
    "watermark-gray-jpeg40": (lambda i, r: watermark(i).convert("L"), {"quality": 40}),
    "crop85-saturate-blur": (
        lambda i, r: ImageEnhance.Color(crop(i, 0.85, r).filter(ImageFilter.GaussianBlur(1))).enhance(1.5),
        None,
    ),
}
MORE = {
    "meme": (lambda i, r: meme(i), None),
    "big-text": (lambda i, r: big_text(i), None),
    "logo": (lambda i, r: logo(i), None),
    "banner": (lambda i, r: banner(i), None),
    "caption-below": (lambda i, r: caption_below(i), None),
    "crop75-caption": (lambda i, r: caption(crop(i, 0.75, r)), None),
    "censored": (censored, None),
    "polaroid": (lambda i, r: polaroid(i), None),
    "phone": (lambda i, r: phone(i), None),
    "border-rot90": (
        lambda i, r: ImageOps.expand(i, int(min(i.size) * 0.1)).transpose(TURN.ROTATE_90),
        None,
    ),
    "vignette": (lambda i, r: vignette(i), None),
    "noise": (noise, None),
    "sepia": (lambda i, r: sepia(i), None),
    "hue": (lambda i, r: other_hue(i), None),
    "equalize": (lambda i, r: ImageOps.equalize(i), None),
    "autocontrast": (lambda i, r: ImageOps.autocontrast(i, cutoff=2), None),
    "posterize": (lambda i, r: ImageOps.posterize(i, 3), None),
    "median": (lambda i, r: i.filter(ImageFilter.MedianFilter(5)), None),
    "jpeg5": (same, {"quality": 5}),
    "thumbnail": (lambda i, r: thumbnail(i), None),
    "rot10-crop": (lambda i, r: turned_and_cropped(i), None),
    "rot3-crop-gray": (lambda i, r: ImageOps.crop(i.rotate(3, BICUBIC), int(min(i.size) * 0.06)).convert("L"), None),
    "barrel": (lambda i, r: barrel(i), None),
    "tilt": (lambda i, r: tilt(i, (0.07, 0.03, 0, 1, 1, 0.95, 0.93, 0)), None),
    "tilt-aside": (lambda i, r: tilt(i, (0, 0, 0.02, 1, 0.97, 0.93, 1, 0.05)), None),
    "crop50x80": (lambda i, r: i.crop((i.width // 4, 0, i.width * 3 // 4, i.height * 4 // 5)), None),
    "mirror-crop80-scale60": (lambda i, r: scale(ImageOps.mirror(crop(i, 0.8, r)), 0.6), None),
}
EDITS = STANDARD | FURTHER | MORE


def choose_edits(words):
    groups = {"standard": list(STANDARD), "further": list(FURTHER), "more": list(MORE)}
    chosen = [edit for word in words.split(",") for edit in groups.get(word, [word])]
    unknown = [edit for edit in chosen if edit not in EDITS]
    if unknown:
        sys.exit("edit_photos.py: no such edit: " + ", ".join(unknown))
    return chosen


def hard_negatives(source):
    with open(source / "photos.csv", newline="") as table:
        return {row["file"] for row in csv.DictReader(table) if row["kind"].startswith("hard negative")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", type=pathlib.Path)
    parser.add_argument("out", nargs="?", type=pathlib.Path)
    parser.add_argument("--photos", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--edits", default="standard")
    parser.add_argument("--originals", action="store_true")
    parser.add_argument("--distractors", action="store_true")
    parser.add_argument("--without-hard-negatives", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print("\n".join(EDITS))
        return
    if not options.source or not options.out:
        parser.error("SOURCE_DIR and OUT_DIR are needed")
    edits = choose_edits(options.edits)
    rng = random.Random(options.seed)
    all_names = sorted(p.name for p in options.source.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    names = all_names
    if options.without_hard_negatives:
        names = sorted(set(names) - hard_negatives(options.source))
    names = list(names)
    rng.shuffle(names)
    names = names[: options.photos] if options.photos else names
    options.out.mkdir(parents=True, exist_ok=True)
    truth = {}
    for name in names:
        image = Image.open(options.source / name).convert("RGB")
        for edit in edits:
            function, how = EDITS[edit]
            extension = how if isinstance(how, str) else "jpg"
            copy = f"{pathlib.Path(name).stem}__{edit}.{extension}"
            save_options = how if isinstance(how, dict) else {} if how else {"quality": 90}
            function(image, rng).save(options.out / copy, **save_options)
            truth[copy] = {"original": name, "edit": edit}
    (options.out / "truth.json").write_text(json.dumps(truth, indent=1, sort_keys=True))
    for name in all_names:
        if options.distractors or (options.originals and name in names):
            shutil.copyfile(options.source / name, options.out / name)
    print(f"{len(names)} photos, {len(truth)} copies", file=sys.stderr)


if __name__ == "__main__":
    main()
