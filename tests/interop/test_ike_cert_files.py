#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The administrator's ways to get a file of certificates wrong: what `trapline check` says to each, and what a reload does about it."""
import harness
from ike_sites import DEVICE, INNER, acts_of, tunnel_of
from pki import DAY, Certificate, serialization

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
TUNNEL = {"listen": ["udp:127.0.0.1:2797"], "identity": {"fqdn": "coll.example"}, "inner": [INNER], "cert-file": "coll.crt", "key-file": "coll.key"}
SITE = {"name": "rotterdam", "identity": {"fqdn": "rotterdam.example"}, "ca-file": "ca.crt", "networks": [f"{DEVICE}/32"]}


def collector(kind, **site):
    return kind(tunnel=TUNNEL, sites=[{**SITE, **site}])


def put(c, name, octets, mode=0o600):
    """Beside the configuration, which names it by a relative path."""
    path = c.folder / name
    path.write_bytes(octets)
    path.chmod(mode)
    return path


def what_check_says(tap):
    year = 365 * DAY
    ca, other = Certificate("ecdsa256", "CN=ca", until=year), Certificate("ecdsa256", "CN=other", until=year)
    coll, old, soon = (Certificate("ecdsa256", "CN=coll", ca, fqdn="coll.example", until=u) for u in (year, -DAY, 3 * DAY))
    elsewhere = Certificate("ecdsa256", "CN=coll", ca, fqdn="traps.example", until=year)
    locked = coll.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x"))
    usual = {"coll.crt": coll.pem(), "coll.key": coll.key_pem(), "ca.crt": ca.pem(), "ca.crl": ca.crl(until=year)}
    rows = (  # what is wrong, the files, an error or not, what is said; None: nothing
        ("nothing", {}, False, None),
        ("a list in DER", {"ca.crl": ca.crl(until=year, encoding=DER)}, False, None),
        ("the key of another certificate", {"coll.key": other.key_pem()}, True, "is not the key of the first certificate"),
        ("the CA in front of ours", {"coll.crt": ca.pem() + coll.pem()}, True, "is not the key of the first certificate"),
        ("a certificate in DER", {"coll.crt": coll.cert.public_bytes(DER)}, True, "holds no certificate in PEM"),
        ("half a certificate behind ours", {"coll.crt": coll.pem() + ca.pem()[:-40]}, True, "or a broken one"),
        ("a key with a passphrase", {"coll.key": locked}, True, "without a passphrase"),
        ("an empty key", {"coll.key": b""}, True, "holds no private key"),
        ("another name", {"coll.crt": elsewhere.pem(), "coll.key": elsewhere.key_pem()}, True, "it has: dn CN=coll, fqdn traps.example"),
        ("ours is too old", {"coll.crt": old.pem(), "coll.key": old.key_pem()}, False, "sites will refuse us"),
        ("ours is old soon", {"coll.crt": soon.pem(), "coll.key": soon.key_pem()}, False, "sites will refuse us from then on"),
        ("a certificate that is no CA's", {"ca.crt": coll.pem()}, True, "is no CA's"),
        ("a CA that is too old", {"ca.crt": Certificate("ecdsa256", "CN=ca", until=-DAY).pem()}, False, "no CA in this file is valid today"),
        ("lists of another CA", {"ca.crl": other.crl(until=year)}, False, "no revocation list in this file is of a CA"),
        ("a list that is too old", {"ca.crl": ca.crl(until=-DAY / 2)}, False, "and valid today"),
        ("no list", {"ca.crl": b"none\n"}, True, "holds no revocation list"),
        ("an empty list", {"ca.crl": b""}, True, "holds no revocation list"),
        ("no file", {"ca.crt": None}, True, "ca.crt: No such file"),
    )
    c = collector(harness.Collector, **{"crl-file": "ca.crl"})
    c.data.mkdir()
    for what, files, wrong, said in rows:
        c.write_config()
        for name, octets in {**usual, **files}.items():
            put(c, name, octets or b"")
            if octets is None:
                (c.folder / name).unlink()
        done = harness.run([harness.TRAPLINE, "check", "-c", c.file, "--data", c.data], cwd="/")
        told = "0 errors, 0 warnings" if said is None else said
        good = done.returncode == 3 if wrong else done.returncode == 0 and (said is None or "warning: " in done.stderr)
        tap.ok(good and told in done.stderr, f"{what}: {told}", done)


