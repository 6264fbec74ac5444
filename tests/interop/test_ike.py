#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sites behind a NAT that rewrites ports, brought up by strongSwan (charon, ESP by kernel-libipsec): traps and informs from
their devices through the tunnel into `serve`, which runs as nobody without a capability."""
import json
import shlex
import subprocess
import time

import harness
import places
import strongswan
from harness import COMMUNITY, PORT
from ike_sites import DEVICE, INNER, PSK, acts_of, collector, sends, site_of, tunnel_of, up
from strongswan import ping


def the_whole_story(tap):
    router = places.Router()
    sites = [router.site(DEVICE), router.site(DEVICE)]  # the same addresses inside
    with collector(site_of("rotterdam"), site_of("antwerp")) as c:
        tap.ok(c.is_nobody(), "the collector is nobody and has no capability")
        for place, name in zip(sites, ("rotterdam", "antwerp")):
            swan, good = up(place, name)
            tap.ok(good, f"strongSwan brings {name} up", swan.log() + c.said())
            tap.ok(ping(place, DEVICE, INNER), "a ping of the collector's inner address is answered")
            tap.same([sends(place, "trap", 1), sends(place, "inform", 2), sends(place, "inform", 3)], [0, 0, 0],
                     "Net-SNMP's trap is sent, its informs are acknowledged through the tunnel")
        events = c.wait_events(6)
        tap.same(sorted((e["site"], e["kind"], e["transport"], e["peer"].split(":")[0]) for e in events),
                 sorted((s, k, "esp", DEVICE) for s in ("rotterdam", "antwerp") for k in ("trap", "inform", "inform")),
                 "every event shows its site, ESP, and the inner source")
        view = tunnel_of(c, "rotterdam")
        tap.same((view["up"], view["nat"], view["suite"], view["ike_suite"], view["peer"].split(":")[0]),
                 (True, True, "aes256gcm16", "aes256gcm16-prfsha256-curve25519", places.ROUTER), "status shows what was agreed, and the NAT")
        tap.same([(n["site"], n["up"]) for n in acts_of(c)], [("rotterdam", True), ("antwerp", True)], "each up is an event in the journal")
        text = harness.run([harness.TRAPLINE, "events", "--kind", "site", "--data", c.data]).stdout
        tap.ok(f"Site rotterdam is connected from {places.ROUTER}:" in text, "told in words", text)


def wrong_key(tap):
    router = places.Router()
    with collector(site_of("rotterdam")) as c:
        for who, psk in (("rotterdam", "another-key-that-is-wrong-here"), ("nobody-known", PSK)):
            swan, good = up(router.site(DEVICE), who, psk)
            tap.ok(not good and "AUTHENTICATION_FAILED" in swan.log(), f"{who} with {psk[:7]}... is refused", swan.log())
        tap.same(tunnel_of(c, "rotterdam")["pairs"], 0, "and nothing is up")


def site_commands(tap):
    """`site add` prints what strongSwan takes as it is; another key, and the end of it."""
    router = places.Router()
    place = router.site(DEVICE)
    with harness.Unprivileged(communities=[{"label": "ops", "community": COMMUNITY, "from": ["10.99.1.0/24"]}]) as c:
        def site(*words):
            return harness.run([harness.TRAPLINE, "site", *words, "--data", c.data, "-c", c.file])

        done = site("add", "rotterdam", "--networks", f"{DEVICE}/32", "--collector", places.COLLECTOR)
        tap.ok(done.returncode == 0 and "only time" in done.stderr and "secret = " in done.stdout and "back within 195 s" in done.stdout, "a site is made while the collector runs", done)
        swan = strongswan.Charon(place)
        swan.load_text(done.stdout)
        tap.ok(harness.wait_until(lambda: tunnel_of(c, "rotterdam")["up"], 30), "its strongSwan comes up by what was printed", swan.log())
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER), 30), "and is answered")
        tap.same(sends(place, "inform", 1), 0, "an inform is acknowledged")
        shown = site("show", "rotterdam").stdout
        tap.ok(shown.startswith("rotterdam  connected from 198.51.100.1:") and "(NAT)" in shown and "aes256gcm16" in shown, "show says how it is", shown)
        tap.same([(s["name"], s["up"]) for s in map(json.loads, site("list", "--json").stdout.splitlines())], [("rotterdam", True)], "list --json")
        tap.same((site("add", "rotterdam", "--networks", "10.1.0.0/16").returncode, site("add", "oslo").returncode,
                  site("add", "oslo", "--networks", "10.1.0.300").returncode, site("remove", "oslo").returncode), (1, 2, 1, 1), "what is wrong is refused")
        kept = (c.data / "local.yaml").read_text()
        wrong = harness.run([harness.TRAPLINE, "site", "add", "oslo", "--networks", "10.1.0.0/16", "--data", c.data])
        tap.ok(wrong.returncode == 1 and f"add -c {c.file}" in wrong.stderr, "with another configuration than the collector's nothing is done", wrong)
        wrong = site("add", "oslo", "--identity", "rotterdam", "--networks", "10.1.0.0/16")
        tap.ok(wrong.returncode == 1 and "have the same identity" in wrong.stderr and "nothing was changed" in wrong.stderr, "what the collector refuses", wrong)
        tap.same((c.data / "local.yaml").read_text(), kept, "is not in local.yaml either")
        old = tunnel_of(c, "rotterdam")["packets_in"]
        secret = site("rotate", "rotterdam", "--collector", places.COLLECTOR)
        tap.ok(secret.returncode == 0 and secret.stdout != done.stdout, "another key")
        tap.ok(not ping(place, DEVICE, INNER, patience=1), "the old one is of no use any more")
        swan.load_text(secret.stdout)
        swan.swanctl("--terminate", "--ike", "trapline", "--force", check=False)
        swan.swanctl("--initiate", "--child", "trapline", "--timeout", "15", check=False, patience=25)
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER), 30), "the new one is", swan.log())
        tap.same(site("remove", "rotterdam").returncode, 0, "removed")
        tap.ok(not ping(place, DEVICE, INNER, patience=1) and site("list", "--json").stdout == "", "it is gone")
        ups = [n["up"] for n in acts_of(c)]
        tap.ok(ups[0] and not ups[-1] and old > 0, "every up and down is an event", ups)


def odd_identities(tap):
    """Names that a configuration file or a shell could misread: strongSwan and `join` take what is printed as it is meant."""
    router = places.Router()
    for ours, theirs in (({"key-id": 'coll "1" #2'}, "front desk {1} \\ it's"), ({"email": "coll@example.com"}, "10.1.2.3"), ({"fqdn": "C=NL, O=coll"}, "a@b")):
        place = router.site(DEVICE)
        with harness.Unprivileged(communities=[], tunnel={"listen": ["udp:0.0.0.0:2797"], "identity": ours, "inner": [INNER]}) as c:
            done = harness.run([harness.TRAPLINE, "site", "add", "rotterdam", "--identity", theirs, "--networks", f"{DEVICE}/32", "--collector",
                                places.COLLECTOR, "--data", c.data, "-c", c.file])
            swan = strongswan.Charon(place)
            swan.load_text(done.stdout)
            tap.ok(harness.wait_until(lambda: tunnel_of(c, "rotterdam")["up"], 10), f"strongSwan is {theirs}, and knows {ours}", done.stdout + swan.log())
            swan.kill()
            secret = places.scratch() / "psk"
            secret.write_text(done.stdout.split('secret = "')[1].split('"')[0] + "\n")
            join = [line for line in done.stdout.splitlines() if line.startswith("# trapline join")][0]
            words = shlex.split(join[2:].replace("--psk-file psk", f"--psk-file {secret}").replace("--tun trapline0", ""))
            c.kill()
            c.start()
            place.start(harness.TRAPLINE, *words[1:], stderr=subprocess.DEVNULL)
            tap.ok(harness.wait_until(lambda: tunnel_of(c, "rotterdam")["up"], 10), "and so is join", join + c.said())


def other_networks(tap):
    """A site that asks for networks which are not its own is told, and so is who looks at the collector."""
    router = places.Router()
    secret = places.scratch() / "psk"
    secret.write_text(PSK + "\n")
    with collector(site_of("rotterdam")) as c:
        end = router.site().start(harness.TRAPLINE, "join", "--collector", places.COLLECTOR, "--identity", "rotterdam", "--peer", "coll", "--psk-file", secret,
                                  "--networks", "10.77.0.0/24", "--inner", f"{INNER}/32", stderr=subprocess.PIPE, text=True)
        line = end.stderr.readline()
        tap.ok("takes none of our networks" in line, "join says so", line)
        shown = harness.run([harness.TRAPLINE, "site", "show", "rotterdam", "--data", c.data, "-c", c.file]).stdout
        tap.ok("by no network" in shown, "and site show", shown)
        words = harness.run([harness.TRAPLINE, "status", "--data", c.data]).stdout
        wrong = router.site().start(harness.TRAPLINE, "join", "--collector", places.COLLECTOR, "--identity", "nobody", "--peer", "coll", "--psk-file", secret,
                                    "--networks", f"{DEVICE}/32", "--inner", f"{INNER}/32", stderr=subprocess.PIPE, text=True)
        line = wrong.stderr.readline()
        words = harness.run([harness.TRAPLINE, "status", "--data", c.data]).stdout
        tap.ok("does not know our identity" in line and "ike-proof" in words, "who is refused is told what to look at, and status counts it", line + words)


def joined(tap):
    """Trapline at both ends: `join` as nobody with a TUN device behind the NAT; either side is killed and comes back at once."""
    router = places.Router()
    place = router.site()
    place.run("ip", "tuntap", "add", "dev", "join0", "mode", "tun", "user", "nobody")
    place.run("ip", "link", "set", "dev", "join0", "mtu", "1400", "up")
    place.add(f"{DEVICE}/32", "join0")
    place.run("ip", "route", "add", f"{INNER}/32", "dev", "join0", "src", DEVICE)
    secret = places.scratch() / "psk"
    secret.write_text(PSK + "\n")
    command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", harness.TRAPLINE, "join",
               "--collector", places.COLLECTOR, "--identity", "rotterdam", "--peer", "coll", "--psk-file", secret, "--networks", f"{DEVICE}/32", "--inner",
               f"{INNER}/32", "--tun", "join0"]
    with collector(site_of("rotterdam")) as c:
        end = place.start(*command)
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER, patience=1)), "join comes up and pings are answered", c.said())
        tap.same((sends(place, "trap", 1), sends(place, "inform", 2)), (0, 0), "a trap is sent, an inform acknowledged")
        tap.same([(e["site"], e["transport"]) for e in c.wait_events(2)], [("rotterdam", "esp")] * 2, "with their site")
        router.map(34000)
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER, patience=1), 5), "the NAT maps anew")
        c.kill()
        c.start()
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER, patience=1), 12), "the collector is killed and back within seconds (RFC 6290)", c.said())
        harness.stop(end, harness.signal.SIGKILL)
        place.start(*command)
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER, patience=1), 10), "the site is killed and back")


def without_mobike(tap):
    nothing_lost(tap, "no")


def with_mobike(tap):
    nothing_lost(tap, "yes")


def nothing_lost(tap, mobike):
    """1,000 informs while pairs are rekeyed every 5 seconds and the NAT maps anew once."""
    router = places.Router()
    place = router.site(DEVICE)
    with collector(site_of("rotterdam")) as c:
        short = {"mobike": mobike, "children": {"c": {"rekey_time": "5s", "life_time": "30s", "rand_time": "0s"}}}
        swan, good = up(place, "rotterdam", **short)
        tap.ok(good, "up", swan.log())
        sender = place.start(harness.BLAST, "--to", f"{INNER}:{PORT}", "--community", COMMUNITY, "--inform", "--count", "1000", "--rate", "80",
                             stdout=harness.subprocess.PIPE, text=True)
        time.sleep(8)
        before = tunnel_of(c, "rotterdam")["peer"]
        router.map(34000)
        out = json.loads(sender.communicate(timeout=60)[0])
        tap.same(out.get("acknowledged"), 1000, "every inform is acknowledged")
        tap.same(len(c.events()), 1000, "and stored once")
        view = tunnel_of(c, "rotterdam")
        tap.ok(view["peer"] != before, "the site moved to the new mapping", (before, view["peer"]))
        tap.ok(out["latency_us"]["max"] < 1_500_000, "within a round trip of its next packet: no inform was sent again twice", out)


if __name__ == "__main__":
    harness.isolate()
    harness.main(the_whole_story, wrong_key, other_networks, site_commands, odd_identities, joined, without_mobike, with_mobike)
