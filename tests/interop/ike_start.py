# SPDX-License-Identifier: Apache-2.0
"""Requests to begin an IKE SA, in octets, by somebody who never goes on: what a responder remembers of them is half open."""
import secrets
import socket
import struct

import places

MARKER = bytes(4)
SA, KE, NONCE, NOTIFY, NONE = 33, 34, 40, 41, 0
NAT_SOURCE, NAT_DESTINATION = 16388, 16389
X25519, MODP_2048 = 31, 14
PUBLIC = {X25519: 32, MODP_2048: 256}  # octets


def transform(kind, number, last=False, key=b""):
    return struct.pack(">BxHBxH", 0 if last else 3, 8 + len(key), kind, number) + key


def chain(*payloads):
    """(type, body) one behind another, each with the type of the next."""
    kinds = [kind for kind, _ in payloads[1:]] + [NONE]
    return b"".join(struct.pack(">BxH", after, 4 + len(body)) + body for after, (_, body) in zip(kinds, payloads))


def request(group=X25519):
    """IKE_SA_INIT: AES-GCM-16 with 256 bits, PRF SHA-256; another peer with each call. Any octets are a public value."""
    suite = transform(1, 20, key=struct.pack(">HH", 0x800E, 256)) + transform(2, 5) + transform(4, group, last=True)
    public = struct.pack(">Hxx", group) + b"\x01" + secrets.token_bytes(PUBLIC[group] - 1)
    body = chain((SA, struct.pack(">BxHBBBB", 0, 8 + len(suite), 1, 1, 0, 3) + suite), (KE, public), (NONCE, secrets.token_bytes(32)),
                 *((NOTIFY, struct.pack(">BBH", 0, 0, kind) + secrets.token_bytes(20)) for kind in (NAT_SOURCE, NAT_DESTINATION)))
    return secrets.token_bytes(8) + bytes(8) + struct.pack(">BBBBII", SA, 0x20, 34, 0x08, 0, 28 + len(body)) + body


def half_open(count, port, source, to=places.COLLECTOR, group=X25519):
    """Begins so often from one address of ours; returns how many answers were of some size (a cookie's is small)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        s.settimeout(2)
        sizes = []
        for _ in range(count):
            s.sendto(MARKER + request(group), (to, port))
            sizes.append(len(s.recv(2000)))
    return sum(size > 150 for size in sizes)
