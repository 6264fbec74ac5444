# SPDX-License-Identifier: Apache-2.0
"""A peer of the tunnels that nobody here wrote: Scapy seals and opens ESP, a plain socket carries it. Keys by hand."""
import random
import socket
import warnings
from pathlib import Path

import harness

warnings.filterwarnings("ignore")
from scapy.layers.inet import ICMP, IP, UDP, fragment  # noqa: E402
from scapy.layers.ipsec import ESP, SecurityAssociation  # noqa: E402
from scapy.packet import Raw, raw  # noqa: E402
from scapy.utils import wrpcap  # noqa: E402, F401

INNER = "10.99.2.1"  # the collector's address inside
DEVICE = "10.99.1.1"  # a device's, at every site
KEY_OCTETS = 20  # aes128gcm16: key and salt


class Keys:
    """A key file for both ends, and Scapy's SAs of the site's end."""

    def __init__(self, number, folder, name=None, address=None, nat=False, site_network="10.99.1.0/24"):
        rng = random.Random(number)
        self.name = name or f"site-{number}"
        self.in_spi, self.out_spi = 0x20000 + number * 256, 0x10000 + number * 256  # the low bits: the first worker
        self.in_key, self.out_key = rng.randbytes(KEY_OCTETS), rng.randbytes(KEY_OCTETS)
        self.file = Path(folder) / f"keys-{number}"
        self.file.touch(mode=0o600)
        self.file.write_text(
            f"suite aes128gcm16\nesn no\n"
            f"collector.spi {self.out_spi:#x}\ncollector.key {self.out_key.hex()}\ncollector.networks {INNER}\n"
            f"site.spi {self.in_spi:#x}\nsite.key {self.in_key.hex()}\nsite.networks {site_network}\n"
            + (f"collector.address {address}\n" if address else "") + (f"site.nat {'yes' if nat else 'no'}\n"))
        self.seq = 0

    def sa(self, spi, key):
        return SecurityAssociation(ESP, spi=spi, crypt_algo="AES-GCM", crypt_key=key, nat_t_header=UDP(sport=4500, dport=4500),
                                   tunnel_header=IP(src="192.0.2.1", dst="192.0.2.2"))

    def seal(self, inner, seq=None):
        """The UDP payload that carries an inner packet."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        return raw(self.sa(self.out_spi, self.out_key).encrypt(IP(raw(inner)), seq_num=seq)[UDP].payload)

    def open(self, payload):
        """The inner packet in a UDP payload; raises when the ICV is wrong."""
        sa = self.sa(self.in_spi, self.in_key)
        return sa.decrypt(IP(src="192.0.2.2", dst="192.0.2.1") / UDP(sport=4500, dport=4500) / ESP(payload))


class Site:
    """One site with a socket; what it says comes from DEVICE unless told otherwise."""

    def __init__(self, keys, port=2797, source="127.0.0.1", host="127.0.0.1"):
        self.keys, self.to = keys, (host, port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.settimeout(5)

    def send(self, datagram):
        self.socket.sendto(datagram, self.to)

    def say(self, payload, device=DEVICE, sport=5000, dport=harness.PORT, inner=INNER):
        datagram = self.keys.seal(IP(src=device, dst=inner) / UDP(sport=sport, dport=dport) / Raw(payload))
        self.send(datagram)
        return datagram

    def hear(self, patience=5.0):
        """The next inner packet that comes, and how many octets its datagram had; None: silence."""
        self.socket.settimeout(patience)
        try:
            payload = self.socket.recv(65536)
        except socket.timeout:
            return None
        return self.keys.open(payload)

    def answer_probe(self, packet):
        """An echo request that came is answered as a host inside would."""
        if packet is not None and ICMP in packet and packet[ICMP].type == 8:
            self.send(self.keys.seal(IP(src=packet[IP].dst, dst=packet[IP].src) /
                                     ICMP(type=0, id=packet[ICMP].id, seq=packet[ICMP].seq) / Raw(raw(packet[ICMP].payload))))
            return True
        return False

    def ping(self, number=1, size=56, inner=INNER, patience=5.0):
        self.send(self.keys.seal(IP(src=DEVICE, dst=inner) / ICMP(id=77, seq=number) / Raw(bytes(range(size)))))
        answer = self.hear(patience)
        return (answer is not None and ICMP in answer and answer[ICMP].type == 0 and answer[ICMP].seq == number
                and raw(answer[ICMP].payload) == bytes(range(size)))

    def say_in_fragments(self, payload, size, dport=harness.PORT, drop=()):
        whole = IP(src=DEVICE, dst=INNER, id=random.randrange(65536)) / UDP(sport=5000, dport=dport) / Raw(payload)
        parts = fragment(IP(raw(whole)), fragsize=size)
        for i, part in enumerate(parts):
            if i not in drop:
                self.send(self.keys.seal(part))
        return len(parts)


def tunnel_ends(status):
    """Every end that a datagram of a tunnel can have, added up."""
    t = status["tunnel"]
    single = ("ike", "keepalive", "delivered", "answered", "probe", "forwarded", "fragment", "held")
    return sum(t[name] for name in single) + sum(t["dropped"].values())
