#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`trapline tunnel --lab`, both ends: TUN devices in two places with a NAT between them, owned by nobody and run as nobody; bytes
that went through TCP are the same, with the kernel's super-packets and without."""
import hashlib
import json
import socket
import subprocess
import sys
import time

import harness
import places
from harness import TRAPLINE

SITE, COLLECTOR = "10.99.1.1", "10.99.2.1"
MTU = 1400


def keys(folder, **more):
    file = folder / "keys"
    file.touch(mode=0o600)
    lines = {"suite": "aes128gcm16", "collector.spi": "0x10000", "collector.key": "11" * 20, "collector.networks": COLLECTOR,
             "collector.address": f"{places.COLLECTOR}:2797", "site.spi": "0x20000", "site.key": "22" * 20, "site.networks": SITE,
             "site.nat": "yes", **more}
    file.write_text("".join(f"{k} {v}\n" for k, v in lines.items()))
    for path in (folder, file):
        harness.shutil.chown(path, "nobody", "nogroup")
    return file


def end(place, file, which, *more):
    """One end as nobody, without a capability."""
    command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", TRAPLINE,
               "tunnel", "--lab", file, "--end", which, *more]
    process = harness.start([str(c) for c in place.command(*command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.said = ""
    while "listening" not in process.said:
        line = process.stderr.readline()
        if not line:
            raise RuntimeError(process.said)
        process.said += line
    return process


def device(place, name, address, other):
    place.run("ip", "tuntap", "add", "dev", name, "mode", "tun", "user", "nobody")
    place.run("ip", "link", "set", "dev", name, "mtu", MTU, "up")
    place.run("ip", "addr", "add", f"{address}/32", "dev", name)
    place.run("ip", "route", "add", f"{other}/32", "dev", name, "src", address)


def finish(process):
    process.send_signal(harness.signal.SIGTERM)
    out = process.communicate(timeout=20)[0]
    return json.loads(out)


RECEIVE = "import socket,hashlib;s=socket.create_server(('%s',5001));print('up',flush=True);c=s.accept()[0];h=hashlib.sha256();n=0\n" \
          "while d:=c.recv(1<<20):h.update(d);n+=len(d)\nprint(n,h.hexdigest())" % COLLECTOR


def transfer(place, octets):
    receiver = harness.start([sys.executable, "-c", RECEIVE], stdout=subprocess.PIPE, text=True)
    receiver.stdout.readline()
    send = ("import socket,hashlib,random;s=socket.create_connection(('%s',5001),source_address=('%s',0));r=random.Random(7);h=hashlib.sha256()\n"
            "for i in range(%d):\n d=r.randbytes(1<<16);h.update(d);s.sendall(d)\ns.close();print(h.hexdigest())" % (COLLECTOR, SITE, octets >> 16))
    sent = place.run(sys.executable, "-c", send, timeout=60).strip()
    return sent == receiver.communicate(timeout=60)[0].split()[1]


def whole_networks(tap):
    router = places.Router()
    site = router.site()
    device(site, "lab0", SITE, COLLECTOR)
    device(places.HERE, "lab1", COLLECTOR, SITE)
    for offload in ((), ("--no-offload",)):
        file = keys(places.scratch())
        collector = end(places.HERE, file, "collector", "--tun", "lab1", *offload)
        here = end(site, file, "site", "--tun", "lab0", *offload)
        name = " ".join(offload) or "with super-packets"
        tap.ok("not for production" in here.said or "laboratory" in here.said, f"{name}: it says what such keys are worth", here.said)
        tap.ok("CapEff:\t0000000000000000" in harness.Path(f"/proc/{collector.pid}/status").read_text(), f"{name}: no capability")
        tap.ok("3 received" in site.run("ping", "-q", "-n", "-c", "3", "-i", "0.1", "-I", SITE, COLLECTOR), f"{name}: pings")
        tap.ok(transfer(site, 32 << 20), f"{name}: 32 MiB through TCP are the same")
        router.map(34000 if not offload else 35000)
        tap.ok("3 received" in site.run("ping", "-q", "-n", "-c", "4", "-i", "0.3", "-I", SITE, COLLECTOR).replace("4 received", "3 received"),
               f"{name}: the NAT maps anew, and the collector follows after a probe")
        counts = [finish(p) for p in (here, collector)]
        tap.ok(all(c["unsent"] == 0 and not c["dropped"] for c in counts), f"{name}: nothing was dropped", counts)
        single = ("ike", "keepalive", "delivered", "answered", "probe", "forwarded", "fragment", "held")
        tap.ok(all(sum(c[n] for n in single) + sum(c["dropped"].values()) == c["received"] for c in counts), f"{name}: the datagrams sum", counts)


def long_packets(tap):
    """A path that takes less than the devices: who may not be cut is told how long a packet may be, and TCP goes on with that."""
    router = places.Router()
    site = router.site()
    for name, address, other, place in (("lab0", SITE, COLLECTOR, site), ("lab1", COLLECTOR, SITE, places.HERE)):
        harness.run(place.command("ip", "link", "del", name))
        device(place, name, address, other)
        place.run("ip", "link", "set", "dev", name, "mtu", "1500")
    for place, name in ((site, "up0"), (router, "in1"), (router, "out"), (places.HERE, "coll0")):
        place.run("ip", "link", "set", "dev", name, "mtu", "1300")
    for offload in ((), ("--no-offload",)):
        file = keys(places.scratch())
        ends = [end(places.HERE, file, "collector", "--tun", "lab1", *offload), end(site, file, "site", "--tun", "lab0", *offload)]
        name = " ".join(offload) or "with super-packets"
        site.run("ping", "-q", "-n", "-c", "3", "-i", "0.3", "-I", SITE, COLLECTOR)
        site.run("ip", "route", "flush", "cache")  # what it was told before
        # 1300 less IP, UDP, ESP's header, IV and ICV (20 + 8 + 8 + 8 + 16), to a multiple of 4, less two octets of trailer
        said = harness.run(site.command("ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "1400", "-I", SITE, COLLECTOR)).stdout
        tap.ok("mtu = 1238" in said or "mtu=1238" in said, f"{name}: a long packet that may not be cut comes back with the length that may be", said)
        fits = harness.run(site.command("ping", "-q", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", str(1238 - 28), "-I", SITE, COLLECTOR)).stdout
        tap.ok("1 received" in fits, f"{name}: and one of that length arrives", fits)
        cut = harness.run(site.command("ping", "-q", "-n", "-c", "1", "-W", "1", "-M", "dont", "-s", "1400", "-I", SITE, COLLECTOR)).stdout
        tap.ok("1 received" in cut, f"{name}: one that may be cut arrives", cut)
        tap.ok(transfer(site, 8 << 20), f"{name}: 8 MiB through TCP are the same")
        counts = [finish(p) for p in ends]
        tap.ok(counts[1]["unsealed"].get("tun-too-big", 0) > 0, f"{name}: counted", counts)


def without_a_device(tap):
    """A site without TUN answers pings of its inner address; each end reserves its counters; two on one file are refused."""
    router = places.Router()
    site = router.site()
    harness.run(["ip", "link", "del", "lab1"])
    device(places.HERE, "lab1", COLLECTOR, SITE)
    file = keys(places.scratch())
    collector = end(places.HERE, file, "collector", "--tun", "lab1")
    here = end(site, file, "site")
    tap.ok(file.with_name("keys.site.counter").exists(), "a block of counters is reserved on disk before anything is sent")
    second = harness.run([TRAPLINE, "tunnel", "--lab", file, "--end", "collector", "--listen", "127.0.0.1:0"])
    tap.ok(second.returncode == 1 and "another process uses these keys" in second.stderr, "nobody else may use them", second.stderr)
    ping = "ping -q -n -c 2 -i 0.2 -W 1 -I %s %s"
    tap.ok("2 received" not in harness.run((ping % (COLLECTOR, SITE)).split()).stdout, "behind a NAT it is not reached before it speaks")
    tap.same((finish(here)["answered"], finish(collector)["received"]), (0, 0), "and the collector sends nowhere before")


def idle(tap):
    """A NAT that forgets UDP after seconds: keepalives keep an idle site reachable from the collector; without them it is not."""
    router = places.Router()
    site = router.site()
    for name in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
        try:
            router.run("sysctl", "-qw", f"net.netfilter.{name}=4")
        except RuntimeError:
            raise harness.Skip("the NAT's timeouts cannot be set here")
    harness.run(["ip", "link", "del", "lab1"])
    device(site, "lab0", SITE, COLLECTOR)
    device(places.HERE, "lab1", COLLECTOR, SITE)
    reach = ["ping", "-q", "-n", "-c", "1", "-W", "2", "-I", COLLECTOR, SITE]
    for name, nat, reached in (("with keepalives every 2 s", "yes", True), ("without", "no", False)):
        file = keys(places.scratch(), **{"site.nat": nat})
        collector = end(places.HERE, file, "collector", "--tun", "lab1")
        here = end(site, file, "site", "--tun", "lab0", "--keepalive", "2")
        site.run("ping", "-q", "-n", "-c", "1", "-I", SITE, COLLECTOR)
        tap.ok("1 received" in harness.run(reach).stdout, f"{name}: a site that just spoke is reached from the collector")
        time.sleep(10)
        tap.same("1 received" in harness.run(reach).stdout, reached, f"{name}: after 10 s of silence it is {'' if reached else 'not '}reached")
        tap.ok("0 received" not in site.run("ping", "-q", "-n", "-c", "3", "-i", "0.3", "-W", "2", "-I", SITE, COLLECTOR), f"{name}: when it speaks there is an answer")
        finish(here)
        heard = finish(collector)["keepalive"]
        tap.ok(heard >= 3 if reached else heard == 0, f"{name}: so many the collector heard: {heard}")


if __name__ == "__main__":
    harness.isolate()
    harness.main(whole_networks, long_packets, without_a_device, idle)