def reloads(tap):
    """Files change under the same paths; a reload takes all of them or nothing."""
    ca = Certificate("ecdsa256", "CN=ca")
    coll, next_one, own = (Certificate("ecdsa256", "CN=x", ca, fqdn=f"{n}.example") for n in ("coll", "coll", "rotterdam"))
    c = collector(harness.Unprivileged)
    paths = [put(c, "coll.crt", coll.pem()), put(c, "coll.key", coll.key_pem()), put(c, "ca.crt", ca.pem())]
    if hasattr(c, "wrapper"):
        for path in paths:
            harness.shutil.chown(path, "nobody", "nogroup")
    with c:
        end = harness.start([harness.TRAPLINE, "join", "--collector", "127.0.0.1", "--identity", "rotterdam.example", "--peer", "coll.example",
                             "--cert-file", put(c, "own.crt", own.pem()), "--key-file", put(c, "own.key", own.key_pem()),
                             "--ca-file", c.folder / "ca.crt", "--networks", f"{DEVICE}/32", "--inner", f"{INNER}/32"],
                            stderr=harness.subprocess.DEVNULL)
        tap.ok(harness.wait_until(lambda: tunnel_of(c, "rotterdam")["up"]), "it is up", c.said())
        for name, octets, said in (("coll.key", next_one.key_pem(), "is not the key"), ("ca.crt", b"", "holds no certificate of a CA"),
                                   ("coll.crt", coll.pem()[:-40], "a broken one")):
            kept = (c.folder / name).read_bytes()
            (c.folder / name).write_bytes(octets)
            c.reload()
            tap.ok(harness.wait_until(lambda said=said: said in c.said()), f"a reload with a bad {name} says why", c.said())
            (c.folder / name).write_bytes(kept)
        (c.folder / "coll.key").chmod(0)
        if hasattr(c, "wrapper"):
            c.reload()
            tap.ok(harness.wait_until(lambda: "coll.key: Permission denied" in c.said()), "a file that nobody may read is named", c.said())
        (c.folder / "coll.key").chmod(0o600)
        tap.same([a["up"] for a in acts_of(c)], [True], "and changes nothing, the tunnel is up since the start")
        for path, octets in zip(paths, (next_one.pem(), next_one.key_pem())):
            path.write_bytes(octets)
        c.reload()
        tap.ok(harness.wait_until(lambda: [a["up"] for a in acts_of(c)] == [True, False, True], 15),
               "another certificate under the same path: the tunnel comes back with it", c.said())
        harness.stop(end)


def join_says_too(tap):
    ca = Certificate("ecdsa256", "CN=ca")
    c = collector(harness.Collector)
    for until in (DAY, -DAY):
        own = Certificate("ecdsa256", "CN=x", ca, fqdn="rotterdam.example", until=until)
        end = harness.start([harness.TRAPLINE, "join", "--collector", "127.0.0.1", "--identity", "rotterdam.example", "--peer", "coll.example",
                             "--cert-file", put(c, "own.crt", own.pem()), "--key-file", put(c, "own.key", own.key_pem()),
                             "--ca-file", put(c, "ca.crt", ca.pem()), "--networks", f"{DEVICE}/32", "--inner", f"{INNER}/32"],
                            stderr=harness.subprocess.PIPE, text=True)
        harness.time.sleep(1)
        harness.stop(end)
        said = end.stderr.read()
        tap.same("is not valid today" in said, until < 0 * DAY, "join says when its certificate is over, and only then")


if __name__ == "__main__":
    harness.isolate()
    harness.main(what_check_says, reloads, join_says_too)
