#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many kinds of strongSwan at one collector, behind one NAT address: suites, ports, fragments, rekeying, post-quantum keys,
addresses that are handed out; and either side killed."""
import subprocess

import harness
import places
import strongswan
from harness import COMMUNITY
from ike_sites import DEVICE, INNER, PSK, acts_of, collector, site_of, tunnel_of
from strongswan import client, ping

PPK = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
ESP = "children"
MATRIX = {  # what differs from `client`; "charon": of the daemon; "suite": what has to be agreed on; "said": by charon
    "aes128gcm": {"proposals": "aes128gcm16-prfsha256-ecp256", ESP: {"c": {"esp_proposals": "aes128gcm16"}}, "suite": "aes128gcm16"},
    "chacha": {"proposals": "chacha20poly1305-prfsha512-curve25519", ESP: {"c": {"esp_proposals": "chacha20poly1305"}}, "suite": "chacha20poly1305"},
    "cbc": {"proposals": "aes256-sha256-prfsha384-modp2048", ESP: {"c": {"esp_proposals": "aes256-sha256"}}, "suite": "aes256-sha256-128"},
    "old-gateway": {"proposals": "aes128-sha1-prfsha256-modp2048", ESP: {"c": {"esp_proposals": "aes128-sha1"}}, "suite": "aes128-sha1-96"},
    "pfs": {"proposals": "aes256gcm16-prfsha256-ecp384", ESP: {"c": {"esp_proposals": "aes256gcm16-ecp384", "rekey_time": "3s", "life_time": "30s"}}},
    "invalid-ke": {"proposals": "aes256gcm16-prfsha256-modp4096-modp2048-curve25519"},
    "port-4500": {"remote_port": 4500},
    "port-500": {"remote_port": 500, "local_port": 500},
    "fragments": {"charon": "fragment_size = 200", "fragmentation": "force", "said": "splitting IKE message"},
    "rekey-ike": {"rekey_time": "3s", "over_time": "2s"},
    "rekey-both": {"rekey_time": "5s", "over_time": "2s", ESP: {"c": {"rekey_time": "3s", "life_time": "30s"}}},
    "address": {"vips": "0.0.0.0", ESP: {"c": {"local_ts": "dynamic"}}},
    "post-quantum": {"ppk_id": "quantum", "ppk_required": "yes"},
    "no-childless-dpd": {"childless": "allow", "dpd_delay": "1s"},
}


def site_in(name):
    over = {"address": "10.99.7.7", "networks": []} if "vips" in MATRIX[name] else {}
    if name == "old-gateway":
        over = {"suites": ["aes128-sha1-96"]}
    if "ppk_id" in MATRIX[name]:
        over = {"ppk-id": "quantum", "ppk": PPK}
    return site_of(name, **over)


def matrix(tap):
    """Many kinds of strongSwan at once; traffic flows throughout their rekeying."""
    subprocess.run(["sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=500"], check=True)
    router = places.Router()
    names = list(MATRIX)
    with collector(*[site_in(name) for name in names], tunnel={"listen": [f"udp:0.0.0.0:{port}" for port in (2797, 4500, 500)], "identity": {"fqdn": "coll"}, "inner": [INNER]},
                   communities=[{"label": "ops", "community": COMMUNITY, "from": ["10.99.0.0/16"]}]) as c:
        tap.ok(c.is_nobody(), "as nobody, on 500 too")
        running = {}
        for name in names:
            over = dict(MATRIX[name])
            more, suite, said = over.pop("charon", ""), over.pop("suite", "aes256gcm16"), over.pop("said", "")
            place = router.site(DEVICE)
            swan = strongswan.Charon(place, more=more)
            connections, secrets = client(name, **over)
            swan.load(connections, {**secrets, "ppk-1": {"id-1": "quantum", "secret": f'"{PPK}"'}})
            good = swan.initiate(check=False).returncode == 0
            tap.ok(good, f"{name}: up", swan.log())
            tap.same(tunnel_of(c, name)["suite"], suite, f"{name}: by {suite}")
            if said:
                tap.ok(said in swan.log(), f"{name}: {said}", swan.log())
            running[name] = place, swan
        pings = {name: place.start("ping", "-q", "-n", "-i", "0.1", "-c", "100", "-I", "10.99.7.7" if "vips" in MATRIX[name] else DEVICE, INNER,
                                   stdout=subprocess.PIPE, text=True) for name, (place, _) in running.items()}
        for name, process in pings.items():
            said = process.communicate(timeout=60)[0]
            tap.ok("100 received" in said, f"{name}: every ping of ten seconds is answered", said + running[name][1].log())
        views = {name: tunnel_of(c, name) for name in names}
        tap.ok(views["rekey-ike"]["rekeys"] >= 2 and views["rekey-both"]["rekeys"] >= 1, "IKE SAs were rekeyed", views)
        tap.same([n["up"] for n in acts_of(c)].count(False), 0, "and none went down")


def killed_and_back(tap):
    """Either side is killed and comes back."""
    router = places.Router()
    place = router.site(DEVICE)
    with collector(site_of("rotterdam")) as c:
        swan = strongswan.Charon(place, more="retransmit_tries = 2\n  retransmit_timeout = 1.0")
        again = {"dpd_delay": "2s", "keyingtries": "0", ESP: {"c": {"start_action": "start", "dpd_action": "restart", "close_action": "start"}}}
        conf = client("rotterdam", **again)
        swan.load(*conf)
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER)), "up", swan.log())
        c.kill()
        c.start()
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER, patience=1), 20), "the collector is killed and back", swan.log())
        swan.kill()
        swan.begin()
        swan.load(*conf)
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER, patience=1), 20), "the site is killed and back", swan.log())
        tap.same(tunnel_of(c, "rotterdam")["pairs"], 1, "what it had before is gone (INITIAL_CONTACT)")


def as_initiator(tap):
    """`trapline join` calls strongSwan: on 4500 and on 2797, rekeyed from both sides, an address asked for, a changed mapping."""
    router = places.Router()
    secret = places.scratch() / "psk"
    secret.write_text(PSK + "\n")
    places.HERE.add(f"{INNER}/32")
    for port in (4500, 2797):
        swan = strongswan.Charon(places.HERE, port=0 if port == 2797 else 500, port_nat_t=port)
        swan.load({"t": {"version": 2, "proposals": "aes256gcm16-prfsha256-curve25519", "rekey_time": "8s", "over_time": "3s", "rand_time": "0s",
                         "local": {"auth": "psk", "id": "coll"}, "remote": {"auth": "psk", "id": "rotterdam"},
                         "children": {"c": {"local_ts": f"{INNER}/32", "remote_ts": f"{DEVICE}/32", "esp_proposals": "aes256gcm16",
                                            "rekey_time": "3s", "life_time": "30s"}}}},
                  {"ike-1": {"id-1": "coll", "id-2": "rotterdam", "secret": f'"{PSK}"'}})
        place = router.site()
        place.run("ip", "tuntap", "add", "dev", "join0", "mode", "tun")
        place.run("ip", "link", "set", "dev", "join0", "mtu", "1400", "up")
        place.add(f"{DEVICE}/32", "join0")
        place.run("ip", "route", "add", f"{INNER}/32", "dev", "join0", "src", DEVICE)
        end = place.start(harness.TRAPLINE, "join", "--collector", f"{places.COLLECTOR}:{port}", "--identity", "rotterdam", "--peer", "coll",
                          "--psk-file", secret, "--networks", f"{DEVICE}/32", "--inner", f"{INNER}/32", "--tun", "join0")
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER, patience=1)), f"{port}: up", swan.log())
        said = harness.run(place.command("ping", "-q", "-n", "-i", "0.1", "-c", "90", "-I", DEVICE, INNER)).stdout
        tap.ok("90 received" in said, f"{port}: every ping of nine seconds of its rekeying is answered", said + swan.log())
        router.map(34000 + port)
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER, patience=1), 10), f"{port}: the NAT maps anew", swan.log())
        harness.stop(end)
        swan.kill()


if __name__ == "__main__":
    harness.isolate()
    harness.main(matrix, killed_and_back, as_initiator)
