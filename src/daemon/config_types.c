// SPDX-License-Identifier: Apache-2.0
// One row per type: an example, a sentence about what is right, and the check.
#include "daemon/config_types.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "crypto/aead.h"
#include "alarm/rules.h"
#include "daemon/limits.h"
#include "mib/mib.h"

enum st config_parse_listen(const char *text, struct config_listen *out)
{
	struct config_listen l = { .tcp = strncmp(text, "tcp:", 4) == 0 };
	if (!l.tcp && strncmp(text, "udp:", 4) != 0)
		return ST_SYNTAX;
	enum st st = addr_parse(text + 4, &l.addr);
	if (st == ST_OK)
		*out = l;
	return st;
}

// Digits at the front of *text, moved over; ST_SYNTAX when there are none or they are over 2^64-1.
static enum st take_digits(const char **text, uint64_t *out)
{
	const char *at = *text;
	uint64_t v = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*at - '0'), &v))
			return ST_SYNTAX;
	if (at == *text)
		return ST_SYNTAX;
	*text = at;
	*out = v;
	return ST_OK;
}

enum st config_parse_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t v;
	if (take_digits(&text, &v) || *text || v > max)
		return ST_SYNTAX;
	*out = v;
	return ST_OK;
}

enum st config_parse_size(const char *text, uint64_t *bytes)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "kB", 1000 },
		{ "MB", 1000000 },
		{ "GB", 1000000000 },
		{ "TB", 1000000000000 },
		{ "KiB", 1ull << 10 },
		{ "MiB", 1ull << 20 },
		{ "GiB", 1ull << 30 },
		{ "TiB", 1ull << 40 },
	};
	uint64_t v;
	if (take_digits(&text, &v))
		return ST_SYNTAX;
	text += strspn(text, " ");
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcasecmp(text, units[i].name) == 0)
			return __builtin_mul_overflow(v, units[i].factor, bytes) || *bytes > INT64_MAX ? ST_SYNTAX
			                                                                               : ST_OK;
	return ST_SYNTAX;
}

enum st config_parse_span(const char *text, int64_t *seconds)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 7 * 86400 } };
	uint64_t v;
	if (take_digits(&text, &v) || v > CONFIG_SPAN_MAX)
		return ST_SYNTAX;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(text, units[i].name) == 0 && v * units[i].factor <= CONFIG_SPAN_MAX) {
			*seconds = (int64_t)(v * units[i].factor);
			return ST_OK;
		}
	return ST_SYNTAX;
}

static bool is_text(const char *text, uint64_t max)
{
	return strlen(text) <= CONFIG_TEXT_MAX;
}

static bool is_name(const char *text, uint64_t max)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return *text && strlen(text) <= CONFIG_NAME_MAX;
}

static bool is_secret(const char *text, uint64_t max)
{
	return *text && strlen(text) <= CONFIG_SECRET_MAX;
}

static bool is_path(const char *text, uint64_t max)
{
	return *text && strlen(text) <= CONFIG_TEXT_MAX;
}

static bool is_listen(const char *text, uint64_t max)
{
	struct config_listen l;
	return config_parse_listen(text, &l) == ST_OK;
}

static bool is_endpoint(const char *text, uint64_t max)
{
	struct addr a;
	return addr_parse(text, &a) == ST_OK;
}

static bool is_prefix(const char *text, uint64_t max)
{
	struct prefix p;
	return prefix_parse(text, &p) == ST_OK;
}

static bool is_address(const char *text, uint64_t max)
{
	return is_prefix(text, max) && !strchr(text, '/');
}

static bool is_number(const char *text, uint64_t max)
{
	uint64_t v;
	return config_parse_number(text, max, &v) == ST_OK;
}

static bool is_size(const char *text, uint64_t max)
{
	uint64_t v;
	return config_parse_size(text, &v) == ST_OK;
}

static bool is_engine_id(const char *text, uint64_t max)
{
	size_t n = strlen(text);
	return n >= 10 && n <= 64 && n % 2 == 0 && strspn(text, "0123456789abcdefABCDEF") == n;
}

