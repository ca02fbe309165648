#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Very many files at once for a real imgdedupd: how long they take, in how much memory, and how `status` is answered."""

import argparse
import collections
import os
import pathlib
import random
import struct
import tempfile
import threading
import time
import zlib

from measure_service import Service, print_latencies


def tiny_png(seed):
    """A picture of 40x30 blocks, other ones for every seed."""
    source = random.Random(seed)
    width, height, block = 40, 30, 5
    colours = [[bytes(source.randrange(256) for _ in range(3)) for _ in range(width // block)] for _ in range(height // block)]
    rows = b"".join(b"\0" + b"".join(colours[y // block][x // block] for x in range(width)) for y in range(height))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Watch(threading.Thread):
    """Asks for `status` every 20 ms; the largest sum of the resident memory of daemon and workers."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service, self.times, self.is_over, self.all_mib, self.last = service, [], False, 0, None
        self.start()

    def run(self):
        count = 0
        while not self.is_over:
            begin = time.monotonic()
            self.last = self.service.call("status")
            self.times.append((time.monotonic() - begin) * 1000)
            if count % 50 == 0:
                self.all_mib = max(self.all_mib, self.resident_mib())
            count += 1
            time.sleep(0.02)

    def resident_mib(self):
        pid = self.service.process.pid
        pids = {pid}
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            pids |= {int(child) for child in (task / "children").read_text().split()}
        total = 0
        for one in pids:
            try:
                fields = pathlib.Path(f"/proc/{one}/statm").read_text().split()
                total += int(fields[1]) * os.sysconf("SC_PAGESIZE")
            except OSError:
                pass  # a worker that has just ended
        return total / 2**20

    def stop(self, what):
        self.is_over = True
        self.join()
        print(
            f"{what}: daemon {self.service.process_status('VmHWM') / 1024:.1f} MiB at most, with its workers "
            f"{max(self.all_mib, self.resident_mib()):.1f}"
        )
        print_latencies(f"{what}: status ({len(self.times)} calls)", self.times)


class OtherConnection:
    """So that `sync` does not stand in the way of the watch."""

    def __init__(self, service):
        self.process, self.directory, self.socket_path = service.process, service.directory, service.socket_path
        self.stream = None

    connect = Service.connect
    call = Service.call


def make_files(folder, count, directories, pictures):
    """As write_load() of tests/faults: of ten, three are pictures, one is cut off, three are links, three no pictures."""
    counts = collections.Counter()
    for number in range(count):
        directory = folder / f"d{number * directories // count}"
        if number * directories % count < directories:
            directory.mkdir(exist_ok=True)
        picture = pictures[number % len(pictures)]
        base = f"{directory}/{number}"
        kind = "p" if number % 10 in (0, 3, 6) else "l" if number % 10 in (1, 4, 7) else "c" if number % 10 == 2 else "o"
        if kind == "l":
            os.link(last, base + "-link.png")
        else:
            name = base + (".txt" if kind == "o" else ".png")
            content = picture if kind == "p" else picture[: len(picture) // 2] + str(number).encode() if kind == "c" else str(number).encode()
            with open(name, "wb") as file:
                file.write(content)
            if kind == "p":
                last = name
        counts[kind] += 1
    return counts


def million(arguments):
    pictures = [tiny_png(number) for number in range(300)]
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as directory:
        watched = pathlib.Path(directory) / "watched"
        watched.mkdir()
        settings = "detect: {edited: {enabled: false}}\n"
        with Service(arguments.build, directory, [watched], more_settings=settings) as service:
            service.call("sync")
            watch, other = Watch(service), OtherConnection(service)
            begin = time.monotonic()
            counts = make_files(watched, arguments.files, min(1000, arguments.files // 100), pictures)
            print(f"{arguments.files} files written in {time.monotonic() - begin:.0f} s")
            other.call("sync")
            seconds = time.monotonic() - begin
            watch.stop("arrival")
            status = other.call("status")
            print(f"all known after {seconds:.0f} s, {arguments.files / seconds:.0f} a second")
            assert status["images"] == counts["p"] and status["pending"] == 0, status
            assert status["incomplete"] + status["unreadable"] == counts["c"], status
            assert status["duplicates"]["exact"] + status["index"]["hashes"] == counts["p"], status
            listed = list_files(other)
            there = {f"{folder}/{name}" for folder, _, names in os.walk(watched) for name in names}
            assert listed == there, (len(listed - there), len(there - listed))
            print(f"`files` lists the {len(listed)} files that lie there; catalog {service.catalog_path.stat().st_size / 2**20:.0f} MiB")
        service.stream = None
        with service:
            service.stream = None
            watch, other = Watch(service), OtherConnection(service)
            other.call("sync")
            print(f"started again: all compared after {service.seconds():.1f} s")
            watch.stop("start")


def list_files(service):
    after, listed = None, set()
    while True:
        page = page_of(service, after)
        listed |= {item["path"] for item in page["items"]}
        after = page["next"]
        if after is None:
            return listed


def page_of(service, after):
    return service.call("files", {"limit": 1000} if after is None else {"limit": 1000, "after": after})


def storm(arguments):
    pictures = [tiny_png(number) for number in range(50)]
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as directory:
        watched = pathlib.Path(directory) / "watched"
        watched.mkdir()
        settings = "actions: {exact: quarantine}\ndetect: {edited: {enabled: false}}\n"
        with Service(arguments.build, directory, [watched], more_settings=settings) as service:
            service.call("sync")
            watch, other = Watch(service), OtherConnection(service)
            free = os.statvfs(directory)
            begin = time.monotonic()
            for number in range(arguments.files):
                folder = watched / f"d{number % 100}"
                folder.mkdir(exist_ok=True)
                # Half of all are copies of the first.
                which = 0 if number % 2 == 0 else number // 2 % len(pictures)
                (folder / f"p{which}-{number}.png").write_bytes(pictures[which])
            print(f"{arguments.files} files written in {time.monotonic() - begin:.0f} s")
            looks, quarantine = 0, watched / ".imgdedup-quarantine"
            moves = []
            while True:
                copies = collections.Counter()
                for folder in watched.glob("d*"):
                    for name in os.listdir(folder):
                        copies[name.split("-")[0]] += 1
                assert len(copies) == len(pictures), copies
                looks += 1
                moves.append((time.monotonic(), watch.last["moves_done"]))
                if sum(copies.values()) == len(pictures):
                    break
                time.sleep(1)
            other.call("sync")
            seconds = time.monotonic() - begin
            rates = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(moves, moves[1:]) if b[0] > a[0]]
            watch.stop("storm")
            status = other.call("status")
            in_quarantine = sum(1 for entry in os.scandir(quarantine) if entry.name.endswith(".png"))
            assert in_quarantine == status["quarantined"]["files"] == arguments.files - len(pictures), status
            print(
                f"{in_quarantine} moved after {seconds:.0f} s, at most {max(rates, default=0):.0f} a second; one of each picture "
                f"was in its folder at each of {looks} looks"
            )
            now = os.statvfs(directory)
            used = (free.f_bavail - now.f_bavail) * free.f_frsize / 2**20
            print(f"{used:.0f} MiB of disk taken by all of it, the pictures themselves included")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--scratch", default=None, help="where the folder and the state of the service are put")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("million")
    command.add_argument("--files", type=int, default=1_000_000)
    command.set_defaults(run=million)
    command = commands.add_parser("storm")
    command.add_argument("--files", type=int, default=100_000)
    command.set_defaults(run=storm)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
