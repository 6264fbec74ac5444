#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SNMPv3 from Net-SNMP's snmptrap and snmpinform: every digest with every cipher, right and wrong. Right: stored once,
acknowledged, user and level right. Wrong: not stored, counted by its reason, waiting with it, and for an inform the Report
that says so."""
import harness
import v3
from harness import Collector
from v3 import AUTH, PRIV, net_snmp, pairs, snmp, user_name

WRONG = {  # how: (reason, what snmpinform says of the Report)
    "auth": ("wrong-digest", "Authentication failure"),
    "priv": ("decryption-error", "Decryption error"),
    "level": ("unsupported-level", "Unsupported security level"),
    "user": ("unknown-user", "Unknown user name"),
}


def engine_of(n):
    """Each sender has an engine of its own, as devices have."""
    return f"80000000055454{n:04x}"


def source_of(n, base=1):
    return f"127.{base}.{n // 250}.{n % 250 + 1}"


def marker(event):
    return harness.text_of(harness.varbinds(event)[v3.SYSNAME])


def matrix_users():
    return [v3.entry(*pair) for pair in pairs()]


def right(tap):
    harness.need("snmptrap", "snmpinform")
    jobs, names = [], []
    for n, (digest, cipher) in enumerate(pairs()):
        for kind in ("trap", "inform"):
            names.append((kind, digest, cipher))
            jobs.append(lambda k=kind, d=digest, c=cipher, i=n: snmp(k, net_snmp(d, c), f"{k} {d} {c}", source=source_of(i),
                                                                    engine=engine_of(i)))
    with Collector(users=matrix_users()) as collector:
        results = v3.all_at_once(jobs)
        events = collector.wait_events(len(jobs))
        by_text = {}
        for e in events:
            by_text.setdefault(marker(e), []).append(e)
        for n, (name, done) in enumerate(zip(names, results)):
            kind, digest, cipher = name
            found = by_text.get(" ".join(name), [])
            level = "authNoPriv" if cipher == "none" else "authPriv"
            seen = [(e["kind"], e["version"], e["user"], e["level"], e["flags"]) for e in found]
            tap.ok(done.returncode == 0 and seen == [(kind, "3", user_name(digest, cipher), level, [])], f"{' '.join(name)}: stored once",
                   (done.returncode, done.stderr, seen))
            if kind == "trap" and found:
                tap.same(found[0]["engine"], engine_of(n // 2), f"{' '.join(name)}: its engine")
        status = collector.status()
        tap.same((status["stored"], status["acknowledged"], status["waiting"]), (len(jobs), len(jobs) // 2, 0),
                 "what is counted is what was sent")
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received")
        tap.same(status["engines"]["known"], len(pairs()), "one engine is known for each sender of traps")


def wrong_options(how, digest, cipher):
    if how == "auth":
        return net_snmp(digest, cipher, auth=AUTH + "-not")
    if how == "priv":
        return None if cipher == "none" else net_snmp(digest, cipher, priv=PRIV + "-not")
    if how == "level":
        return net_snmp(digest, cipher, level="noAuthNoPriv" if cipher == "none" else "authNoPriv")
    return net_snmp(digest, cipher, user="nobody-here")


def wrong(tap):
    harness.need("snmptrap", "snmpinform")
    jobs, names = [], []
    for n, (digest, cipher) in enumerate(pairs()):
        for m, how in enumerate(WRONG):
            options = wrong_options(how, digest, cipher)
            for kind in ("trap", "inform"):
                if options:
                    names.append((how, kind, digest, cipher))
                    jobs.append(lambda k=kind, o=options, i=n, j=m: snmp(k, o, "wrong", source=source_of(i, 2 + j), engine=engine_of(i)))
    with Collector(users=matrix_users()) as collector:
        results = v3.all_at_once(jobs)
        harness.wait_until(lambda: collector.status()["waiting"] >= len(jobs), 5)
        waiting = {}
        for item in collector.waiting():
            waiting.setdefault((item["peer"].rsplit(":", 1)[0], item["reason_code"]), []).append(item)
        for name, done in zip(names, results):
            how, kind, digest, cipher = name
            reason, said = WRONG[how]
            n = pairs().index((digest, cipher))
            items = waiting.get((source_of(n, 2 + list(WRONG).index(how)), reason), [])
            # A trap names its own engine and an inform ours, so each has its item.
            if kind == "trap":
                mine = [i for i in items if i["engine"] == engine_of(n)]
                tap.ok(len(mine) == 1 and mine[0]["count"] == 1, f"wrong {' '.join(name)}: waits as {reason}", items)
            else:
                tap.ok(done.returncode != 0 and said in done.stderr, f"wrong {' '.join(name)}: the Report says so", done.stderr)
                mine = [i for i in items if i["engine"] != engine_of(n)]
                tap.ok(len(mine) == 1, f"wrong {' '.join(name)}: waits as {reason}", items)
        status = collector.status()
        tap.same((status["stored"], status["acknowledged"], status["waiting"]), (0, 0, len(jobs)), "nothing is stored, all waits")
        proven = sum(cipher != "none" for _, cipher in pairs())  # a wrong privacy password alone: the digest was right
        tap.same(status["engines"]["known"], proven, "no engine is learned but by a right digest")
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received")


def levels(tap):
    """An entry that asks for less takes more; one without passwords takes what has none; two entries of one name."""
    users = [{"name": "open"}, v3.entry("sha256", "aes128", name="low", level="noAuthNoPriv"),
             v3.entry("sha256", "aes128", name="two"), v3.entry("md5", "des", name="two", **{"auth-password": "the-other-one"})]
    with Collector(users=users) as collector:
        cases = [("open", "sha256", "none", "noAuthNoPriv", AUTH, True), ("low", "sha256", "aes128", "noAuthNoPriv", AUTH, True),
                 ("low", "sha256", "aes128", "authNoPriv", AUTH, True), ("low", "sha256", "aes128", "authPriv", AUTH, True),
                 ("two", "sha256", "aes128", "authPriv", AUTH, True), ("two", "md5", "des", "authPriv", "the-other-one", True),
                 ("two", "md5", "des", "authPriv", AUTH, False), ("open", "sha256", "none", "authNoPriv", AUTH, False)]
        for n, (name, digest, cipher, level, auth, good) in enumerate(cases):
            options = net_snmp(digest, cipher, auth=auth, level=level, user=name)
            done = snmp("inform", options, f"inform {n}")
            trap = snmp("trap", options, f"trap {n}", engine=engine_of(n), source=source_of(n))
            tap.ok((done.returncode == 0) == good and trap.returncode == 0, f"{name} at {level}: {'answered' if good else 'refused'}", done.stderr)
        wanted = sorted(f"{kind} {n}" for n, case in enumerate(cases) for kind in ("trap", "inform") if case[-1])
        tap.same(sorted(marker(e) for e in collector.wait_events(len(wanted))), wanted, "stored are those that may")


if __name__ == "__main__":
    harness.isolate()
    harness.main(right, wrong, levels)
