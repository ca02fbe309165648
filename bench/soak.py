#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mixed load on a real imgdedupd for as long as one likes; then everything has to be right.

Pictures arrive, are edited, moved, linked and deleted; what was moved to quarantine is restored; settings are
reloaded; the service is stopped and killed. Every copy that was ever put there and not deleted has to be somewhere,
and memory and descriptors have to be what they were."""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from load import tiny_png


class Client:
    """A connection to the control socket, made anew when the service is another one."""

    def __init__(self, path):
        self.path, self.stream = str(path), None

    def call(self, method, params=None, timeout=60):
        if not self.stream:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(timeout)
            connection.connect(self.path)
            self.stream = connection.makefile("rw")
        try:
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
            self.stream.write(json.dumps(request) + "\n")
            self.stream.flush()
            while True:
                line = self.stream.readline()
                if not line:
                    raise OSError("the service closed the connection")
                answer = json.loads(line)
                if answer.get("id") == 1:
                    break
        except (OSError, ValueError):
            self.stream = None
            raise
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def items(self, method, params=None):
        params = dict(params or {})
        while True:
            page = self.call(method, params)
            yield from page["items"]
            if page.get("next") is None:
                return
            params["after"] = page["next"]


class Service:
    def __init__(self, build, base):
        self.build, self.base, self.root = build, base, base / "photos"
        self.root.mkdir()
        self.settings, self.socket = base / "imgdedupd.yaml", base / "control.sock"
        self.radius, self.process, self.log = 10, None, open(base / "service.log", "ab")
        self.client = Client(self.socket)
        self.write_settings()

    def write_settings(self):
        self.settings.write_text(
            f"watch:\n  - path: '{self.root}'\ncatalog: '{self.base}/catalog.sqlite3'\n"
            f"duplicates_log: '{self.base}/duplicates.jsonl'\nsocket: {{path: '{self.socket}'}}\n"
            "settle_time: 100ms\nworkers: 2\nreconcile_interval: 1m\n"
            "actions: {exact: quarantine}\n"
            f"detect: {{near: {{enabled: false, radius_bits: {self.radius}}}, edited: {{enabled: false}}}}\n"
        )

    def start(self):
        self.process = subprocess.Popen([self.build / "imgdedupd", "--config", self.settings], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while True:
            if self.process.poll() is not None:
                sys.exit(f"imgdedupd has ended with {self.process.returncode}: see {self.base}/service.log")
            try:
                return Client(self.socket).call("status")
            except OSError:
                if time.monotonic() > deadline:
                    sys.exit("imgdedupd does not answer")
                time.sleep(0.02)

    def end(self, how):
        self.process.send_signal(how)
        status = self.process.wait(60)
        self.client.stream = None
        if how == signal.SIGTERM and status != 0:
            sys.exit(f"imgdedupd ended with {status}")


class Watch(threading.Thread):
    """How long `status` takes, and what the processes hold."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service, self.times, self.samples, self.is_over = service, [], [], False
        self.begin = time.monotonic()
        self.started = self.begin  # of the service's life

    def run(self):
        client, count = Client(self.service.socket), 0
        while not self.is_over:
            begin = time.monotonic()
            try:
                client.call("status")
                self.times.append((time.monotonic() - begin) * 1000)
            except (OSError, RuntimeError):
                client.stream = None  # between two lives
            count += 1
            if count % 50 == 0:
                self.sample()
            time.sleep(0.02)

    def sample(self):
        pid = self.service.process.pid
        try:
            fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
            descriptors = len(os.listdir(f"/proc/{pid}/fd"))
            now = time.monotonic()
            self.samples.append((now - self.begin, now - self.started, int(fields["VmRSS"].split()[0]) / 1024, descriptors, pid))
        except (OSError, KeyError):
            pass  # between two lives


most_files = 20_000


