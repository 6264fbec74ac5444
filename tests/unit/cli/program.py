#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The built program from outside: exit codes, help, completion, manual pages, and the commands beside a collector on
loopback and on the data it left. Prints TAP. usage: program.py TRAPLINE MANUAL_FOLDER"""
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM, MANUAL = sys.argv[1], Path(sys.argv[2])
JAM = ["printerV2Alert", "prtAlertSeverityLevel.1.5", "i", "3", "prtAlertGroup.1.5", "i", "8",
       "prtAlertGroupIndex.1.5", "i", "2", "prtAlertCode.1.5", "i", "8"]
WAIT = 20  # seconds for what should take milliseconds
BASE = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "NOTIFY_SOCKET", "LISTEN_FDS")}


def run(*words, text=None, **env):
    return subprocess.run([PROGRAM, *map(str, words)], input=text, capture_output=True, text=True, timeout=60,
                          env={**BASE, **env})


def expect(code, *words, **more):
    result = run(*words, **more)
    assert result.returncode == code, f"{words}: exit code {result.returncode}, wanted {code}\n{result.stdout}{result.stderr}"
    return result


def commands():
    return re.findall(r"^  ([a-z]+) ", expect(0, "help").stdout, re.M)


def options(command):
    return re.findall(r"^  (?:-\w, )?(--[a-z-]+)", expect(0, "help", command).stdout, re.M)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Collector:
    def __init__(self, folder, *more):
        self.folder, self.port = folder, free_port()
        self.more = [f"--data={folder}", f"--listen=udp:127.0.0.1:{self.port}", f"--listen=tcp:127.0.0.1:{self.port}", *more]
        self.process = None

    def start(self):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([PROGRAM, "serve", *self.more], stdout=self.log, stderr=self.log, env=BASE)
        end = time.monotonic() + WAIT
        while run("status", "--data", self.folder).returncode:
            assert self.process.poll() is None and time.monotonic() < end, self.said()
            time.sleep(0.05)
        return self

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def send(self, kind, *words, code=0):
        return expect(code, "send", kind, "--to", f"127.0.0.1:{self.port}", "--data", self.folder, *words)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(WAIT)
        return self.process.returncode if self.process else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Follower:
    def __init__(self, folder, *more):
        self.process = subprocess.Popen([PROGRAM, "events", "--follow", "--data", folder, *more], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=BASE)
        self.rest = b""

    def line(self):
        end = time.monotonic() + WAIT
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            assert left > 0 and select.select([self.process.stdout], [], [], left)[0], "nothing came"
            part = os.read(self.process.stdout.fileno(), 65536)
            assert part, "the follower ended"
            self.rest += part
        first, self.rest = self.rest.split(b"\n", 1)
        return first.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(WAIT)


def test_usage():
    assert expect(0).stdout == expect(0, "help").stdout == expect(0, "--help").stdout
    assert re.fullmatch(r"trapline \d+\.\d+\.\d+\n", expect(0, "--version").stdout)
    for words in (["spoon"], ["events", "--spoon"], ["events", "extra"], ["explain"], ["send", "trap"], ["help", "spoon"],
                  ["completion", "tcsh"], ["events", "--since"], ["events", "--limit", "-1"], ["serve", "--workers", "x"]):
        result = expect(2, *words)
        assert not result.stdout and "trapline help" in result.stderr, words


def test_help_of_each_command():
    assert set(commands()) >= {"serve", "events", "send", "status", "explain", "check", "verify", "completion", "help"}
    for c in commands():
        assert expect(0, "help", c).stdout == expect(0, c, "--help").stdout == expect(0, c, "-h").stdout
        assert "--help" in options(c)
        assert all(len(line) <= 80 for line in expect(0, "help", c).stdout.splitlines()), c


def test_manual_names_every_option():
    page = (MANUAL / "trapline.1").read_text().replace("\\-", "-")
    for c in commands():
        assert f"trapline {c}" in page, c
        for o in options(c):
            assert o in page, f"{c} {o}"
    serve = (MANUAL / "trapline-serve.8").read_text().replace("\\-", "-")
    assert all(o in serve for o in options("serve"))
    keys = (MANUAL / "trapline.yaml.5").read_text()
    assert all(k in keys for k in ("communities", "rate-limit", "listeners", "priv-password-file", "lab-keys"))


def complete(*words):
    script = expect(0, "completion", "bash").stdout + (
        "\nCOMP_WORDS=(" + " ".join(f"'{w}'" for w in words) + f")\nCOMP_CWORD={len(words) - 1}\n_trapline\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n')
    return subprocess.run(["bash", "-u"], input=script, capture_output=True, text=True, check=True).stdout.split()


def test_completion():
    script = expect(0, "completion", "bash").stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
    assert complete("trapline", "") == commands()
    assert complete("trapline", "ev") == ["events"]
    for c in commands():
        assert complete("trapline", c, "--") == options(c), c
    assert complete("trapline", "events", "--kind", "sto") == ["storm", "stopped"]
    assert complete("trapline", "send", "") == ["trap", "inform"]
    assert complete("trapline", "help", "ver") == ["verify", "version"]
    assert complete("trapline", "check", "-c", "/etc/host") != []


def test_check():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "t.yaml"
        os.umask(0o077)
        file.write_text("communities:\n  - { label: ops, community: sesame, from: [ 10.0.0.0/8 ] }\n")
        good = expect(0, "check", "-c", file, "--data", folder)
        assert "sesame" not in good.stdout + good.stderr and "(hidden)" in good.stdout and "label: ops" in good.stdout
        file.write_text("communitys: []\nworkers: x\n")
        bad = expect(3, "check", "-c", file, "--data", folder)
        assert not bad.stdout
        assert f"{file}:1:1: 'communitys' is no key here; did you mean 'communities'?\n" in bad.stderr
        assert f"{file}:2:10: " in bad.stderr
        lines = [json.loads(line) for line in expect(3, "check", "--json", "-c", file, "--data", folder).stdout.splitlines()]
        assert lines[-1] == {"errors": 2, "warnings": 0} and len(lines) == 3
        file.write_text("web: 127.0.0.1:8697\n")
        assert "not in force yet" in expect(0, "check", "-c", file, "--data", folder).stderr
        assert ": No such file" in expect(3, "check", "-c", folder + "/nowhere").stderr
        expect(1, "events", "-c", folder + "/nowhere")
        expect(1, "serve", "-c", folder + "/nowhere")


def v2c_trap(community=b"public"):
    def tlv(tag, content):
        return bytes([tag, len(content)]) + content
    binding = tlv(0x30, bytes.fromhex("06082b06010201010300") + tlv(0x43, b"\x12\x67"))
    trap = tlv(0x30, bytes.fromhex("060a2b060106030101040100") + bytes.fromhex("06092b06010603010105 01"))
    pdu = tlv(0xA7, bytes.fromhex("020105020100020100") + tlv(0x30, binding + trap))
    return tlv(0x30, b"\x02\x01\x01" + tlv(0x04, community) + pdu)


def capture_of(*datagrams, port=162):
    """A pcap file of raw IPv4 packets, a second apart."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for i, payload in enumerate(datagrams):
        packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0, bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]))
        packet += struct.pack(">HHHH", 40000, port, 8 + len(payload), 0) + payload
        out += struct.pack("<IIII", 1700000000 + i, 5, len(packet), len(packet)) + packet
    return out


