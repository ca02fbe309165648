#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Collects pictures of unpacked packages into one folder, to try a detector on what it was not made with
(needs python3-pil).

    collect_photos.py OUT_DIR FOLDER...

Takes every JPEG, PNG and WebP of FOLDER and below of at least 400 x 300 pixels and 25 kB, reduces it to 800 pixels and
writes it as OUT_DIR/FOLDER_NAME_NNNN.jpg, each decoded picture once. Copies remain that differ in size or crop: look
at what `accuracy OUT_DIR` reports, and take those out.
"""

import hashlib
import pathlib
import sys

from PIL import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    out, *folders = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    seen = set()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in SUFFIXES or path.is_symlink() or not path.is_file():
                continue
            if path.stat().st_size < 25_000:
                continue
            try:
                image = Image.open(path)
                if image.width < 400 or image.height < 300:
                    continue
                image.draft("RGB", (1000, 1000))
                image = image.convert("RGB")
            except (OSError, ValueError, SyntaxError) as problem:
                print(f"{path}: {problem}", file=sys.stderr)
                continue
            digest = hashlib.sha256(image.resize((64, 64)).tobytes()).digest()
            if digest in seen:
                continue
            seen.add(digest)
            image.thumbnail((800, 800), Image.Resampling.LANCZOS)
            image.save(out / f"{folder.name}_{len(seen):04}.jpg", quality=90)
    print(f"{len(seen)} pictures", file=sys.stderr)


if __name__ == "__main__":
    main()