class Load:
    """What people and programs do; `copies` is how many files of each content there have to be."""

    def __init__(self, service, seed):
        self.service, self.random = service, random.Random(seed)
        self.copies, self.done = collections.Counter(), collections.Counter()
        self.digests = {}
        self.pictures = [tiny_png(f"{seed} {number}") for number in range(400)]
        self.number = 0

    def digest(self, content):
        return self.digests.setdefault(content, hashlib.sha256(content).hexdigest())

    def files(self):
        directory = self.service.root / f"d{self.random.randrange(40)}"
        try:
            return [directory / name for name in sorted(os.listdir(directory))]
        except OSError:
            return []

    def arrive(self):
        for _ in range(self.random.randrange(1, 60)):
            self.number += 1
            directory = self.service.root / f"d{self.random.randrange(40)}"
            directory.mkdir(exist_ok=True)
            # Few are new, so most are duplicates; some are no pictures.
            content = self.random.choice(self.pictures) if self.random.random() < 0.9 else f"text {self.number}".encode()
            path = directory / f"{self.number}.png"
            path.write_bytes(content)
            self.copies[self.digest(content)] += 1

    def take_away(self, path):
        """Out of the service's reach, and what it was."""
        out = self.service.base / "out"
        try:
            os.rename(path, out)
        except OSError:
            return None  # the service has moved it meanwhile
        content = out.read_bytes()
        # Another name of it may be left.
        links = out.stat().st_nlink
        return content if links == 1 else b""

    def delete(self):
        for path in self.files()[: self.random.randrange(1, 20)]:
            content = self.take_away(path)
            if content:
                self.copies[self.digest(content)] -= 1
            (self.service.base / "out").unlink(missing_ok=True)

    def edit(self):
        """As editors save: the new file takes the place of the old."""
        for path in self.files()[: self.random.randrange(1, 5)]:
            content = self.take_away(path)
            if content is None:
                continue
            (self.service.base / "out").unlink()
            if content:
                self.copies[self.digest(content)] -= 1
            new = self.random.choice(self.pictures)
            fresh = self.service.base / "fresh"
            fresh.write_bytes(new)
            os.rename(fresh, path)
            self.copies[self.digest(new)] += 1

    def move(self):
        for path in self.files()[: self.random.randrange(1, 10)]:
            self.number += 1
            directory = self.service.root / f"d{self.random.randrange(40)}"
            directory.mkdir(exist_ok=True)
            try:
                os.rename(path, directory / f"moved{self.number}.png")
            except OSError:
                pass

    def link(self):
        for path in self.files()[:3]:
            self.number += 1
            try:
                os.link(path, path.with_name(f"link{self.number}.png"))
            except OSError:
                pass

    def rename_directory(self):
        one, other = (self.service.root / f"d{self.random.randrange(40)}" for _ in range(2))
        if one.exists() and not other.exists():
            one.rename(other)

    def restore(self):
        entries = self.service.client.call("quarantine.list", {"limit": 50})["items"]
        if entries:
            ids = [entry["id"] for entry in self.random.sample(entries, min(5, len(entries)))]
            self.service.client.call("quarantine.restore", {"ids": ids})

    def purge(self):
        """One at a time, to know what went."""
        entries = self.service.client.call("quarantine.list", {"limit": 200})["items"]
        for entry in self.random.sample(entries, min(40, len(entries))):
            place = pathlib.Path(entry["quarantine_path"])
            links = place.stat().st_nlink
            try:
                self.service.client.call("quarantine.purge", {"ids": [entry["id"]]})
            finally:
                if not place.exists() and links == 1:
                    self.copies[entry["content"]] -= 1

    def reload(self):
        self.service.radius = 4 + self.service.radius % 8
        self.service.write_settings()
        self.service.process.send_signal(signal.SIGHUP)

    def pause(self):
        self.service.client.call("pause")
        self.arrive()
        self.service.client.call("resume")

    def rescan(self):
        self.service.client.call("rescan")

    def step(self):
        actions = [
            (30 if sum(self.copies.values()) < most_files else 0, self.arrive), (20, self.delete), (8, self.edit), (8, self.move), (3, self.link), (1, self.rename_directory),
            (4, self.restore), (6, self.purge), (1, self.reload), (1, self.pause), (1, self.rescan),
        ]
        action = self.random.choices([action for _, action in actions], [weight for weight, _ in actions])[0]
        self.done[action.__name__] += 1
        try:
            action()
        except (OSError, RuntimeError):
            self.done["refused"] += 1  # by a service that is taking up new settings, for one