def test_decode():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.pcap"
        file.write_bytes(capture_of(v2c_trap(), v2c_trap(b"other"), b"spoon"))
        home = {"HOME": folder, "XDG_STATE_HOME": folder}
        lines = [json.loads(l) for l in expect(0, "decode", file, "--json", "--community", "public", **home).stdout.splitlines()]
        assert [l.get("refused") for l in lines] == [None, "community", "ber-tag"]
        assert all("id" not in l for l in lines)
        assert (lines[0]["oid"], lines[0]["peer"], lines[0]["received"]) == (
            "1.3.6.1.6.3.1.1.5.1", "192.0.2.1:40000", "2023-11-14T22:13:20.000005000Z"), lines[0]
        assert lines[1]["oid"] == lines[0]["oid"] and lines[1]["community"] is None and lines[1]["reason"]
        assert lines[2]["kind"] is None
        (Path(folder) / "other.yaml").write_text("data: " + folder + "\n")
        open_to_all = expect(0, "decode", file, "--json", "-c", Path(folder) / "other.yaml")
        assert [json.loads(l).get("refused") for l in open_to_all.stdout.splitlines()] == [None, None, "ber-tag"]
        assert "no community is known" in open_to_all.stderr and "public" not in open_to_all.stdout + open_to_all.stderr
        elsewhere = Path(folder) / "b.pcap"
        elsewhere.write_bytes(capture_of(v2c_trap(), port=9162))
        nothing = expect(0, "decode", elsewhere, "--community", "public")
        assert not nothing.stdout and "--port" in nothing.stderr
        assert "cold start" in expect(0, "decode", elsewhere, "--community", "public", "--port", "9162").stdout
        for content in (b"", b"spoon", capture_of(v2c_trap())[:-3]):
            (Path(folder) / "bad").write_bytes(content)
            assert expect(1, "decode", Path(folder) / "bad", "--community", "x").stderr
        hexed = v2c_trap().hex()
        assert "cold start" in expect(0, "decode", "--hex", hexed, "--community", "public").stdout
        two = expect(0, "decode", "--hex", "0x" + hexed, "--hex", hexed[:-2], "--community", "public", "--json").stdout.splitlines()
        assert [json.loads(l).get("refused") for l in two] == [None, "short"] and json.loads(two[0])["peer"] is None
    for words in (["decode"], ["decode", "a", "--hex", "30"], ["decode", "--hex", "3"], ["decode", "--hex", "30", "--port", "x"],
                  ["decode", "--hex", "30", "--user", "a", "--priv", "aes128"]):
        expect(2, *words)


