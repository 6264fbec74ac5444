#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sites that show certificates (RFC 7427), by strongSwan behind a NAT and by `trapline join`: every kind of key, names of every kind,
a CA in between, revocation lists, and who is refused."""
import harness
import places
import strongswan
from harness import COMMUNITY
from ike_sites import DEVICE, INNER, collector, sends, tunnel_of
from pki import DAY, Certificate
from strongswan import ping

FOLDER = None


def file(name, octets):
    path = FOLDER / name
    path.write_bytes(octets)
    path.chmod(0o644 if name.endswith(("crt", "crl")) else 0o640)
    harness.run(["chown", "nobody:nogroup", path])
    return str(path)


def begin():
    global FOLDER
    FOLDER = places.scratch("trapline-test-certs-")
    FOLDER.chmod(0o755)


def ours(certificate, *between):
    return {"tunnel": {"listen": ["udp:0.0.0.0:2797", "udp:0.0.0.0:4500"], "identity": {"fqdn": "coll.example"}, "inner": [INNER],
                       "cert-file": file("coll.crt", b"".join(c.pem() for c in (certificate, *between))), "key-file": file("coll.key", certificate.key_pem())}}


def site(name, ca, identity=None, **more):
    return {"name": name, "identity": identity or {"fqdn": f"{name}.example"}, "ca-file": file(f"{name}-ca.crt", ca.pem()),
            "networks": [f"{DEVICE}/32"], **more}


def swan(place, ca, own, identity, *between, auth="pubkey", more="", **over):
    charon = strongswan.Charon(place, more=more)
    charon.put("x509ca", "ca.pem", ca.pem())
    charon.put("x509", "own.pem", own.pem())
    for i, c in enumerate(between):
        charon.put("x509", f"between{i}.pem", c.pem())
    charon.put("private", "own.pem", own.key_pem())
    connection, _ = strongswan.client(identity, local={"auth": auth, "certs": "own.pem", "id": f'"{identity}"'},
                                      remote={"auth": auth, "id": "coll.example"}, **over)
    charon.load(connection, {})
    done = charon.initiate(check=False)
    return charon, done.returncode == 0


def every_kind_of_key(tap):
    begin()
    router = places.Router()
    for kind in ("ecdsa256", "ecdsa384", "ed25519", "rsa"):
        ca = Certificate(kind, "O=Shop, CN=ca")
        coll, own = Certificate(kind, "CN=coll", ca, fqdn="coll.example"), Certificate(kind, "CN=site", ca, fqdn="rotterdam.example")
        with collector(site("rotterdam", ca), **ours(coll)) as c:
            charon, good = swan(router.site(DEVICE), ca, own, "rotterdam.example")
            tap.ok(good and ping(charon.place, DEVICE, INNER), f"{kind} at both ends", charon.log() + c.said())
            tap.same(sends(charon.place, "inform", 1), 0, "an inform is acknowledged")
            tap.ok("signature" in charon.log() or "successful" in charon.log(), "strongSwan takes our signature")
            charon.kill()


def names_and_chains(tap):
    begin()
    router = places.Router()
    root = Certificate("rsa", "O=Shop, CN=root")
    mid = Certificate("rsa", "O=Shop, CN=mid", root, ca=True)
    coll = Certificate("rsa", "CN=coll", mid, fqdn="coll.example")
    own = Certificate("rsa", "C=NL, O=Shop, CN=site", mid, email="ops@shop.example", ip="192.0.2.9")
    dn = "C=NL, O=Shop, CN=site"
    for identity, said in (({"dn": "C=NL, O=SHOP, CN=site"}, dn), ({"email": "ops@shop.example"}, "ops@shop.example"), ({"ip": "192.0.2.9"}, "192.0.2.9")):
        with collector(site("rotterdam", root, identity), **ours(coll, mid)) as c:
            charon, good = swan(router.site(DEVICE), root, own, said, mid)
            tap.ok(good and ping(charon.place, DEVICE, INNER), f"RSA, a CA in between, known by {list(identity)[0]}", charon.log() + c.said())
            charon.kill()


def refusals(tap):
    begin()
    router = places.Router()
    ca, other = Certificate("ecdsa256", "CN=ca"), Certificate("ecdsa256", "CN=ca")
    coll = Certificate("ecdsa256", "CN=coll", ca, fqdn="coll.example")
    good, revoked = (Certificate("ecdsa256", "CN=site", ca, fqdn="rotterdam.example") for _ in range(2))
    stranger = Certificate("ecdsa256", "CN=site", other, fqdn="rotterdam.example")
    old = Certificate("ecdsa256", "CN=site", ca, until=-DAY, fqdn="rotterdam.example")
    elsewhere = Certificate("ecdsa256", "CN=site", ca, fqdn="antwerp.example")
    crl = file("ca.crl", ca.crl(revoked))
    with collector(site("rotterdam", ca, **{"crl-file": crl}), **ours(coll)) as c:
        for what, own, reason in (("revoked", revoked, "cert-revoked"), ("of another CA", stranger, "cert-chain"), ("too old", old, "cert-time"),
                                  ("without the name", elsewhere, "cert-name")):
            charon, up = swan(router.site(DEVICE), ca if own is not stranger else other, own, "rotterdam.example")
            tap.ok(not up and "AUTHENTICATION_FAILED" in charon.log(), f"a certificate {what} is refused", charon.log())
            tap.same(c.status()["tunnel"]["keyer"]["refused"].get(reason, 0) > 0, True, "and counted")
            charon.kill()
        charon, up = swan(router.site(DEVICE), ca, good, "rotterdam.example")
        tap.ok(up and ping(charon.place, DEVICE, INNER), "the good one beside it comes up", charon.log() + c.said())
        (FOLDER / "ca.crl").write_bytes(ca.crl(revoked, good))
        c.reload()
        tap.ok(harness.wait_until(lambda: not tunnel_of(c, "rotterdam")["up"], 5), "revoked and reloaded: it is down", c.said())
        tap.ok(not ping(charon.place, DEVICE, INNER, patience=1), "and stays so")


def as_initiator(tap):
    """`trapline join` calls strongSwan, which looks at certificates its own way; RSA as PSS from both."""
    begin()
    router = places.Router()
    places.HERE.add(f"{INNER}/32")
    for kind, more in (("ecdsa256", ""), ("ed25519", ""), ("rsa", ""), ("rsa", "rsa_pss = yes")):
        ca = Certificate(kind, "CN=ca")
        coll, own = Certificate(kind, "CN=coll", ca, fqdn="coll.example"), Certificate(kind, "C=NL, CN=site", ca)
        charon = strongswan.Charon(places.HERE, port=0, port_nat_t=2797, more=more)
        for folder, name, octets in (("x509ca", "ca.pem", ca.pem()), ("x509", "own.pem", coll.pem()), ("private", "own.pem", coll.key_pem())):
            charon.put(folder, name, octets)
        charon.load({"t": {"version": 2, "proposals": "aes256gcm16-prfsha256-curve25519", "local": {"auth": "pubkey", "certs": "own.pem", "id": "coll.example"},
                           "remote": {"auth": "pubkey", "id": '"C=NL, CN=site"'},
                           "children": {"c": {"local_ts": f"{INNER}/32", "remote_ts": f"{DEVICE}/32", "esp_proposals": "aes256gcm16"}}}}, {})
        place = router.site()
        end = place.start(harness.TRAPLINE, "join", "--collector", places.COLLECTOR, "--identity", "dn:C=NL, CN=site", "--peer", "coll.example",
                          "--cert-file", file("site.crt", own.pem()), "--key-file", file("site.key", own.key_pem()), "--ca-file", file("ca.crt", ca.pem()),
                          "--networks", f"{DEVICE}/32", "--inner", f"{INNER}/32", stderr=harness.subprocess.PIPE, text=True)
        line = end.stderr.readline()
        tap.ok(line.startswith("connected to"), f"{kind} {more}: strongSwan and join believe each other", line + charon.log())
        harness.stop(end)
        charon.kill()


def joined(tap):
    """Trapline at both ends, each with its own CA."""
    begin()
    router = places.Router()
    place = router.site()
    ca, ca2 = Certificate("ed25519", "CN=ca of the collector"), Certificate("ecdsa384", "CN=ca of the sites")
    coll, own = Certificate("ed25519", "CN=coll", ca, fqdn="coll.example"), Certificate("ecdsa384", "C=NL, CN=site", ca2)
    with collector(site("rotterdam", ca2, {"dn": "C=NL, CN=site"}), **ours(coll)) as c:
        command = [harness.TRAPLINE, "join", "--collector", places.COLLECTOR, "--identity", "dn:C=NL, CN=site", "--peer", "coll.example",
                   "--cert-file", file("site.crt", own.pem()), "--key-file", file("site.key", own.key_pem()), "--networks", f"{DEVICE}/32",
                   "--inner", f"{INNER}/32"]
        false = place.start(*command, "--ca-file", file("false.crt", ca2.pem()), stderr=harness.subprocess.PIPE, text=True)
        line = false.stderr.readline()
        tap.ok("not connected" in line and "certification authority" in line, "a collector of another CA is refused, and why is said", line)
        harness.stop(false)
        end = place.start(*command, "--ca-file", file("ca.crt", ca.pem()), stderr=harness.subprocess.DEVNULL)
        tap.ok(harness.wait_until(lambda: tunnel_of(c, "rotterdam")["up"], 10), "join comes up with certificates", c.said())
        harness.stop(end)
        done = harness.run(place.command(*command))
        tap.ok(done.returncode == 2 and "--ca-file" in done.stderr, "what is missing is named", done)


if __name__ == "__main__":
    harness.isolate()
    harness.main(every_kind_of_key, names_and_chains, refusals, as_initiator, joined)
