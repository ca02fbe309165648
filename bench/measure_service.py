#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts the real imgdedupd of a build folder in a directory of its own and measures it."""

import argparse
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time


class Service:
    """A running imgdedupd with its state in `directory`."""

    def __init__(self, build, directory, watched, workers=2, more_settings=""):
        self.directory = pathlib.Path(directory)
        self.socket_path = self.directory / "control.sock"
        self.settings = self.directory / "imgdedupd.yaml"
        folders = "".join(f"  - path: '{folder}'\n" for folder in watched)
        self.settings.write_text(
            f"watch:\n{folders}"
            f"catalog: '{self.catalog_path}'\n"
            f"duplicates_log: '{self.directory / 'duplicates.jsonl'}'\n"
            f"socket: {{path: '{self.socket_path}'}}\n"
            f"workers: {workers}\n{more_settings}"
        )
        self.build = build
        self.stream = None

    @property
    def catalog_path(self):
        return self.directory / "catalog.sqlite3"

    def __enter__(self):
        self.log = open(self.directory / "service.log", "ab")
        self.began = time.monotonic()
        program = [str(self.build / "imgdedupd"), "--config", str(self.settings)]
        self.process = subprocess.Popen(program, stdout=self.log, stderr=self.log)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()

    def seconds(self):
        return time.monotonic() - self.began

    def connect(self):
        while True:
            if self.process.poll() is not None:
                sys.exit(f"imgdedupd has ended: see {self.directory}/service.log")
            try:
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(str(self.socket_path))
                self.stream = connection.makefile("rw")
                return
            except OSError:
                time.sleep(0.001)

    def call(self, method, params=None):
        if not self.stream:
            self.connect()
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        self.stream.write(json.dumps(request) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline())
            if answer.get("id") == 1:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]

    def process_status(self, field):
        """A number of /proc/PID/status."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            name, value = line.split(":", 1)
            if name == field:
                return int(value.split()[0])
        raise KeyError(field)

    def cpu_ticks(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def context_switches(self):
        """Of all threads."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            for line in (task / "status").read_text().splitlines():
                if "ctxt_switches" in line:
                    total += int(line.split()[1])
        return total


def latencies_ms(service, method, calls, pause):
    times = []
    for _ in range(calls):
        begin = time.monotonic()
        service.call(method)
        times.append((time.monotonic() - begin) * 1000)
        time.sleep(pause)
    return times


def print_latencies(what, times):
    percentiles = statistics.quantiles(times, n=100)
    print(f"{what}: p50 {percentiles[49]:.2f} ms, p99 {percentiles[98]:.2f} ms, longest {max(times):.2f} ms")


def large_catalog(arguments):
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as directory:
        base = base_memory_kib(arguments.build, directory)
        state = pathlib.Path(directory) / "large"
        watched = state / "watched"
        watched.mkdir(parents=True)
        service = Service(arguments.build, state, [watched, arguments.away])
        if arguments.catalog:
            shutil.copyfile(arguments.catalog, service.catalog_path)
        else:
            maker = [arguments.build / "large_catalog", service.catalog_path, arguments.away]
            subprocess.run([*map(str, maker), str(arguments.files)], check=True)
        size_mib = service.catalog_path.stat().st_size / 2**20
        print(f"catalog of {arguments.files} files: {size_mib:.0f} MiB")
        for start in ("first start", "second start"):
            with service:
                service.stream = None
                service.call("status")
                print(f"{start}: `status` is answered after {service.seconds() * 1000:.0f} ms")
                while service.call("status")["state"] == "starting":
                    time.sleep(0.01)
                print(f"{start}: the index stands after {service.seconds():.2f} s")
                begin = time.monotonic()
                service.call("sync")
                print(f"{start}: sync {(time.monotonic() - begin) * 1000:.0f} ms")
                status = service.call("status")
                assert status["index"]["hashes"] == arguments.files, status["index"]
                resident = service.process_status("VmRSS")
                peak = service.process_status("VmHWM")
                each = (resident - base) * 1024 / arguments.files
                print(
                    f"{start}: resident {resident / 1024:.1f} MiB, base {base / 1024:.1f} MiB, "
                    f"{each:.1f} bytes a row; at most {peak / 1024:.1f} MiB"
                )
                print_latencies("status", latencies_ms(service, "status", 200, 0.01))
                print_latencies("metrics", latencies_ms(service, "metrics", 200, 0.01))


def base_memory_kib(build, directory):
    state = pathlib.Path(directory) / "base"
    watched = state / "watched"
    watched.mkdir(parents=True)
    with Service(build, state, [watched]) as service:
        service.call("sync")
        service.call("status")
        return service.process_status("VmRSS")


def at_rest(arguments):
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as directory:
        watched = pathlib.Path(directory) / "watched"
        watched.mkdir()
        with Service(arguments.build, directory, [watched]) as service:
            service.call("sync")
            time.sleep(2)
            ticks, switches = service.cpu_ticks(), service.context_switches()
            time.sleep(arguments.seconds)
            ticks = service.cpu_ticks() - ticks
            switches = service.context_switches() - switches
            percent = 100 * ticks / os.sysconf("SC_CLK_TCK") / arguments.seconds
            print(f"resident {service.process_status('VmRSS') / 1024:.1f} MiB")
            print(f"{ticks} ticks of CPU time in {arguments.seconds} s ({percent:.2f} %)")
            print(f"{switches} context switches of all threads in {arguments.seconds} s")


