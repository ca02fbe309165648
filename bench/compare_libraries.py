#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the hashes of imgdedup with those of imagehash and imagededup, and what they cost.

Needs, in a virtual environment: pip install imagehash tqdm; pip install --no-deps imagededup. Its network is not
used, so neither are the libraries that it would need for it.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import types

METHODS = ("ahash", "dhash", "phash", "whash")


def hash_with_imagehash(arguments):
    import imagehash
    from PIL import Image

    path, method, size = arguments
    function = {"ahash": imagehash.average_hash, "dhash": imagehash.dhash, "phash": imagehash.phash, "whash": imagehash.whash}
    try:
        with Image.open(path) as picture:
            return path.name, str(function[method](picture, size))
    except Exception:
        return path.name, None


def imagehash_folder(folder, method, size):
    from multiprocessing import Pool

    paths = [(path, method, size) for path in sorted(folder.iterdir()) if path.is_file()]
    with Pool(2) as pool:
        return {name: text for name, text in pool.map(hash_with_imagehash, paths, chunksize=8) if text}


def imagededup_folder(folder, method, size):
    import importlib.util

    # Its packages import its network, its search and its plots with all that these need: only the hashes are wanted.
    root = pathlib.Path(importlib.util.find_spec("imagededup").origin).parent
    for name, folder_name in (("methods", "methods"), ("utils", "utils"), ("handlers.search.retrieval", "")):
        module = types.ModuleType("imagededup." + name)
        module.__path__ = [str(root / folder_name)]
        module.HashEval = None
        sys.modules[module.__name__] = module
    from imagededup.methods import hashing

    assert size == 8
    name = {"ahash": "AHash", "dhash": "DHash", "phash": "PHash", "whash": "WHash"}[method]
    return getattr(hashing, name)(verbose=False).encode_images(image_dir=folder, num_enc_workers=2)


def command_for(program, who, library, method, size, folder):
    if who == "imgdedup":
        return [program, "encode", "--compat", library, "--hash-size", str(size), "--method", method, folder]
    return [sys.executable, __file__, "--as", library, "--method", method, "--size", str(size), folder]


def run(command):
    """The map that the command writes, its seconds, its seconds of processor time with all its children."""
    start = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"failed: {command}")
    return json.loads(output), time.monotonic() - start, usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default="build/imgdedup")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--as", dest="library", help=argparse.SUPPRESS)
    parser.add_argument("--method", help="only this one")
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.library:
        hash_folder = {"imagehash": imagehash_folder, "imagededup": imagededup_folder}[options.library]
        print(json.dumps(hash_folder(options.folder, options.method, options.size)))
        return

    print("library method size | files equal | files/s ours theirs ratio | CPU ms a file ours theirs ratio")
    for method in [options.method] if options.method else METHODS:
        for library, size in (("imagededup", 8), ("imagehash", 8), ("imagehash", 16)):
            times = {"imgdedup": [], "python": []}
            maps = {}
            for _ in range(options.rounds):
                for who in times:
                    maps[who], *cost = run(command_for(options.program, who, library, method, size, options.folder))
                    times[who].append(cost)
            both = [name for name in maps["python"] if name in maps["imgdedup"]]
            equal = sum(maps["python"][name] == maps["imgdedup"][name] for name in both)
            seconds, processor = ([statistics.median(cost[i] for cost in times[who]) for who in times] for i in (0, 1))
            count = len(both)
            print(
                f"{library:10} {method} {size:2} | {count} {equal} | {count / seconds[0]:.0f} {count / seconds[1]:.0f}"
                f" {seconds[1] / seconds[0]:.2f} | {processor[0] / count * 1000:.2f} {processor[1] / count * 1000:.2f}"
                f" {processor[1] / processor[0]:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
