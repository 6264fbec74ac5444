#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends with pysnmp as an SNMPv3 user: pysnmp_sender.py trap|inform PORT USER DIGEST CIPHER AUTH PRIV ENGINE TEXT; prints
what it has to say."""
import sys
import warnings

warnings.simplefilter("ignore")
from pysnmp import hlapi  # noqa: E402
from pysnmp.proto.rfc1902 import OctetString  # noqa: E402

DIGESTS = {"md5": "usmHMACMD5AuthProtocol", "sha1": "usmHMACSHAAuthProtocol", "sha224": "usmHMAC128SHA224AuthProtocol",
           "sha256": "usmHMAC192SHA256AuthProtocol", "sha384": "usmHMAC256SHA384AuthProtocol", "sha512": "usmHMAC384SHA512AuthProtocol"}
CIPHERS = {"none": "usmNoPrivProtocol", "des": "usmDESPrivProtocol", "aes128": "usmAesCfb128Protocol",
           "aes192": "usmAesBlumenthalCfb192Protocol", "aes256": "usmAesBlumenthalCfb256Protocol",
           "aes192c": "usmAesCfb192Protocol", "aes256c": "usmAesCfb256Protocol"}

kind, port, user, digest, cipher, auth, priv, engine, text = sys.argv[1:]
engine_id = OctetString(hexValue=engine)
credentials = hlapi.UsmUserData(user, auth, None if cipher == "none" else priv, authProtocol=getattr(hlapi, DIGESTS[digest]),
                                privProtocol=getattr(hlapi, CIPHERS[cipher]))
error, status, _, _ = next(hlapi.sendNotification(
    hlapi.SnmpEngine(snmpEngineID=engine_id), credentials,
    hlapi.UdpTransportTarget(("127.0.0.1", int(port)), timeout=3, retries=0), hlapi.ContextData(), kind,
    hlapi.NotificationType(hlapi.ObjectIdentity("1.3.6.1.6.3.1.1.5.1")).addVarBinds(
        (hlapi.ObjectIdentifier("1.3.6.1.2.1.1.5.0"), OctetString(text)))))
print(error or status or ("acknowledged" if kind == "inform" else "sent"))
sys.exit(1 if error or status else 0)