// True when the word is one of the space-separated list.
static bool is_word_of(const char *word, const char *list)
{
	size_t n = strlen(word);
	for (const char *at = list; at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
		if (strncmp(at, word, n) == 0 && (at[n] == ' ' || at[n] == 0))
			return n > 0;
	return false;
}

static bool is_auth(const char *text, uint64_t max)
{
	return is_word_of(text, "md5 sha1 sha224 sha256 sha384 sha512");
}

static bool is_priv(const char *text, uint64_t max)
{
	return is_word_of(text, "des aes128 aes192 aes256");
}

static bool is_suite(const char *text, uint64_t max)
{
	return aead_find(text) != NULL;
}

static bool is_level(const char *text, uint64_t max)
{
	return is_word_of(text, "noAuthNoPriv authNoPriv authPriv");
}

static bool is_version(const char *text, uint64_t max)
{
	return is_word_of(text, "1 2c");
}

static bool is_oid(const char *text, uint64_t max)
{
	struct oid o;
	return mib_parse(text, &o) == ST_OK;
}

static bool is_pattern(const char *text, uint64_t max)
{
	struct text why = { 0 };
	bool good = *text && is_text(text, max) && rule_pattern_check(span_str(text), &why);
	text_done(&why);
	return good;
}

static bool is_verb(const char *text, uint64_t max)
{
	return is_word_of(text, "raise clear ignore");
}

static bool is_severity(const char *text, uint64_t max)
{
	return is_word_of(text, "critical major minor warning info");
}

static bool is_span(const char *text, uint64_t max)
{
	int64_t seconds;
	return config_parse_span(text, &seconds) == ST_OK;
}

static const struct {
	bool (*is)(const char *text, uint64_t max);
	const char *noun, *right, *example;
} types[TYPE_COUNT] = {
	[TYPE_TEXT] = { is_text, "a value", "at most 4096 octets", "text" },
	[TYPE_NAME] = { is_name, "a name", "1 to 64 printable octets", "rotterdam" },
	[TYPE_SECRET] = { is_secret, "a secret", "1 to 255 octets", "\"...\"" },
	[TYPE_PATH] = { is_path, "a path", "1 to 4096 octets", "/etc/trapline/secret" },
	[TYPE_LISTEN] = { is_listen, "a listener",
	                  "udp:ADDRESS:PORT or tcp:ADDRESS:PORT, IPv6 in brackets: udp:[::]:2697", "udp:0.0.0.0:2697" },
	[TYPE_ENDPOINT] = { is_endpoint, "an address with a port", "ADDRESS:PORT, IPv6 in brackets: [::1]:8697",
	                    "127.0.0.1:8697" },
	[TYPE_PREFIX] = { is_prefix, "an address prefix",
	                  "ADDRESS/BITS such as 10.0.0.0/8 or 2001:db8::/32, or one address", "10.0.0.0/8" },
	[TYPE_ADDRESS] = { is_address, "an address", "an IPv4 or IPv6 address such as 10.99.2.1", "10.99.2.1" },
	[TYPE_NUMBER] = { is_number, "a number in range", "a whole number", "10" },
	[TYPE_SIZE] = { is_size, "a size", "a whole number and a unit such as 50GB, 500MB or 20GiB; 0 for no limit",
	                "50GB" },
	[TYPE_ENGINE_ID] = { is_engine_id, "an engine ID", "5 to 32 octets in hex such as 80001f8804646f63 (RFC 3411)",
	                     "80001f8804646f63" },
	[TYPE_AUTH] = { is_auth, "an authentication", "one of md5 sha1 sha224 sha256 sha384 sha512", "sha256" },
	[TYPE_PRIV] = { is_priv, "an encryption", "one of des aes128 aes192 aes256", "aes128" },
	[TYPE_LEVEL] = { is_level, "a security level", "one of noAuthNoPriv authNoPriv authPriv", "authPriv" },
	[TYPE_SUITE] = { is_suite, "a suite of ESP",
	                 "one of aes128gcm16 aes256gcm16 chacha20poly1305 aes128-sha256-128 aes256-sha256-128 "
	                 "aes128-sha1-96 aes256-sha1-96",
	                 "aes128gcm16" },
	[TYPE_VERSION] = { is_version, "a version", "1 or 2c", "2c" },
	[TYPE_OID] = { is_oid, "an OID or a name that is known", "it dotted, such as 1.3.6.1.4.1.10642",
	               "1.3.6.1.4.1.10642" },
	[TYPE_PATTERN] = { is_pattern, "a text with good placeholders", "text with {text}, {trap} or {OID} in it",
	                   "\"error/{text}\"" },
	[TYPE_VERB] = { is_verb, "what a rule can do", "one of raise clear ignore", "raise" },
	[TYPE_SEVERITY] = { is_severity, "a severity", "one of critical major minor warning info", "major" },
	[TYPE_SPAN] = { is_span, "a span of time", "a whole number and a unit: 90s, 15m, 1h, 2d or 1w, at most a year",
	                "1h" },
};

const char *config_type_example(enum config_type type)
{
	return types[type].example;
}

// The usual slip with prefixes: an address of the network with the network's length.
static bool explain_host_bits(const char *text, struct text *wrong)
{
	char copy[ADDR_TEXT], whole[ADDR_TEXT];
	const char *slash = strchr(text, '/');
	uint64_t bits;
	struct prefix p;
	if (!slash || (size_t)(slash - text) >= sizeof copy)
		return false;
	memcpy(copy, text, (size_t)(slash - text));
	copy[slash - text] = 0;
	if (prefix_parse(copy, &p) || config_parse_number(slash + 1, strchr(copy, ':') ? 128 : 32, &bits))
		return false;
	struct addr network = { 0 };
	size_t keep = bits + (strchr(copy, ':') ? 0 : 96);
	for (size_t i = 0; i < keep; i++)
		network.ip[i / 8] |= p.ip[i / 8] & (0x80 >> i % 8);
	text_printf(wrong,
	            "'%s' has bits set behind its /%" PRIu64 "; write %s/%" PRIu64
	            " for the network or %s for the one address",
	            text, bits, addr_ip_text(&network, whole), bits, copy);
	return true;
}

bool config_type_check(enum config_type type, const char *text, uint64_t max, struct text *wrong)
{
	if (types[type].is(text, max))
		return true;
	if (type == TYPE_PREFIX && explain_host_bits(text, wrong))
		return false;
	struct text why = { 0 };
	if (type == TYPE_PATTERN && *text && !rule_pattern_check(span_str(text), &why)) {
		text_printf(wrong, "%s; write for example %s", text_str(&why), types[type].example);
		text_done(&why);
		return false;
	}
	if (type == TYPE_NUMBER)
		text_printf(wrong, "'%s' is not a whole number from 0 to %" PRIu64 "; write for example %s", text, max,
		            types[type].example);
	else if (type == TYPE_SECRET || strlen(text) > CONFIG_NAME_MAX)
		text_printf(wrong, "this is not %s; write %s", types[type].noun, types[type].right);
	else
		text_printf(wrong, "'%s' is not %s; write %s", text, types[type].noun, types[type].right);
	return false;
}
