#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Traps, informs and pings from inside ESP, sealed by Scapy, into `serve --lab`: stored with their site, acknowledged
through the tunnel after the commit, counted to the last datagram. The collector runs as nobody without a capability."""
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import harness
from harness import COMMUNITY, PORT, Collector, inform, notification, response_id

TRAP_ADDRESSES = ["127.0.0.0/8", "10.99.1.0/24"]


def laboratory(sites, **config):
    """`serve --lab` with these sites."""
    return harness.Unprivileged(files=[k.file for k in sites], arguments=["--lab"], **{
        "tunnel": {"listen": ["udp:127.0.0.1:2797", "udp:127.0.0.1:4500"], "inner": [tunnels.INNER]},
        "sites": [{"name": k.name, "lab-keys": str(k.file)} for k in sites],
        "communities": [{"label": "ops", "community": COMMUNITY, "from": TRAP_ADDRESSES}], **config})


def folder():
    path = Path(tempfile.mkdtemp(prefix="trapline-test-esp-"))
    path.chmod(0o755)
    harness.atexit.register(shutil.rmtree, path, True)
    return path


def settled(collector):
    last = None
    while True:
        status = collector.status()
        if status["in_flight"] == 0 and last == status["tunnel"]["received"]:
            return status
        last = status["tunnel"]["received"]
        time.sleep(0.1)


def one_site(tap):
    keys = tunnels.Keys(1, folder(), "rotterdam")
    with laboratory([keys]) as c:
        tap.ok(c.is_nobody(), "the collector is nobody and has no capability")
        for port in (2797, 4500):
            site = tunnels.Site(keys, port)
            if port == 4500:  # from another socket: asked there once, by an echo request inside, before anything moves
                site.say(b"here I am")
                tap.ok(site.answer_probe(site.hear()), "a new address is asked")
            tap.ok(site.ping(port), f"a ping of the inner address is answered on {port}")
            site.say(notification(port))
            site.say(inform(port + 1))
            answer = site.hear()
            tap.ok(answer is not None and answer.src == tunnels.INNER and answer.sport == PORT and answer.dport == 5000
                   and response_id(bytes(answer["UDP"].payload)) == port + 1, f"the inform is acknowledged inside, on {port}")
            tap.same(len([e for e in c.events() if e["kind"] == "inform"]), 1 if port == 2797 else 2, "and it is in the journal")
        event = c.wait_events(4)[0]
        tap.same({k: event[k] for k in ("site", "transport", "peer", "community")},
                 {"site": "rotterdam", "transport": "esp", "peer": f"{tunnels.DEVICE}:5000", "community": "ops"},
                 "the event says the site, ESP and the inner source")
        site.say(inform(port + 1))
        tap.ok(site.hear() is not None, "an inform that comes again is answered again")
        status = settled(c)
        tap.same((status["stored"], status["duplicate"]), (4, 1), "and stored once")
        tap.same(harness.ends_of(status), status["received"], "the messages sum")
        tap.same(tunnels.tunnel_ends(status), status["tunnel"]["received"], "the datagrams sum")
        t = status["tunnel"]
        tap.same((t["delivered"], t["answered"], t["probe"], t["moved"]), (6, 2, 1, 1), "each is where it belongs")
        tap.same(status["tunnel"]["sites"][0]["peer"], "127.0.0.1:%d" % site.socket.getsockname()[1], "the site moved to the other socket")
        tap.ok("rotterdam" in harness.run([harness.TRAPLINE, "status", "--data", c.data]).stdout, "status for people names the site")


def what_is_dropped(tap):
    keys = tunnels.Keys(2, folder(), "rotterdam")
    with laboratory([keys]) as c:
        site = tunnels.Site(keys)
        once = site.say(notification(1))
        c.wait_events(1)
        site.send(once)  # a replay
        forged = bytearray(keys.seal(tunnels.IP(src=tunnels.DEVICE, dst=tunnels.INNER)))
        forged[-1] ^= 1
        site.send(bytes(forged))
        site.say(notification(2), device="10.99.9.9")  # not the site's
        site.say(notification(3), inner="10.99.2.9")  # not ours, and not in the selectors
        site.say(notification(4), dport=9)
        site.say(b"not SNMP")
        site.send(b"")
        site.send(b"\xff")
        site.send(b"abc")
        site.send(bytes.fromhex("00000007") + bytes(20))
        site.send(bytes.fromhex("7fffffff") + bytes(20))
        tap.same(site.say_in_fragments(notification(5, harness.varbind("1.3.6.1.4.1.8072.1", harness.ber(4, b"x" * 900))), 400), 3, "a trap in three parts")
        site.say_in_fragments(notification(6, harness.varbind("1.3.6.1.4.1.8072.1", harness.ber(4, b"y" * 900))), 400, drop=(1,))
        tap.same(len(c.wait_events(2)), 2, "the trap in parts is stored, what lacks a part is not")
        status = settled(c)
        t = status["tunnel"]
        tap.same(t["dropped"], {"esp-replay": 1, "forged": 1, "esp-selector": 2, "inner-port": 1, "encap-runt": 1,
                                "esp-reserved-spi": 1, "esp-spi": 1}, "each is dropped by its own reason")
        tap.same((t["keepalive"], t["fragment"], t["delivered"]), (2, 4, 3), "keepalives and fragments are counted")
        tap.same((t["received"], tunnels.tunnel_ends(status)), (17, 17), "the datagrams sum")
        tap.same((status["received"], status["refused"]), (3, {"ber-tag": 1}), "what is no SNMP is refused like anywhere")


def same_addresses(tap):
    where = folder()
    sites = [tunnels.Keys(n, where, name) for n, name in ((1, "rotterdam"), (2, "antwerp"), (3, "ghent"))]
    rules = [{"label": "one", "community": COMMUNITY, "from": ["10.99.1.0/24"], "sites": ["rotterdam", "antwerp"]}]
    with laboratory(sites, communities=rules) as c:
        rotterdam, antwerp, ghent = [tunnels.Site(k) for k in sites]
        for site in (rotterdam, antwerp):
            site.say(inform(7))  # the same PDU from the same address
            tap.same(response_id(bytes(site.hear()["UDP"].payload)), 7, f"{site.keys.name} has its own answer")
        tap.same(sorted(e["site"] for e in c.wait_events(2)), ["antwerp", "rotterdam"], "they are two events of two sites")
        ghent.say(inform(7))
        plain = harness.socket.socket(harness.socket.AF_INET, harness.socket.SOCK_DGRAM)
        subprocess.run(["ip", "addr", "add", "10.99.1.1/32", "dev", "lo"], check=True)
        plain.bind(("10.99.1.1", 5000))
        plain.sendto(inform(7), ("127.0.0.1", PORT))  # the same address outside, which anybody can have
        harness.wait_until(lambda: len(c.waiting()) == 2)
        waiting = c.waiting()
        tap.same(sorted((w["site"] or "", w["reason"]) for w in waiting), [(s, "the source address is not allowed") for s in ("", "ghent")],
                 "a community bound to sites is of no use elsewhere, inside or outside")
        late = [w for w in waiting if w["site"] == "ghent"][0]
        done = harness.run([harness.TRAPLINE, "waiting", "allow", str(late["id"]), "--data", c.data])
        tap.same(done.returncode, 0, "what waits of a tunnel can be allowed")
        event = c.wait_events(3)[-1]
        tap.same((event["site"], event["transport"], event["peer"], event["flags"]), ("ghent", "esp", "10.99.1.1:5000", ["allowed-late"]),
                 "and keeps its site")
        tap.same([w["site"] for w in c.waiting()], [None], "which allows nobody else with that address")
        tap.ok(ghent.hear(0.3) is None, "what waited is not acknowledged")
        ghent.say(inform(8))
        tap.same(response_id(bytes(ghent.hear()["UDP"].payload)), 8, "the next one is")
        c.stop()
        c.start()
        antwerp.say(inform(7))
        tap.ok(antwerp.hear() is not None and c.status()["duplicate"] == 1, "after a restart the same inform is known by its site")


def reload_while_up(tap):
    where = folder()
    old, new, other = tunnels.Keys(1, where, "rotterdam"), tunnels.Keys(2, where, "rotterdam"), tunnels.Keys(3, where, "antwerp")
    with laboratory([old, other]) as c:
        for k in (new,):
            if hasattr(c, "wrapper"):
                shutil.chown(k.file, "nobody", "nogroup")
        site, stays = tunnels.Site(old), tunnels.Site(other)
        tap.ok(site.ping(1) and stays.ping(1), "two sites are up")
        before = c.status()["tunnel"]["sites"]
        c.config["sites"][0]["lab-keys"] = str(new.file)
        c.reload()
        renewed = tunnels.Site(new)
        tap.ok(harness.wait_until(lambda: renewed.ping(2, patience=0.3)), "a site has new keys after a reload")
        site.ping(3, patience=0.2)
        tap.same(c.status()["tunnel"]["dropped"].get("esp-spi", 0) > 0, True, "and the old ones are gone")
        tap.ok(stays.ping(2), "the other stayed up")
        after = {s["name"]: s for s in c.status()["tunnel"]["sites"]}
        tap.same(after["antwerp"]["packets_in"], before[1]["packets_in"] + 1, "with its counts")
        c.config["sites"].append({"name": "x", "lab-keys": str(where / "nowhere")})
        c.reload()
        harness.wait_until(lambda: "reload refused" in c.said())
        tap.ok(renewed.ping(4) and stays.ping(4), "a bad reload changes nothing")
        c.config["sites"] = c.config["sites"][:1]
        c.reload()
        harness.wait_until(lambda: len(c.status()["tunnel"]["sites"]) == 1)
        tap.ok(renewed.ping(5) and not stays.ping(5, patience=0.3), "a site that is taken out is down, the other is up")
        c.kill()
        c.start()
        tap.ok(renewed.ping(6), "after a kill -9 the counters go on")
        numbers = []
        renewed.socket.settimeout(5)
        renewed.send(new.seal(tunnels.IP(src=tunnels.DEVICE, dst=tunnels.INNER) / tunnels.ICMP(id=1)))
        numbers.append(int.from_bytes(renewed.socket.recv(65536)[4:8], "big"))
        tap.ok(numbers[0] > 1 << 24, "behind the block that was reserved before", numbers)


def decoded(tap):
    """decode opens a capture with the keys: the traps inside, the collector's answers, pings; not what is forged or seen before."""
    keys = tunnels.Keys(1, folder(), "rotterdam")
    capture = folder() / "c.pcap"
    with laboratory([keys]) as c:
        with harness.capturing(str(capture), "udp port 2797"):
            site = tunnels.Site(keys)
            site.say(inform(1))
            site.hear()
            site.ping(2)
            again = site.say(notification(3))
            site.send(again)
            site.send(again[:-1] + bytes([again[-1] ^ 1]))
            c.wait_events(2)
    done = harness.run([harness.TRAPLINE, "decode", capture, "--esp-keys", keys.file, "--json", "--community", COMMUNITY])
    lines = [harness.json.loads(line) for line in done.stdout.splitlines()]
    tap.same([(e["kind"], e.get("transport"), (e.get("peer") or e["from"]).split(":")[0]) for e in lines],
             [("inform", "esp", tunnels.DEVICE), ("esp", None, tunnels.INNER), ("esp", None, tunnels.DEVICE), ("esp", None, tunnels.INNER),
              ("trap", "esp", tunnels.DEVICE)], "the inform, its answer, the ping, its answer, the trap")
    tap.ok("2 ESP packets of these keys were dropped" in done.stderr, "a replay and a forgery are not opened", done.stderr)
    other = tunnels.Keys(5, folder(), "other")
    done = harness.run([harness.TRAPLINE, "decode", capture, "--esp-keys", other.file, "--json"])
    tap.ok(done.stdout == "" and "no datagram to a trap port" in done.stderr, "with other keys nothing is shown", done.stderr)


