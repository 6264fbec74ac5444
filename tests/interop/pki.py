# SPDX-License-Identifier: Apache-2.0
"""Certificates, keys and revocation lists for one test, made by python3-cryptography: a stranger to both ends."""
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
DAY = datetime.timedelta(days=1)
KEYS = {"ecdsa256": lambda: ec.generate_private_key(ec.SECP256R1()), "ecdsa384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate, "rsa": lambda: rsa.generate_private_key(65537, 2048), "rsa4096": lambda: rsa.generate_private_key(65537, 4096)}
ATTRIBUTES = {"C": NameOID.COUNTRY_NAME, "O": NameOID.ORGANIZATION_NAME, "CN": NameOID.COMMON_NAME}


def subject(text):
    return x509.Name([x509.NameAttribute(ATTRIBUTES[k], v) for k, v in (part.strip().split("=") for part in text.split(","))])


def alternatives(names):
    kinds = {"fqdn": x509.DNSName, "email": x509.RFC822Name, "ip": lambda v: x509.IPAddress(ipaddress.ip_address(v))}
    return x509.SubjectAlternativeName([kinds[k](v) for k, values in names.items() for v in ([values] if isinstance(values, str) else values)])


class Certificate:
    """By a CA, or by itself as one."""

    def __init__(self, kind, dn, by=None, ca=False, until=DAY, **names):
        self.key, self.by = KEYS[kind](), by
        signer = by or self
        make = x509.CertificateBuilder().subject_name(subject(dn)).issuer_name(subject(dn) if by is None else by.cert.subject)
        make = make.public_key(self.key.public_key()).serial_number(x509.random_serial_number())
        make = make.not_valid_before(NOW - 2 * DAY).not_valid_after(NOW + until)
        make = make.add_extension(x509.BasicConstraints(ca=ca or by is None, path_length=None), critical=True)
        make = make.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        make = make.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
        if names:
            make = make.add_extension(alternatives(names), critical=False)
        self.cert = make.sign(signer.key, signer.hash())

    def hash(self):
        return None if isinstance(self.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()

    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM)

    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def crl(self, *revoked, until=DAY, encoding=serialization.Encoding.PEM):
        make = x509.CertificateRevocationListBuilder().issuer_name(self.cert.subject).last_update(NOW - DAY).next_update(NOW + until)
        make = make.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        make = make.add_extension(x509.CRLNumber(1), critical=False)
        for other in revoked:
            make = make.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(other.cert.serial_number)
                                                .revocation_date(NOW - DAY).build())
        return make.sign(self.key, self.hash()).public_bytes(encoding)
