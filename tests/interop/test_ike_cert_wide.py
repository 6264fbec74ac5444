#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates as they are in the field, with strongSwan: long chains over narrow lines, RSA by PSS, names by the dozen, a root that
is sent along, and hashes of which one side knows a single one."""
import harness
import places
import test_ike_cert
from ike_sites import DEVICE, INNER, collector, tunnel_of
from pki import Certificate
from strongswan import ping
from test_ike_cert import begin, file, ours, site, swan

PSS = "rsa_pss = yes"
WHOLE = """table ip whole {
  chain only {
    type filter hook prerouting priority -450; policy accept;
    ip frag-off & 0x3fff != 0 drop
  }
}
"""


def narrow(router, place):
    """1,280 octets everywhere, and no fragments of IP."""
    (test_ike_cert.FOLDER / "whole.nft").write_text(WHOLE)
    router.run("nft", "-f", test_ike_cert.FOLDER / "whole.nft")
    for where, device in ((places.HERE, "coll0"), (router, "out"), (router, f"in{router.sites}"), (place, "up0")):
        where.run("ip", "link", "set", "dev", device, "mtu", 1280)


def a_long_chain_over_a_narrow_line(tap):
    begin()
    router = places.Router()
    root = Certificate("rsa4096", "O=Shop, CN=root")
    mid = Certificate("rsa4096", "O=Shop, CN=mid", root, ca=True)
    sub = Certificate("rsa4096", "O=Shop, CN=sub", mid, ca=True)
    coll, own = Certificate("rsa4096", "CN=coll", sub, fqdn="coll.example"), Certificate("rsa4096", "CN=site", sub, fqdn="rotterdam.example")
    with collector(site("rotterdam", root), **ours(coll, sub, mid, root)) as c:
        place = router.site(DEVICE)
        narrow(router, place)
        for more in (PSS, ""):
            charon, good = swan(place, root, own, "rotterdam.example", sub, mid, more=more)
            tap.ok(good and ping(place, DEVICE, INNER), f"RSA of 4096 bits, two CAs in between, {more or 'PKCS #1'}", charon.log() + c.said())
            if more:
                whole = (charon.folder / "log").read_text(errors="replace")
                tap.ok("(myself) with RSA_EMSA_PSS_SHA2" in whole, "strongSwan signs with PSS", charon.log())
            charon.kill()
    with collector(site("rotterdam", sub), **ours(coll, sub, mid)) as c:
        charon, good = swan(place, root, own, "rotterdam.example", sub, mid)
        tap.ok(good and ping(place, DEVICE, INNER), "believed by the CA that signed it, of which the root is not known", charon.log() + c.said())
        charon.kill()


def the_root_is_sent_along(tap):
    begin()
    place = places.Router().site()
    root = Certificate("ecdsa384", "CN=root")
    mid = Certificate("ecdsa384", "CN=mid", root, ca=True)
    coll, own = Certificate("ecdsa384", "CN=coll", mid, fqdn="coll.example"), Certificate("ecdsa384", "CN=site", mid, fqdn="rotterdam.example")
    with collector(site("rotterdam", root), **ours(coll, mid, root)) as c:
        chain = file("site.crt", own.pem() + mid.pem() + root.pem())
        end = place.start(harness.TRAPLINE, "join", "--collector", places.COLLECTOR, "--identity", "rotterdam.example", "--peer", "coll.example",
                          "--cert-file", chain, "--key-file", file("site.key", own.key_pem()), "--ca-file", file("root.crt", root.pem()),
                          "--networks", f"{DEVICE}/32", "--inner", f"{INNER}/32", stderr=harness.subprocess.DEVNULL)
        tap.ok(harness.wait_until(lambda: tunnel_of(c, "rotterdam")["up"], 10), "up, the root is sent by both", c.said())
        harness.stop(end)


def many_names(tap):
    begin()
    router = places.Router()
    ca = Certificate("ecdsa256", "CN=ca")
    coll = Certificate("ecdsa256", "CN=coll", ca, fqdn=["a.example", "coll.example", "z.example"])
    own = Certificate("ecdsa256", "CN=site", ca, fqdn=[f"h{i}.example" for i in range(60)], email=["a@b.example", "c@d.example"], ip=["192.0.2.1", "2001:db8::9"])
    for identity in ({"fqdn": "h0.example"}, {"fqdn": "h59.example"}, {"email": "c@d.example"}, {"ip": "2001:db8::9"}):
        with collector(site("rotterdam", ca, identity), **ours(coll)) as c:
            said = list(identity.values())[0]
            charon, good = swan(router.site(DEVICE), ca, own, said)
            tap.ok(good and ping(charon.place, DEVICE, INNER), f"known as {said}, one of 64 names", charon.log() + c.said())
            charon.kill()


def one_hash(tap):
    """What strongSwan announces is what its constraints let through."""
    begin()
    router = places.Router()
    for kind, scheme in (("ecdsa256", "ecdsa-sha512"), ("ecdsa256", "ecdsa-sha384"), ("rsa", "rsa-sha512")):
        ca = Certificate(kind, "CN=ca")
        coll, own = Certificate(kind, "CN=coll", ca, fqdn="coll.example"), Certificate(kind, "CN=site", ca, fqdn="rotterdam.example")
        pss = scheme.startswith("rsa")
        scheme = scheme.replace("rsa-", "rsa/pss-") if pss else scheme
        with collector(site("rotterdam", ca), **ours(coll)) as c:
            charon, good = swan(router.site(DEVICE), ca, own, "rotterdam.example", auth=f"ike:{scheme}", more=PSS if pss else "")
            tap.ok(good and ping(charon.place, DEVICE, INNER), f"{scheme} alone, by {kind}", charon.log() + c.said())
            tap.ok(f"'coll.example' with {'RSA_EMSA_PSS_SHA2_512' if pss else f'ECDSA_WITH_SHA{scheme[-3:]}'}" in charon.log(), "and we sign with it", charon.log())
            charon.kill()


if __name__ == "__main__":
    harness.isolate()
    harness.main(a_long_chain_over_a_narrow_line, the_root_is_sent_along, many_names, one_hash)
