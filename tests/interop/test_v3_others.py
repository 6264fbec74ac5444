#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""npm's net-snmp and pysnmp as SNMPv3 senders, with the digests and ciphers that they have."""
import importlib.util

import harness
import v3
from harness import HERE, PORT, Collector, run

NPM_DIGESTS = {"md5": "md5", "sha1": "sha", "sha224": "sha224", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}
# No DES: the OpenSSL in Node.js has none.
NPM_CIPHERS = {"none": "none", "aes128": "aes", "aes256": "aes256b", "aes256c": "aes256r"}


def marker(event):
    return harness.text_of(harness.varbinds(event)[v3.SYSNAME])


def check(tap, pairs, command_of):
    """Every pair as trap and inform: stored once, acknowledged, by the right user at the right level."""
    names = [(kind, d, c) for d, c in pairs for kind in ("trap", "inform")]
    with Collector(users=[v3.entry(*p) for p in pairs]) as collector:
        # Each sender of traps has an engine of its own: their clocks start anew at every start.
        jobs = [lambda k=k, d=d, c=c, n=n: run(command_of(k, d, c, f"80000000055455{n:04x}", f"{k} {d} {c}")) for n, (k, d, c) in enumerate(names)]
        results = v3.all_at_once(jobs)
        events = collector.wait_events(len(jobs))
        for name, done in zip(names, results):
            kind, digest, cipher = name
            found = [(e["kind"], e["user"], e["level"]) for e in events if marker(e) == " ".join(name)]
            word = "acknowledged" if kind == "inform" else "sent"
            tap.ok(done.stdout.strip() == word and found == [(kind, v3.user_name(digest, cipher), "authNoPriv" if cipher == "none" else "authPriv")],
                   f"{' '.join(name)}: stored once", (done.stdout, done.stderr[-800:], found, collector.waiting()[:2]))
        status = collector.status()
        tap.same((status["stored"], harness.ends_of(status)), (len(jobs), status["received"]), "what is counted is what was sent")


def npm(tap):
    harness.need("node")
    if not (HERE / "node_modules" / "net-snmp").exists():
        raise harness.Skip("npm's net-snmp is not installed (tests/interop/install)")
    check(tap, [(d, c) for d in NPM_DIGESTS for c in NPM_CIPHERS],
          lambda kind, d, c, engine, text: ["node", HERE / "npm_v3_sender.js", kind, "127.0.0.1", PORT, v3.user_name(d, c), NPM_DIGESTS[d],
                                            NPM_CIPHERS[c], v3.AUTH, v3.PRIV, engine, text])


def pysnmp(tap):
    if not importlib.util.find_spec("pysnmp"):
        raise harness.Skip("python3-pysnmp4 is not installed")
    # A start of it takes a second, so not every pair: each cipher, with a digest that is too short for it, and each digest.
    check(tap, [("md5", c) for c in v3.CIPHERS] + [(d, "aes128") for d in v3.DIGESTS if d != "md5"],
          lambda kind, d, c, engine, text: ["/usr/bin/python3", HERE / "pysnmp_sender.py", kind, PORT, v3.user_name(d, c), d, c, v3.AUTH, v3.PRIV,
                                            engine, text])


if __name__ == "__main__":
    harness.isolate()
    harness.main(npm, pysnmp)