class CpuTime:
    """Of all processes that end between its making and the call of per_file_ms()."""

    def __init__(self):
        self.begin = self.now()

    @staticmethod
    def now():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def per_file_ms(self, count):
        return 1000 * (self.now() - self.begin) / count


def service_rate(arguments, count):
    cpu = CpuTime()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as directory:
        with Service(arguments.build, directory, [arguments.folder], arguments.workers) as service:
            service.call("sync")
            rate = count / service.seconds()
            status = service.call("status")
            assert status["pending"] == 0 and status["images"] == count, status
            daemon_cpu = 10 * service.cpu_ticks() / count
    return rate, cpu.per_file_ms(count), (status["duplicates"], f"daemon alone {daemon_cpu:.3f} ms")


def encode_rate(arguments, count):
    cpu = CpuTime()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as directory:
        command = [arguments.build / "imgdedup", "encode", arguments.folder, "-o", f"{directory}/encodings.json"]
        begin = time.monotonic()
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        return count / (time.monotonic() - begin), cpu.per_file_ms(count), ""


def floor_rate(arguments, _):
    run = [str(arguments.floor), str(arguments.folder), str(arguments.workers), "1"]
    text = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    line = next(line for line in text.splitlines() if "grey 1/8" in line)
    words = line.rsplit(":", 1)[1].split()
    return float(words[0]), float(words[2]), ""


def hash_folder(arguments):
    count = sum(1 for path in arguments.folder.iterdir() if path.is_file())
    programs = {"floor": floor_rate, "service": service_rate, "encode": encode_rate}
    rates = {name: [] for name in programs}
    cpu_times = {name: [] for name in programs}
    for number in range(arguments.rounds):
        for name, program in programs.items():
            rate, cpu_ms, remark = program(arguments, count)
            rates[name].append(rate)
            cpu_times[name].append(cpu_ms)
            print(f"round {number + 1}: {name} {rate:.0f} files/s, {cpu_ms:.3f} ms of CPU time a file {remark}")
    floor_cpu = statistics.median(cpu_times["floor"])
    print(f"{count} files, {arguments.workers} workers, medians of {arguments.rounds} rounds:")
    for name in programs:
        ratio = statistics.median(rate / floor for rate, floor in zip(rates[name], rates["floor"]))
        cpu_ms = statistics.median(cpu_times[name])
        print(
            f"{name}: {statistics.median(rates[name]):.0f} files/s, {ratio:.2f} of the floor; "
            f"{cpu_ms:.3f} ms of CPU time a file, {floor_cpu / cpu_ms:.2f} of the floor"
        )


def one_run_ms(arguments, folder, is_on):
    """CPU time of all processes from the start to the end, and that of the daemon alone."""
    cpu = CpuTime()
    settings = f"settle_time: 0s\ndetect: {{edited: {{enabled: {str(is_on).lower()}}}}}\n"
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as directory:
        with Service(arguments.build, directory, [folder], arguments.workers, settings) as service:
            service.call("sync")
            daemon_ms = 1000 * service.cpu_ticks() / os.sysconf("SC_CLK_TCK")
    return cpu.per_file_ms(1), daemon_ms


def edited_cost(arguments):
    """Less a run over two of the pictures: what it takes to start and to end."""
    pictures = sorted(path for path in arguments.folder.iterdir() if path.is_file())
    costs = {False: [], True: []}
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as two:
        for picture in pictures[:2]:
            shutil.copy(picture, two)
        for _ in range(arguments.rounds):
            for is_on, found in costs.items():
                whole = one_run_ms(arguments, arguments.folder, is_on)
                start = one_run_ms(arguments, two, is_on)
                found.append([(a - b) / (len(pictures) - 2) for a, b in zip(whole, start)])
    print(f"{len(pictures)} pictures, medians of {arguments.rounds} rounds, CPU time a file:")
    medians = {is_on: [statistics.median(part) for part in zip(*found)] for is_on, found in costs.items()}
    for is_on, (whole, daemon) in medians.items():
        print(f"edited {'on ' if is_on else 'off'}: {whole:.2f} ms, of these the daemon {daemon:.2f} ms")
    print(f"ratio {medians[True][0] / medians[False][0]:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--scratch", default=None, help="where the state of the service is put")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("large-catalog")
    command.add_argument("--files", type=int, default=1_000_000)
    command.add_argument("--catalog", help="one that large_catalog made; else one is made")
    command.add_argument("--away", default="/nonexistent/photos", help="the folder its files are in")
    command.set_defaults(run=large_catalog)
    command = commands.add_parser("at-rest")
    command.add_argument("--seconds", type=int, default=30)
    command.set_defaults(run=at_rest)
    command = commands.add_parser("hash-folder")
    command.add_argument("folder", type=pathlib.Path)
    command.add_argument("--workers", type=int, default=2)
    command.add_argument("--rounds", type=int, default=5)
    command.set_defaults(run=hash_folder)
    command = commands.add_parser("edited-cost")
    command.add_argument("folder", type=pathlib.Path)
    command.add_argument("--workers", type=int, default=2)
    command.add_argument("--rounds", type=int, default=5)
    command.set_defaults(run=edited_cost)
    arguments = parser.parse_args()
    arguments.floor = arguments.build / "hashing_floor"
    arguments.run(arguments)


if __name__ == "__main__":
    main()