def test_import():
    with tempfile.TemporaryDirectory() as folder:
        conf, more, out = (Path(folder) / n for n in ("snmptrapd.conf", "more.conf", "out.yaml"))
        conf.write_text('authCommunity log,execute sesame-1 10.0.0.0/8\ncreateUser -e 0x80000000010203 alice SHA-256 "open sesame-2" AES '
                        "'sesame-3 too'\nauthUser log alice priv\ntraphandle default /bin/mail sesame-4\nincludeFile more.conf\n")
        more.write_text("sesame-5 sesame-6\ncreateUser bob SHA -l 0xsesame7\nincludeFile more.conf\nincludeFile gone.conf\n")
        result = expect(0, "import", conf)
        assert "sesame" not in result.stderr
        said = result.stderr.splitlines()
        assert [line.split(": ")[0].replace(folder + "/", "") for line in said[:-1]] == [
            "snmptrapd.conf:4", "more.conf:1", "more.conf:2", "more.conf:3", "more.conf:4"], said
        assert said[-1] == "1 community and 1 user understood; 5 remarks"
        assert expect(0, "import", conf, "-o", out).stdout == "" and out.read_text() == result.stdout
        assert out.stat().st_mode & 0o777 == 0o600
        assert expect(0, "check", "-c", out, "--data", folder).stderr.endswith("0 errors, 0 warnings\n")
        for secret in ('community: "sesame-1"', '"open sesame-2"', '"sesame-3 too"', "from: [ 10.0.0.0/8 ]", "level: authPriv"):
            assert secret in result.stdout, secret
        expect(1, "import", conf, "-o", out)  # never over a file
        expect(1, "import", Path(folder) / "gone.conf")
        assert "imported-1" in expect(0, "import", "-", text="authCommunity log sesame\n").stdout
    expect(2, "import")


def test_engine_usage():
    for words in (["engine"], ["engine", "spoon"], ["engine", "list", "80001f8804"], ["engine", "lenient"], ["engine", "reset", "80"],
                  ["engine", "reset", "80001f8804", "--off"], ["engine", "list", "--site", "x"]):
        expect(2, *words, "--data", "/nonexistent")
    assert "no collector" in expect(1, "engine", "list", "--data", "/nonexistent").stderr
    assert "no collector" in expect(1, "engine", "reset", "80001f8804", "--data", "/nonexistent").stderr


