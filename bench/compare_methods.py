#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every method of `imgdedup find` on folders with known duplicates, beside imagehash and imagededup.

    compare_methods.py --programs build FOLDER[=TRUTH.json]... [--model NETWORK.onnx] [--methods M,...]

A truth is a map in imagededup's form ({file: [duplicate, ...]}); without one, FOLDER/ground_truth_all.json, else
FOLDER/truth.json as edit_photos.py writes it. Prints a table: precision and recall of the pairs, mean average
precision, seconds. imagehash and imagededup take part where this Python has them; each finds duplicates its own way
(imagededup: find_duplicates; imagehash: all pairs of its hashes), within the same distance. A picture that a program
cannot read counts against its recall.
"""

import argparse
import contextlib
import io
import itertools
import json
import logging
import os
import pathlib
import subprocess
import tempfile
import time

HASHES = ("ahash", "dhash", "phash", "whash")
MAX_DISTANCE_BITS = 10


def read_truth(folder, path):
    if path is None:
        path = folder / "ground_truth_all.json"
    if not path.exists():
        path = folder / "truth.json"
    truth = json.loads(path.read_text())
    if all(isinstance(value, list) for value in truth.values()):
        return truth
    groups = {}
    for copy, what in truth.items():
        groups.setdefault(what["original"], []).append(copy)
    symmetric = {}
    for original, copies in groups.items():
        members = [original, *copies]
        for member in members:
            symmetric[member] = [other for other in members if other != member]
    return symmetric


def with_keys_of(found, truth, names):
    """`found` and `truth` over the same keys, which `imgdedup evaluate` wants."""
    known = set(names)
    return (
        {name: [hit for hit in found.get(name, []) if hit in known] for name in names},
        {name: [hit for hit in truth.get(name, []) if hit in known] for name in names},
    )


def by_imgdedup(programs, folder, method, model, scratch):
    output = scratch / f"{method}.json"
    command = [programs / "imgdedup", "find", folder, "--method", method, "-o", output]
    if method in HASHES:
        command += ["--max-distance", str(MAX_DISTANCE_BITS)]
    if method == "cnn":
        command += ["--model", model]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return json.loads(output.read_text())


def by_imagededup(folder, method):
    from imagededup import methods

    hasher = {"ahash": methods.AHash, "dhash": methods.DHash, "phash": methods.PHash, "whash": methods.WHash}[method]()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return hasher.find_duplicates(image_dir=folder, max_distance_threshold=MAX_DISTANCE_BITS, scores=False)


def by_imagehash(folder, method):
    import imagehash
    from PIL import Image

    function = {
        "ahash": imagehash.average_hash,
        "dhash": imagehash.dhash,
        "phash": imagehash.phash,
        "whash": imagehash.whash,
    }[method]
    hashes = {}
    for path in sorted(folder.iterdir()):
        with contextlib.suppress(Exception), Image.open(path) as picture:
            hashes[path.name] = function(picture)
    found = {name: [] for name in hashes}
    for (a, hash_a), (b, hash_b) in itertools.combinations(hashes.items(), 2):
        distance = hash_a - hash_b
        if distance <= MAX_DISTANCE_BITS:
            found[a].append((distance, b))
            found[b].append((distance, a))
    return {name: [hit for _, hit in sorted(hits)] for name, hits in found.items()}


def evaluate(programs, truth, found, scratch):
    truth_file, found_file = scratch / "truth.json", scratch / "found.json"
    truth_file.write_text(json.dumps(truth))
    found_file.write_text(json.dumps(found))
    command = [programs / "imgdedup", "evaluate", "--truth", truth_file, "--found", found_file]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def importable(module):
    try:
        __import__(module)
    except ImportError:
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", help="FOLDER or FOLDER=TRUTH.json")
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--model", help="a network for the method cnn; without one it takes no part")
    parser.add_argument("--methods", help="only these, e.g. local,all,cnn")
    options = parser.parse_args()
    logging.disable(logging.WARNING)

    methods = ["md5", *HASHES, "local", "all"] + (["cnn"] if options.model else [])
    if options.methods:
        chosen = options.methods.split(",")
        if unknown := set(chosen) - set(methods):
            parser.error(f"--methods: {', '.join(sorted(unknown))}: there are {', '.join(methods)}")
        methods = chosen
    print("| folder | method | pairs | precision | recall | MAP | seconds |")
    print("|---|---|---|---|---|---|---|")
    for argument in options.folders:
        folder, _, truth_path = argument.partition("=")
        folder = pathlib.Path(folder)
        truth = read_truth(folder, pathlib.Path(truth_path) if truth_path else None)
        names = sorted(set(truth) | {p.name for p in folder.iterdir() if p.suffix not in (".json", ".csv", ".md")})
        runs = [("imgdedup " + method, by_imgdedup, (options.programs, folder, method, options.model)) for method in methods]
        for module, run in (("imagehash", by_imagehash), ("imagededup", by_imagededup)):
            if importable(module):
                runs += [(f"{module} {method}", run, (folder, method)) for method in HASHES if method in methods]
        for name, run, arguments in runs:
            with tempfile.TemporaryDirectory() as directory:
                scratch = pathlib.Path(directory)
                begin = time.monotonic()
                found = run(*arguments, scratch) if run is by_imgdedup else run(*arguments)
                seconds = time.monotonic() - begin
                found, known_truth = with_keys_of(found, truth, names)
                metrics = evaluate(options.programs, known_truth, found, scratch)
            pairs = sum(len(hits) for hits in found.values()) // 2
            precision, recall = metrics["precision"][1], metrics["recall"][1]
            print(
                f"| {os.path.basename(folder)} | {name} | {pairs} | {precision:.3f} | {recall:.3f} |"
                f" {metrics['map']:.3f} | {seconds:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