def decoded_transport(tap):
    """Transport mode, sealed by Scapy, both ways: what stands behind the header outside is shown as from the ends outside."""
    keys = tunnels.Keys(1, folder(), "rotterdam")
    keys.file.write_text(keys.file.read_text() + "mode transport\n")
    site, collector = "203.0.113.7", "198.51.100.2"
    here = tunnels.SecurityAssociation(tunnels.ESP, spi=keys.out_spi, crypt_algo="AES-GCM", crypt_key=keys.out_key, nat_t_header=tunnels.UDP(sport=4500, dport=2797))
    back = tunnels.SecurityAssociation(tunnels.ESP, spi=keys.in_spi, crypt_algo="AES-GCM", crypt_key=keys.in_key, nat_t_header=tunnels.UDP(sport=2797, dport=4500))
    there, home = tunnels.IP(src=site, dst=collector), tunnels.IP(src=collector, dst=site)
    good = here.encrypt(there / tunnels.UDP(sport=5000, dport=PORT) / tunnels.Raw(inform(1)), seq_num=1)
    packets = [good, back.encrypt(home / tunnels.UDP(sport=PORT, dport=5000) / tunnels.Raw(b"answer"), seq_num=1),
               here.encrypt(there / tunnels.UDP(sport=5001, dport=162) / tunnels.Raw(notification(2)), seq_num=2),
               here.encrypt(there / tunnels.ICMP(id=7), seq_num=3),
               here.encrypt(there / tunnels.UDP(sport=5001, dport=162, len=400) / tunnels.Raw(notification(3)), seq_num=4), good]
    capture = keys.file.with_name("transport.pcap")
    tunnels.wrpcap(str(capture), [tunnels.IP(src=p.src, dst=p.dst) / tunnels.UDP(sport=p.sport, dport=p.dport) /
                                  tunnels.Raw(tunnels.raw(p[tunnels.UDP].payload)) for p in packets])  # Scapy leaves the UDP length open
    done = harness.run([harness.TRAPLINE, "decode", capture, "--esp-keys", keys.file, "--json", "--community", COMMUNITY])
    lines = [harness.json.loads(line) for line in done.stdout.splitlines()]
    tap.same([(e["kind"], e.get("transport"), e.get("protocol"), e.get("peer") or e["from"]) for e in lines],
             [("inform", "esp", None, f"{site}:5000"), ("esp", None, "udp", f"{collector}:{PORT}"), ("trap", "esp", None, f"{site}:5001"),
              ("esp", None, "other", f"{site}:0"), ("esp", None, "broken", f"{site}:5001")], "the inform, its answer, the trap, a ping, and UDP that lies")
    tap.ok("1 ESP packets of these keys were dropped" in done.stderr, "a replay is not opened", done.stderr)