def test_join_usage():
    given = {"collector": "127.0.0.1", "identity": "a", "peer": "b", "psk": "0123456789abcdef", "networks": "10.1.0.0/24", "inner": "10.2.0.1/32"}
    for name, values in {"collector": ["127.0.0.1:0", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "[::1]:+5", "[::1]:99999999999999999999"],
                         "lifetime": ["9s", "1", "53w"], "ike-lifetime": ["0s", "x"], "networks": ["10.1.0.0/33"], "identity": ["ip:x"],
                         "psk": [""]}.items():
        for value in values:
            words = [word for key, text in {**given, name: value}.items() for word in (f"--{key}", text)]
            assert f"--{name}" in expect(2, "join", *words).stderr, value


def test_explain():
    assert "1.3.6.1.2.1.43.18.1.1.7.1.5" in expect(0, "explain", "prtAlertCode.1.5").stdout
    told = json.loads(expect(0, "explain", "--json", "1.3.6.1.2.1.43.18.1.1.7").stdout)
    assert told["name"] == "prtAlertCode" and told["labels"]["8"] == "jam"
    assert not expect(1, "explain", "spoon").stdout
    assert not expect(1, "explain", "2.99").stdout


def test_without_a_collector():
    with tempfile.TemporaryDirectory() as folder:
        assert "trapline serve" in expect(1, "status", "--data", folder).stderr
        assert "no journal" in expect(1, "events", "--data", folder).stderr
        expect(1, "verify", "--data", folder)
        assert "no community" in expect(1, "send", "trap", "coldStart", "--data", folder).stderr
        nobody = ["--to", f"127.0.0.1:{free_port()}", "--community", "x"]
        expect(1, "send", "inform", "coldStart", *nobody)
        expect(1, "send", "inform", "coldStart", "--tcp", *nobody)


def test_the_whole_way():
    with tempfile.TemporaryDirectory() as folder, Collector(folder) as collector:
        collector.start()
        assert collector.send("trap", *JAM).stdout.startswith(f"sent to 127.0.0.1:{collector.port}")
        acknowledged = collector.send("inform", *JAM).stdout
        assert re.fullmatch(rf"acknowledged by 127\.0\.0\.1:{collector.port} in [\d.]+ ms\n", acknowledged), acknowledged
        collector.send("inform", "--tcp", "linkDown", "ifIndex.3", "i", "3")
        collector.send("trap", "--version", "1", "coldStart")
        refused = expect(1, "send", "inform", "coldStart", "--to", f"127.0.0.1:{collector.port}", "--community", "wrong",
                         "--timeout", "0.05", "--retries", "1")
        assert "after 2 tries" in refused.stderr
        wait_for_events(folder, 4)
        status = json.loads(expect(0, "status", "--json", "--data", folder).stdout)
        assert status["received"] == 6 and status["stored"] == 4 and status["acknowledged"] == 2
        assert status["waiting"] == 1 and status["duplicate"] == 1 and not status["refused"]
        shown = expect(0, "status", "--data", folder).stdout
        assert "received 6: stored 4, duplicate 1, waiting 1" in shown
        check_listing(folder)
        assert collector.stop() == 0
        check_listing(folder)
        assert "no damage" in expect(0, "verify", "--data", folder).stdout
        assert json.loads(expect(0, "verify", "--json", "--data", folder).stdout)["ok"] is True


def wait_for_events(folder, n):
    end = time.monotonic() + WAIT
    while len(run("events", "--json", "--data", folder).stdout.splitlines()) < n:
        assert time.monotonic() < end
        time.sleep(0.02)


def listed(folder, *words):
    return [json.loads(line) for line in expect(0, "events", "--json", "--data", folder, *words).stdout.splitlines()]


