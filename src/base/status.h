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
	/* authenticated encryption */                                                                                 \
	X(FORGED, "forged", "the integrity check failed")                                                              \
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