def taken_by_nobody(tap):
    """Somebody on the path sends a site's own fresh packet from elsewhere, before it comes itself: he is asked, and gets nothing."""
    keys = tunnels.Keys(1, folder(), "rotterdam")
    with laboratory([keys]) as c:
        site, thief = tunnels.Site(keys), tunnels.Site(keys)
        site.ping(1)
        home = c.status()["tunnel"]["sites"][0]["peer"]
        fresh = keys.seal(tunnels.IP(src=tunnels.DEVICE, dst=tunnels.INNER) / tunnels.ICMP(id=77, seq=2))
        thief.send(fresh)
        site.send(fresh)
        tap.ok(thief.hear(1.0) is not None, "the new address is asked by a sealed echo request")
        answer = site.hear()
        tap.ok(answer is not None and answer.payload.seq == 2 and site.ping(3), "the site is answered at home all the time", answer)
        status = settled(c)
        tap.same((status["tunnel"]["sites"][0]["peer"], status["tunnel"]["moved"]), (home, 0), "and did not move")


def not_without_lab(tap):
    keys = tunnels.Keys(1, folder(), "rotterdam")
    c = Collector(tunnel={"listen": ["udp:127.0.0.1:2797"], "inner": [tunnels.INNER]},
                  sites=[{"name": "rotterdam", "lab-keys": str(keys.file)}])
    c.start(ready=False)
    tap.ok(harness.wait_until(lambda: c.process.poll() == 1) and "only serve --lab takes" in c.said(), "manual keys are refused elsewhere", c.said())
    done = harness.run([harness.TRAPLINE, "check", "-c", c.file])
    tap.ok(done.returncode == 0 and "laboratory" in done.stderr, "and check says why they are none for production", done.stderr)


if __name__ == "__main__":
    harness.isolate()
    try:
        import tunnels
    except ImportError:
        print("1..0 # SKIP python3-scapy is not installed")
        raise SystemExit(0)
    harness.main(one_site, what_is_dropped, decoded, decoded_transport, taken_by_nobody, same_addresses, reload_while_up, not_without_lab)