def check_listing(folder):
    every = listed(folder)
    assert len(every) == 4 and [e["id"] for e in every] == sorted(e["id"] for e in every)
    assert {e["kind"] for e in every} == {"trap", "inform"}
    assert [e["id"] for e in listed(folder, "--limit", "2")] == [e["id"] for e in every][-2:]
    assert len(listed(folder, "--limit", "0")) == 4 and len(listed(folder, "--limit", "1000")) == 4
    assert len(listed(folder, "--oid", "printerV2Alert")) == 2
    assert len(listed(folder, "--oid", "printerV2Alert", "--limit", "1")) == 1
    assert len(listed(folder, "--severity", "critical")) == 2
    assert len(listed(folder, "--kind", "inform")) == 2
    assert len(listed(folder, "--since", "1h")) == 4 and listed(folder, "--until", "1h") == []
    assert listed(folder, "--since", every[2]["received"])[0]["id"] == every[2]["id"]
    assert listed(folder, "--until", every[2]["received"])[-1]["id"] == every[1]["id"]
    assert listed(folder, "--source", "10.0.0.0/8") == [] and len(listed(folder, "--source", "127.0.0.1")) == 4
    assert any(e["kind"] == "started" for e in listed(folder, "--kind", "all"))
    words = expect(0, "events", "--data", folder).stdout
    assert len(words.splitlines()) == 4 and "Paper jam in input tray 2 (critical)" in words and "\x1b" not in words


def test_follow():
    with tempfile.TemporaryDirectory() as folder, Collector(folder) as collector, Follower(folder, "--json") as early:
        collector.start()  # the follower was there first
        collector.send("inform", "coldStart")
        assert json.loads(early.line())["name"] == "coldStart"
        with Follower(folder, "--json") as late:
            time.sleep(0.3)
            collector.send("inform", "warmStart")
            begin = time.monotonic()
            assert json.loads(late.line())["name"] == "warmStart"
            print(f"# shown {1000 * (time.monotonic() - begin):.0f} ms after the acknowledgement")
            collector.stop()
            collector.start()
            collector.send("inform", "linkUp")
            assert json.loads(late.line())["name"] == "linkUp"
        assert [json.loads(early.line())["name"] for _ in range(2)] == ["warmStart", "linkUp"]


def test_the_newest_fifty():
    with tempfile.TemporaryDirectory() as folder, Collector(folder) as collector:
        collector.start()
        for i in range(53):
            collector.send("inform" if i in (0, 52) else "trap", "linkDown", "ifIndex.3", "i", str(i))
        shown = expect(0, "events", "--data", folder)
        assert len(shown.stdout.splitlines()) == 50 and "--limit 0" in shown.stderr
        assert "Interface 52 " in shown.stdout.splitlines()[-1] and "Interface 3 " in shown.stdout.splitlines()[0]
        assert len(expect(0, "events", "--data", folder, "--limit", "0").stdout.splitlines()) == 53
        assert len(expect(0, "events", "--data", folder, "--since", "1h").stdout.splitlines()) == 53
        assert len(listed(folder)) == 53


def test_colour():
    with tempfile.TemporaryDirectory() as folder, Collector(folder) as collector:
        collector.start()
        collector.send("inform", *JAM)
        for env, wanted in (({}, True), ({"NO_COLOR": "1"}, False)):
            main, other = os.openpty()
            subprocess.run([PROGRAM, "events", "--data", folder], stdout=other, env={**BASE, "TERM": "xterm", **env}, timeout=60)
            os.close(other)
            shown = os.read(main, 65536)
            os.close(main)
            assert (b"\x1b[" in shown) == wanted, shown


def test_a_full_disk_is_said():
    with open("/dev/full", "w") as full:
        result = subprocess.run([PROGRAM, "help"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode == 1 and "No space left" in result.stderr


def main():
    tests = [(n[5:].replace("_", " "), f) for n, f in globals().items() if n.startswith("test_")]
    print(f"1..{len(tests)}", flush=True)
    bad = 0
    for i, (name, function) in enumerate(tests, 1):
        try:
            function()
            print(f"ok {i} - {name}", flush=True)
        except Exception as e:  # a test that breaks is a test that failed
            bad += 1
            print(f"not ok {i} - {name}\n# " + f"{type(e).__name__}: {e}".replace("\n", "\n# ")
                  + f" (line {e.__traceback__.tb_next.tb_lineno})", flush=True)
    return bad != 0


sys.exit(main())