def check(service, load):
    """All that must hold when nothing happens any more; the list of what does not."""
    service.client.call("sync", {"timeout": "1800s"}, timeout=1900)
    problems = []
    quarantine = service.root / ".imgdedup-quarantine"
    found, seen = collections.Counter(), set()
    for directory, _, names in os.walk(service.root):
        for name in names:
            path = pathlib.Path(directory) / name
            status = path.stat()
            if (directory == str(quarantine) and name.endswith(".json")) or status.st_ino in seen:
                continue
            seen.add(status.st_ino)
            found[hashlib.sha256(path.read_bytes()).hexdigest()] += 1
    for content in set(found) | set(load.copies):
        if found[content] != load.copies[content]:
            problems.append(f"{found[content]} copies of {content} instead of {load.copies[content]}")
    on_disk = {
        str(pathlib.Path(directory) / name)
        for directory, _, names in os.walk(service.root)
        if pathlib.Path(directory) != quarantine
        for name in names
    }
    known = {file["path"] for file in service.client.items("files")}
    problems += [f"not known: {path}" for path in sorted(on_disk - known)[:5]]
    problems += [f"known, not there: {path}" for path in sorted(known - on_disk)[:5]]
    listed = {entry["quarantine_path"] for entry in service.client.items("quarantine.list")}
    there = {str(path) for path in quarantine.glob("*") if path.suffix != ".json"}
    if listed != there:
        problems.append(f"quarantine: {len(listed - there)} listed that are not there, {len(there - listed)} not listed")
    last = 0
    for line in (service.base / "duplicates.jsonl").read_text().splitlines():
        number = json.loads(line)["id"]
        if number <= last:
            problems.append(f"duplicates log: {number} after {last}")
        last = number
    return problems


def slope_mib_per_hour(samples, skip_seconds):
    """Least squares over lives that are old enough to have everything loaded."""
    points = [(when / 3600, resident) for when, age, resident, *_ in samples if age > skip_seconds]
    if len(points) < 10:
        return float("nan")
    x, y = zip(*points)
    return statistics.linear_regression(x, y).slope


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kill-seconds", type=float, default=120, help="mean time between ends of the service")
    parser.add_argument("--scratch", default=None, help="where the folder is made; kept when something is wrong")
    arguments = parser.parse_args()
    base = pathlib.Path(tempfile.mkdtemp(prefix="imgdedup-soak-", dir=arguments.scratch))
    service = Service(arguments.build, base)
    service.start()
    load, watch = Load(service, arguments.seed), Watch(service)
    watch.start()
    lives, end = 1, time.monotonic() + 60 * arguments.minutes
    next_end = time.monotonic() + load.random.expovariate(1 / arguments.kill_seconds)
    # The last third is one life, to see where its memory goes: SQLite's cache fills up first.
    last_life = time.monotonic() + 40 * arguments.minutes
    while time.monotonic() < end:
        load.step()
        time.sleep(load.random.uniform(0, 0.3))
        if next_end < time.monotonic() < last_life:
            how = load.random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
            load.done[how.name] += 1
            service.end(how)
            load.arrive()
            load.delete()
            service.start()
            lives, watch.started = lives + 1, time.monotonic()
            next_end = time.monotonic() + load.random.expovariate(1 / arguments.kill_seconds)
    problems = check(service, load)
    watch.is_over = True
    watch.join()
    last_pid = service.process.pid
    last = [sample for sample in watch.samples if sample[4] == last_pid and sample[1] > 30]
    status = service.client.call("status")
    service.end(signal.SIGTERM)
    percentiles = statistics.quantiles(watch.times, n=100)
    print(f"{arguments.minutes:g} minutes, seed {arguments.seed}, {lives} lives: " + ", ".join(f"{n} {w}" for w, n in sorted(load.done.items())))
    print(f"{status['images']} images, {sum(status['duplicates'].values())} decisions in force, {status['quarantined']['files']} in quarantine")
    print(f"status: p50 {percentiles[49]:.1f} ms, p99 {percentiles[98]:.1f} ms, longest {max(watch.times):.0f} ms, {len(watch.times)} calls")
    if last:
        print(
            f"last life: {last[-1][1] / 60:.1f} minutes, resident {last[0][2]:.1f} MiB at first, {last[-1][2]:.1f} at the end, "
            f"{max(sample[2] for sample in last):.1f} at most, slope {slope_mib_per_hour(last, 30):+.2f} MiB an hour, "
            f"of its second half {slope_mib_per_hour(last[len(last) // 2:], 30):+.2f}; "
            f"descriptors {min(sample[3] for sample in last)} to {max(sample[3] for sample in last)}"
        )
    for problem in problems[:20]:
        print("WRONG:", problem)
    if problems:
        sys.exit(f"{len(problems)} problems; everything is in {base}")
    print("every copy is somewhere, every file known, the log in order")
    shutil.rmtree(base)


if __name__ == "__main__":
    main()
