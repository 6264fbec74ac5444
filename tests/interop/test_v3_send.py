#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `trapline send` emits as version 3: Debian's snmptrapd takes every digest with every cipher, traps and informs, and
says who sent it; tshark with the keys reads the same variables; and a wrong password is explained."""
import os
import tempfile
from pathlib import Path

import harness
import v3
from harness import PORT, TRAPLINE, run
from v3 import HERE, net_snmp, pairs, user_name

OUR_ENGINE = "8000000001aabbccdd"
WIRESHARK = {"md5": "MD5", "sha1": "SHA1", "sha224": "SHA2-224", "sha256": "SHA2-256", "sha384": "SHA2-384", "sha512": "SHA2-512"}
WIRESHARK_PRIV = {"des": "DES", "aes128": "AES", "aes192c": "AES192", "aes256c": "AES256"}


def send(kind, options, *words, state, to=HERE):
    return run([TRAPLINE, "send", kind, "--to", to, "--state", state, *options, "--uptime", "4711", v3.COLD_START, *words])


def create_users(engine):
    """snmptrapd wants each user once for its own engine (informs) and once for the sender's (traps)."""
    lines = []
    for digest, cipher in pairs():
        secrets = f'{user_name(digest, cipher)} {v3.DIGESTS[digest]} "{v3.AUTH}"'
        if cipher != "none":
            secrets += f' {v3.CIPHERS[cipher][0]} "{v3.PRIV}"'
        lines += [f"createUser {secrets}", f"createUser -e 0x{engine} {secrets}",
                  f"authUser log {user_name(digest, cipher)} {'auth' if cipher == 'none' else 'priv'}"]
    return "\n".join(lines) + "\n"


class Snmptrapd:
    def __init__(self, folder):
        harness.need("snmptrapd")
        self.log, conf = Path(folder) / "log", Path(folder) / "conf"
        conf.write_text(create_users(OUR_ENGINE))
        self.process = harness.start(
            ["snmptrapd", "-f", "-n", "-C", "-c", conf, "-m", "", "-On", "-Lf", self.log, "-F", "%P|%v\\n", f"udp:{HERE}", f"tcp:{HERE}"],
            env={"SNMP_PERSISTENT_DIR": folder, "PATH": "/usr/sbin"})
        harness.wait_until(lambda: "NET-SNMP version" in self.said(), 20)

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def snmptrapd(tap):
    with tempfile.TemporaryDirectory(prefix="trapline-test-") as folder:
        trapd, jobs, names = Snmptrapd(folder), [], []
        for n, (digest, cipher) in enumerate(pairs()):
            for kind in ("trap", "inform"):
                name = f"{kind} {digest} {cipher}"
                # Traps are of one engine, whose boots rise; each goes out before the next starts.
                options = v3.trapline_options(digest, cipher) + ["--engine-id", OUR_ENGINE]
                more = ["--tcp"] if n % 7 == 3 and kind == "inform" else []
                names.append(name)
                jobs.append(lambda k=kind, o=options + more, t=name: send(k, o, v3.SYSNAME, "s", t, state=folder))
        results = v3.all_at_once(jobs)
        harness.wait_until(lambda: trapd.said().count("STRING:") >= len(jobs), 5)
        for name, done in zip(names, results):
            tap.ok(done.returncode == 0 and trapd.said().count(f'STRING: "{name}"') == 1, f"{name}: snmptrapd takes it once",
                   (done.returncode, done.stdout, done.stderr))
        explained(tap, folder)


def explained(tap, folder):
    """Net-SNMP's Reports in our words."""
    name = ["--user", user_name("sha256", "aes128"), "--auth", "sha256"]
    cases = [(["--user", "nobody-here"], "user nobody-here is unknown there"),
             (name + ["--auth-password", "not-the-password"], "the digest is wrong")]
    for options, said in cases:
        done = send("inform", options, state=folder)
        tap.ok(done.returncode == 1 and said in done.stderr, f"a refusal in words: {said}", done.stderr)


def tshark(tap):
    """Each pair in one capture, opened with the users' passwords. Older tsharks stretch keys in Reeder's way only; the
    other way is what Net-SNMP checks."""
    harness.need("tshark", "tcpdump")
    kinds = [(d, c) for d, c in pairs() if c not in ("aes192", "aes256")]
    with tempfile.TemporaryDirectory(prefix="trapline-test-") as folder:
        file = Path(folder) / "capture"
        with harness.capturing(file, f"udp dst port {PORT}"):
            v3.all_at_once([lambda d=d, c=c: send("trap", v3.trapline_options(d, c) + ["--engine-id", OUR_ENGINE], v3.SYSNAME, "s",
                                                  f"{d} {c}", state=folder) for d, c in kinds])
        users, last = [], ["draft-reeder-snmpv3-usm-3desede-00"] if version() >= (4, 1) else []
        for d, c in kinds:
            row = ["", user_name(d, c), WIRESHARK[d], v3.AUTH, WIRESHARK_PRIV.get(c, "AES"), v3.PRIV if c != "none" else ""]
            users += ["-o", "uat:snmp_users:" + ",".join(f'"{cell}"' for cell in row + last)]
        done = run(["tshark", "-r", file, "-d", f"udp.port=={PORT},snmp", *users, "-T", "fields", "-e", "snmp.msgUserName", "-e", "snmp.name",
                    "-e", "snmp.value.octets"], env={**os.environ, "HOME": folder})
        seen = dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
        for d, c in kinds:
            text = f"{d} {c}".encode()
            row = seen.get(user_name(d, c), "")
            tap.ok(v3.SYSNAME in row and (text.hex() in row.replace(":", "") or text.decode() in row), f"{d} {c}: tshark reads the variables",
                   (row, done.stderr))


def version():
    words = run(["tshark", "--version"]).stdout.split()
    return tuple(int(n) for n in next(w for w in words if w[0].isdigit()).rstrip(".").split(".")[:2])


if __name__ == "__main__":
    harness.isolate()
    harness.main(snmptrapd, tshark)
