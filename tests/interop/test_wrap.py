#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`trapline wrap` in both roles: raw ESP made by Scapy through a NAT that rewrites ports, two clients behind one NAT address;
a mapping that changes is followed once, or not where that is switched off; draft-00 and 2746 on the wire as they should be."""
import json
import subprocess
import sys

import harness
import places
from harness import TRAPLINE

STACK, OURS = "10.5.0.1", "10.5.0.2"  # at a site: the IPsec host, and what it takes for the gateway
GATEWAY = "10.6.0.1"  # the IPsec gateway; .11 and .12 are what it takes for the clients
SPEAK = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
s.bind((sys.argv[1], 0))
print("up", flush=True)
for line in sys.stdin:
    to, size = line.split()[0], len(line)
    if to != "-":
        s.sendto(bytes.fromhex(line.split()[1]), (to, 0))
        print("sent", flush=True)
        continue
    s.settimeout(float(line.split()[1]))
    try:
        packet, peer = s.recvfrom(65535)
        print(peer[0], packet[20:].hex(), flush=True)
    except TimeoutError:
        print("nothing -", flush=True)
"""


class Stack:
    """An IPsec stack that only knows raw ESP: says and hears what the test tells it to."""

    def __init__(self, place, address):
        self.process = place.start(sys.executable, "-c", SPEAK, address, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def say(self, to, packet):
        self.ask(f"{to} {packet.hex()}")

    def hear(self, patience=2.0):
        peer, hexed = self.ask(f"- {patience}")
        return peer, bytes.fromhex(hexed) if hexed != "-" else None


def esp(spi, seq, text=b"inside"):
    """Sealed by Scapy; nobody on the way has its key."""
    from scapy.layers.inet import IP, UDP
    from scapy.layers.ipsec import ESP, SecurityAssociation
    from scapy.packet import Raw, raw
    sa = SecurityAssociation(ESP, spi=spi, crypt_algo="AES-GCM", crypt_key=b"k" * 20, tunnel_header=IP(src=STACK, dst=OURS))
    return raw(sa.encrypt(IP(src="10.1.1.1", dst="10.2.2.2") / UDP(sport=1, dport=2) / Raw(text), seq_num=seq).payload)


def wrap(place, *words):
    process = place.start(TRAPLINE, "wrap", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    if "listening" not in line:
        raise RuntimeError(line)
    process.port = int(line.split(" and ")[0].rsplit(":", 1)[1])
    return process


def finish(process):
    process.send_signal(harness.signal.SIGTERM)
    return json.loads(process.communicate(timeout=10)[0])


def client(router, port, *more):
    place = router.site(STACK, OURS)
    return place, Stack(place, STACK), wrap(place, "client", "--stack", STACK, "--peer", f"{OURS}={places.COLLECTOR}:{port}", *more)


def gateway(*more, port=2797):
    for last in (1, 11, 12):
        harness.run(["ip", "addr", "add", f"10.6.0.{last}/32", "dev", "lo"])
    spis = [word for n in (11, 12) for word in ("--spi", f"{0x1000 + n}=10.6.0.{n}")]
    peers = [word for n in (11, 12) for word in ("--peer", f"10.6.0.{n}")]
    return Stack(places.HERE, GATEWAY), wrap(places.HERE, "gateway", "--stack", GATEWAY, "--listen", f"0.0.0.0:{port}", *peers, *spis, *more)


def both_roles(tap):
    router = places.Router()
    here, there = gateway()
    status = harness.Path(f"/proc/{there.pid}/status")
    tap.ok(harness.wait_until(lambda: {"CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"} <= set(status.read_text().splitlines()), 5),
           "after the start it has no capability and is locked in")
    clients = {n: client(router, 2797) for n in (11, 12)}
    for n, (_, stack, _) in clients.items():
        packet = esp(0x1000 + n, 1)
        stack.say(OURS, packet)
        tap.same(here.hear(), (f"10.6.0.{n}", packet), f"client {n}: its raw ESP comes to the gateway from the address it is known by")
        back = esp(0x2000 + n, 1)
        here.say(f"10.6.0.{n}", back)
        tap.same(stack.hear(), (OURS, back), f"client {n}: and the gateway's comes back")
    router.map(34000)
    stack = clients[11][1]
    packet = esp(0x100b, 2)
    stack.say(OURS, packet)
    tap.same(here.hear(), ("10.6.0.11", packet), "the NAT maps anew: the packet gets through")
    back = esp(0x200b, 2)
    here.say("10.6.0.11", back)
    tap.same(stack.hear(), (OURS, back), "and the answer goes to the new mapping")
    router.map(35000)
    stack.say(OURS, esp(0x100b, 3))
    tap.same(here.hear(0.5), ("nothing", None), "not again within five seconds")
    stranger = esp(0x4711, 1)
    stack.say(OURS, stranger)
    tap.same(here.hear(0.5), ("nothing", None), "an SPI that nobody named is dropped")
    counts = finish(there)
    tap.same([counts[k] for k in ("to_raw", "to_udp", "moved", "move_limited", "unknown_outside", "not_esp")], [3, 3, 1, 1, 1, 0], "each is counted")
    tap.ok(counts["keepalives"] >= 2, "the clients' keepalives opened the mapping", counts)


def not_followed(tap):
    router = places.Router()
    here, there = gateway("--no-follow")
    _, stack, _ = client(router, 2797)
    packet = esp(0x100b, 1)
    stack.say(OURS, packet)
    tap.same(here.hear(), ("10.6.0.11", packet), "the first packet says where the peer is")
    router.map(34000)
    stack.say(OURS, esp(0x100b, 2))
    tap.same(here.hear(0.5), ("nothing", None), "from elsewhere it is not taken")
    tap.same(finish(there)["move_refused"], 1, "and counted")


def a_thief(tap):
    """A client's far end is fixed: who knows an SPI, and sends from elsewhere, does not get its traffic."""
    router = places.Router()
    here, there = gateway()
    place, stack, other = client(router, 2797)
    stack.say(OURS, esp(0x100b, 1))
    here.hear()
    here.say("10.6.0.11", esp(0x200b, 1))
    tap.ok(stack.hear()[1], "the gateway's SPI is pinned")
    place.run(sys.executable, "-c", "import socket, sys; socket.socket(type=socket.SOCK_DGRAM).sendto(bytes.fromhex(sys.argv[1]), "
              "(sys.argv[2], int(sys.argv[3])))", esp(0x200b, 2).hex(), place.outer, str(other.port))
    tap.same(stack.hear(0.5), ("nothing", None), "from elsewhere it is not taken")
    packet = esp(0x100b, 2)
    stack.say(OURS, packet)
    tap.same(here.hear(), ("10.6.0.11", packet), "and the client goes on speaking to its gateway")
    counts = finish(other)
    tap.same((counts["moved"], counts["move_refused"]), (0, 1), "it is counted")
    finish(there)


def refused(tap):
    for words, why in ((("--peer", "10.6.0.11"), "name its SPIs"),
                       (("--peer", "10.6.0.11", "--peer", "10.6.0.12", "--spi", "4096=10.6.0.11", "--spi", "4096=10.6.0.12"), "two peers")):
        done = harness.run(["timeout", "3", TRAPLINE, "wrap", "gateway", "--stack", GATEWAY, *words])
        tap.ok(done.returncode == 2 and why in done.stderr, f"refused: {' '.join(words)}", f"{done.returncode} {done.stderr}")


def datagrams(capture):
    from scapy.layers.inet import IP, UDP
    from scapy.utils import rdpcap
    return [(p[IP], p[UDP]) for p in rdpcap(str(capture)) if UDP in p]


def on_the_wire(tap):
    router = places.Router()
    for port, more in ((2797, ("--draft",)), (2746, ())):
        here, there = gateway(*more, port=port)
        capture = places.scratch() / "c.pcap"
        with harness.capturing(str(capture), "udp", on="coll0"):
            place, stack, other = client(router, port, *more)
            harness.time.sleep(0.3)  # a keepalive goes first where nothing else does
            packet = esp(0x100b, 1)
            stack.say(OURS, packet)
            tap.same(here.hear(), ("10.6.0.11", packet), f"{port} {' '.join(more)}: it comes through")
            back = esp(0x200b, 1)
            here.say("10.6.0.11", back)
            tap.same(stack.hear(), (OURS, back), f"{port}: and back")
            inside = place.run("sh", "-c", "cat /proc/net/udp") if more else ""
        seen = datagrams(capture)
        tap.same({u.sport for ip, u in seen if ip.src == places.COLLECTOR}, {port}, f"{port}: from that port")
        if more:
            tap.same({u.chksum for ip, u in seen if ip.src == places.COLLECTOR}, {0}, "draft-00: without a checksum")
            tap.ok(8 in [u.len for ip, u in seen if ip.dst == places.COLLECTOR], "draft-00: an empty keepalive", seen)
            tap.ok(":0AED " in inside, "draft-00: a client speaks from 2797 too", inside)
        finish(there)
        tap.same(finish(other)["keepalives_sent"], 1, f"{port}: one keepalive opened the mapping")


if __name__ == "__main__":
    harness.isolate()
    harness.main(both_roles, not_followed, a_thief, refused, on_the_wire)
