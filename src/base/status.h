// SPDX-License-Identifier: Apache-2.0
// The one list of outcomes. Each row makes the enum value, its name (used in counters and JSON) and its sentence, so a
// reason for refusing that is not counted cannot exist. Lower floors return these and never log.
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

// X(id, name in counters and JSON, text a person reads)
#define STATUS(X)                                                                                                      \
	X(OK, "ok", "ok")                                                                                              \
	/* any parser */                                                                                               \
	X(SHORT, "short", "ended inside a field")                                                                      \
	X(TRAILING, "trailing", "bytes follow where the message should end")                                           \
	X(FULL, "full", "does not fit into the buffer")                                                                \
	X(NONE, "none", "not there")                                                                                   \
	/* BER, X.690 and RFC 3417 section 8 */                                                                        \
	X(BER_TAG, "ber-tag", "an unexpected BER tag")                                                                 \
	X(BER_LENGTH, "ber-length", "a BER length that is indefinite, too long or lies")                               \
	X(BER_INTEGER, "ber-integer", "an integer that is empty or out of range")                                      \
	X(BER_OID, "ber-oid", "an object identifier that is malformed or over 128 arcs")                               \
	/* the message */                                                                                              \
	X(TRUNCATED, "truncated", "the datagram was larger than 65,507 bytes")                                         \
	X(EMPTY, "empty", "an empty datagram")                                                                         \
	X(VERSION, "version", "an SNMP version that does not exist")                                                   \
	X(PDU_TYPE, "pdu-type", "not a trap or an inform")                                                             \
	X(VARBINDS, "varbinds", "more variable bindings than the limit")                                               \
	X(GENERIC_TRAP, "generic-trap", "a v1 generic-trap number that does not exist")                                \
	X(TRAP_OID, "trap-oid", "no usable snmpTrapOID.0 where RFC 3416 wants it")                                     \
	X(FRAME, "frame", "a TCP frame that is not a BER sequence or is over the limit")                               \
	/* authorisation */                                                                                            \
	X(SOURCE, "source", "the source address is not allowed")                                                       \
	X(COMMUNITY, "community", "the community is not known")                                                        \
	/* version 3: names as usmStats and snmpMPDStats, RFC 3412 and RFC 3414 */                                     \
	X(INVALID_MSG, "invalid-msg", "snmpInvalidMsgs: a v3 header that contradicts itself")                          \
	X(SECURITY_MODEL, "unknown-security-model", "snmpUnknownSecurityModels: not USM")                              \
	X(SECURITY_PARAMETERS, "security-parameters", "malformed USM security parameters")                             \
	X(ENGINE, "unknown-engine", "usmStatsUnknownEngineIDs: an unknown engine ID")                                  \
	X(USER, "unknown-user", "usmStatsUnknownUserNames: an unknown user")                                           \
	X(LEVEL, "unsupported-level", "usmStatsUnsupportedSecLevels: a security level this user may not use")          \
	X(DIGEST, "wrong-digest", "usmStatsWrongDigests: the authentication digest is wrong")                          \
	X(TIME_WINDOW, "time-window", "usmStatsNotInTimeWindows: outside the time window")                             \
	X(DECRYPT, "decryption-error", "usmStatsDecryptionErrors: could not be decrypted")                             \
	X(REPLAY, "replay", "a message that was seen before")                                                          \
	X(REPORTABLE, "report", "a Report, or a message that wants none, is not answered")                             \
	/* asking an agent */                                                                                          \
	X(WALK_STUCK, "walk-stuck", "its table goes backwards or does not go on")                                      \
	X(WALK_ENDLESS, "walk-endless", "its table does not end")                                                      \
	X(AGENT, "agent-error", "it answered with an error")                                                           \
	X(NO_ANSWER, "no-answer", "it did not answer")                                                                 \
	X(SLOW, "slow", "it answers too slowly")                                                                       \
	/* authenticated encryption */                                                                                 \
	X(FORGED, "forged", "the integrity check failed")                                                              \
	/* a datagram on an ESP-in-UDP port, RFC 3948 and draft-huttunen-ipsec-esp-in-udp-00 */                        \
	X(ENCAP_EMPTY, "encap-empty", "an empty keepalive (draft-huttunen-ipsec-esp-in-udp-00)")                       \
	X(ENCAP_KEEPALIVE, "encap-keepalive", "a NAT keepalive (RFC 3948)")                                            \
	X(ENCAP_RUNT, "encap-runt", "too short to be ESP or IKE")                                                      \
	X(ENCAP_NOT_IKE, "encap-not-ike", "marked as IKE, but not shaped like it")                                     \
	X(ENCAP_UNMARKED, "encap-unmarked", "an IKE_SA_INIT without its marker, where that is switched off")           \
	X(ENCAP_ZEROS, "encap-zeros", "ESP behind eight zero bytes, where that is switched off")                       \
	/* ESP, RFC 4303 */                                                                                            \
	X(ESP_SHORT, "esp-short", "shorter than its ESP suite allows")                                                 \
	X(ESP_BLOCK, "esp-block", "an ESP text that is not whole cipher blocks")                                       \
	X(ESP_SPI, "esp-spi", "an SPI that is not ours")                                                               \
	X(ESP_RESERVED, "esp-reserved-spi", "an SPI from 1 to 255, which is reserved")                                 \
	X(ESP_REPLAY, "esp-replay", "an ESP sequence number that was seen before")                                     \
	X(ESP_OLD, "esp-old", "an ESP sequence number older than the replay window")                                   \
	X(ESP_ZERO, "esp-zero", "the ESP sequence number 0, which is never sent")                                      \
	X(ESP_PADDING, "esp-padding", "malformed ESP padding behind a good integrity check")                           \
	X(ESP_NEXT_HEADER, "esp-next-header", "a next header that does not fit the mode of the SA")                    \
	X(ESP_DUMMY, "esp-dummy", "an ESP dummy packet, sent to hide how much is said")                                \
	X(ESP_EXPIRED, "esp-expired", "the SA has reached its hard limit")                                             \
	X(ESP_SEQUENCE, "esp-sequence", "the SA has used up its sequence numbers")                                     \
	X(ESP_NO_SA, "esp-no-sa", "the SA has no keys for this direction")                                             \
	X(ESP_SELECTOR, "esp-selector", "an inner packet that the traffic selectors of its SA do not allow")           \
	X(ESP_ECN, "esp-ecn", "marked congested outside, but its inner header cannot say so (RFC 6040)")               \
	/* what is inside the tunnel */                                                                                \
	X(INNER_VERSION, "inner-version", "neither IPv4 nor IPv6")                                                     \
	X(INNER_HEADER, "inner-header", "a malformed inner IP header")                                                 \
	X(INNER_LENGTH, "inner-length", "an inner length that lies")                                                   \
	X(INNER_CHECKSUM, "inner-checksum", "a wrong checksum in an inner header")                                     \
	X(INNER_PROTOCOL, "inner-protocol", "an inner protocol that is not served")                                    \
	X(INNER_ADDRESS, "inner-address", "an inner address that cannot be")                                           \
	X(INNER_DESTINATION, "inner-destination", "an inner destination that is not ours")                             \
	X(INNER_PORT, "inner-port", "an inner UDP port that is not served")                                            \
	X(INNER_ICMP, "inner-icmp", "an inner ICMP message that is not served")                                        \
	X(TUN_WRITE, "tun-write", "the TUN device did not take it")                                                    \
	X(TUN_SPLIT, "tun-split", "a packet of the TUN device that cannot be cut")                                     \
	X(TUN_TOO_BIG, "tun-too-big", "a packet of the TUN device that the path does not take: its sender was told")   \
	X(FRAGMENT, "fragment", "an inner fragment, kept until the others come")                                       \
	X(FRAGMENT_MALFORMED, "fragment-malformed", "an inner fragment of impossible place or size")                   \
	X(FRAGMENT_OVERLAP, "fragment-overlap", "inner fragments that overlap")                                        \
	X(FRAGMENT_LIMIT, "fragment-limit", "inner fragments over the limit")                                          \
	X(FRAGMENT_TIME, "fragment-time", "inner fragments whose others never came")                                   \
	/* IKEv2, RFC 7296 */                                                                                          \
	X(IKE_HEADER, "ike-header", "an IKE header that contradicts itself")                                           \
	X(IKE_VERSION, "ike-version", "another major version of IKE")                                                  \
	X(IKE_SPI, "ike-spi", "an IKE SA that is not known here")                                                      \
	X(IKE_PAYLOAD, "ike-payload", "a malformed IKE payload")                                                       \
	X(IKE_CRITICAL, "ike-critical", "a critical IKE payload that is not known here")                               \
	X(IKE_UNEXPECTED, "ike-unexpected", "an IKE exchange that this state does not allow")                          \
	X(IKE_PAYLOADS, "ike-payloads", "an IKE payload is missing or not allowed in this exchange")                   \
	X(IKE_ID, "ike-message-id", "an IKE message ID outside the window")                                            \
	X(IKE_AGAIN, "ike-again", "an IKE request seen before: the kept answer was sent again")                        \
	X(IKE_COOKIE, "ike-cookie", "an IKE_SA_INIT was answered with a cookie")                                       \
	X(IKE_PROPOSAL, "ike-proposal", "none of the proposed algorithms is acceptable")                               \
	X(IKE_GROUP, "ike-group", "the key exchange is not in the group that was chosen")                              \
	X(IKE_KEY, "ike-key", "a key exchange value that is no value of its group")                                    \
	X(IKE_NONCE, "ike-nonce", "a nonce that is too short or too long")                                             \
	X(IKE_PROOF, "ike-proof", "the peer could not prove its identity")                                             \
	X(IKE_TS, "ike-ts", "traffic selectors that nothing here allows")                                              \
	X(IKE_CHILD, "ike-child", "a child SA that is not known here")                                                 \
	X(IKE_LATER, "ike-later", "not now: another change of this SA is under way")                                   \
	X(IKE_FRAGMENT, "ike-fragment", "a part of an IKE message, kept until the others come")                        \
	X(IKE_FRAGMENT_LIMIT, "ike-fragment-limit", "parts of an IKE message over the limit")                          \
	X(IKE_FULL, "ike-full", "too many IKE SAs are half open")                                                      \
	X(IKE_REFUSED, "ike-refused", "the peer refused")                                                              \
	X(IKE_TIMEOUT, "ike-timeout", "the peer does not answer")                                                      \
	X(IKE_EXPIRED, "ike-expired", "the IKE SA has reached its lifetime")                                           \
	X(IKE_DELETED, "ike-deleted", "the peer or the administrator ended it")                                        \
	X(IKE_NO_NAT_T, "ike-no-nat-t", "the peer cannot wrap ESP in UDP")                                             \
	/* certificates and signatures, RFC 5280 and RFC 7427 */                                                       \
	X(CERT_SYNTAX, "cert-syntax", "a certificate that cannot be read")                                             \
	X(CERT_KEY, "cert-key", "a certificate whose key is too weak, or not for signing")                             \
	X(CERT_CHAIN, "cert-chain", "a certificate that no certification authority of the site vouches for")           \
	X(CERT_TIME, "cert-time", "a certificate that is not valid yet, or not any more")                              \
	X(CERT_REVOKED, "cert-revoked", "a certificate that was revoked")                                              \
	X(CERT_CRL, "cert-crl", "no valid revocation list of the certificate's issuer")                                \
	X(CERT_NAME, "cert-name", "a certificate that does not carry the name that the peer says to have")             \
	X(SIGN_METHOD, "signature-method", "a signature in a method that is not accepted")                             \
	/* the outside world */                                                                                        \
	X(IO, "io", "an input/output error")                                                                           \
	X(DISK_FULL, "disk-full", "the disk is full")                                                                  \
	X(DAMAGED, "damaged", "the file is damaged")                                                                   \
	X(NOT_OURS, "not-ours", "the file is not Trapline's")                                                          \
	X(NEWER, "newer", "the file was written by a newer Trapline")                                                  \
	X(BUSY, "busy", "another process has it open")                                                                 \
	X(DENIED, "denied", "permission denied")                                                                       \
	X(IN_USE, "in-use", "the address is in use")                                                                   \
	X(SYSTEM, "system", "the operating system refused (see errno)")                                                \
	X(SYNTAX, "syntax", "malformed text")                                                                          \
	X(NO_MEMORY, "no-memory", "out of memory")

enum st {
#define X(id, name, text) ST_##id,
	STATUS(X)
#undef X
	        ST_COUNT
};

// The short name of a status, as in counters and JSON; never NULL.
const char *st_name(enum st st);

// The sentence of a status; never NULL.
const char *st_text(enum st st);

#endif
