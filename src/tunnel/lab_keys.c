// SPDX-License-Identifier: Apache-2.0
#include "tunnel/lab_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/scoped.h"
#include "esp/limits.h"

// One value while the file is read: `key` is wiped.
struct reading {
	struct lab_keys *keys;
	struct text *why;
	bool esn_said;
	size_t key_octets[LAB_ENDS];
};

typedef bool lab_put_fn(struct reading *r, enum lab_end end, const char *value);

static bool yes_or_no(const char *value, bool *out)
{
	*out = strcmp(value, "yes") == 0;
	return *out || strcmp(value, "no") == 0;
}

static bool put_suite(struct reading *r, enum lab_end end, const char *value)
{
	r->keys->aead = aead_find(value);
	return r->keys->aead != NULL;
}

static bool put_mode(struct reading *r, enum lab_end end, const char *value)
{
	r->keys->transport = strcmp(value, "transport") == 0;
	return r->keys->transport || strcmp(value, "tunnel") == 0;
}

static bool put_esn(struct reading *r, enum lab_end end, const char *value)
{
	return yes_or_no(value, &r->keys->esn);
}

static bool put_style(struct reading *r, enum lab_end end, const char *value)
{
	bool draft = strcmp(value, "draft-00") == 0;
	r->keys->style = draft ? ENCAP_DRAFT00 : ENCAP_RFC3948;
	return draft || strcmp(value, "rfc3948") == 0;
}

static bool put_spi(struct reading *r, enum lab_end end, const char *value)
{
	char *rest;
	errno = 0;
	unsigned long spi = strtoul(value, &rest, 0);
	r->keys->side[end].spi = (uint32_t)spi;
	return !errno && !*rest && spi >= ESP_SPI_FIRST && spi <= UINT32_MAX;
}

static bool put_key(struct reading *r, enum lab_end end, const char *value)
{
	struct text octets = { 0 };
	bool ok = hex_read(span_str(value), IKE_KEYMAT_MAX, &octets) && !octets.bad;
	if (ok) {
		memcpy(r->keys->side[end].keymat, octets.p, octets.n);
		r->key_octets[end] = octets.n;
		secret_wipe(octets.p, octets.n);
	}
	text_done(&octets);
	return ok;
}

static bool put_address(struct reading *r, enum lab_end end, const char *value)
{
	return addr_parse(value, &r->keys->side[end].address) == ST_OK;
}

static bool put_networks(struct reading *r, enum lab_end end, const char *value)
{
	struct lab_side *s = &r->keys->side[end];
	char copy[ADDR_TEXT * IKE_TS_MAX], *rest = NULL;
	if (strlen(value) >= sizeof copy)
		return false;
	strcpy(copy, value);
	s->networks.n = 0;
	for (char *one = strtok_r(copy, ", ", &rest); one; one = strtok_r(NULL, ", ", &rest)) {
		struct prefix p;
		if (s->networks.n == IKE_TS_MAX || prefix_parse(one, &p) != ST_OK)
			return false;
		if (s->networks.n == 0)
			s->first = p;
		s->networks.at[s->networks.n++] = ike_ts_of(&p);
	}
	return s->networks.n > 0;
}

static bool put_nat(struct reading *r, enum lab_end end, const char *value)
{
	return yes_or_no(value, &r->keys->side[end].nat);
}

static const struct {
	const char *word;
	bool of_end;
	lab_put_fn *put;
} words[] = {
	{ "suite", false, put_suite },    { "mode", false, put_mode },        { "esn", false, put_esn },
	{ "style", false, put_style },    { "spi", true, put_spi },           { "key", true, put_key },
	{ "address", true, put_address }, { "networks", true, put_networks }, { "nat", true, put_nat },
};

static const char *const end_names[LAB_ENDS] = { "collector", "site" };

// "site.spi" is the word "spi" of LAB_SITE.
static bool put_line(struct reading *r, const char *word, const char *value)
{
	enum lab_end end = LAB_ENDS;
	const char *dot = strchr(word, '.');
	for (enum lab_end e = 0; dot && e < LAB_ENDS; e++)
		if (strlen(end_names[e]) == (size_t)(dot - word) &&
		    strncmp(word, end_names[e], (size_t)(dot - word)) == 0)
			end = e;
	const char *name = dot ? dot + 1 : word;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, name) == 0 && words[i].of_end == (dot != NULL) && (!dot || end != LAB_ENDS))
			return words[i].put(r, dot ? end : LAB_COLLECTOR, value);
	return false;
}

// What must be there, and fit together.
static bool is_whole(const struct reading *r)
{
	const struct lab_keys *k = r->keys;
	if (!k->aead) {
		text_printf(r->why, "no usable 'suite'");
		return false;
	}
	size_t wanted = (size_t)k->aead->key + k->aead->salt + k->aead->integ;
	for (enum lab_end e = 0; e < LAB_ENDS; e++) {
		const struct lab_side *s = &k->side[e];
		if (r->key_octets[e] != wanted)
			text_printf(r->why, "%s.key has %zu octets; %s wants %zu (key, salt, integrity key)",
			            end_names[e], r->key_octets[e], k->aead->name, wanted);
		else if (!s->spi || !s->networks.n)
			text_printf(r->why, "%s.%s is missing", end_names[e], s->spi ? "networks" : "spi");
		else
			continue;
		return false;
	}
	if (secret_equal(span_of(k->side[0].keymat, wanted), span_of(k->side[1].keymat, wanted)))
		text_printf(r->why, "both keys are the same; each direction needs its own");
	return r->why->n == 0;
}

static bool read_lines(struct reading *r, char *text)
{
	char *rest = NULL;
	unsigned number = 0;
	for (char *line = text; line; line = rest) {
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = 0;
		line[strcspn(line, "#\r")] = 0;
		number++;
		char *word = line + strspn(line, " \t"), *value = word + strcspn(word, " \t");
		if (*value)
			*value++ = 0;
		value += strspn(value, " \t");
		for (size_t n = strlen(value); n && strchr(" \t", value[n - 1]); n--)
			value[n - 1] = 0;
		if (*word && !put_line(r, word, value)) {
			text_printf(r->why, "line %u: '%s' is not known, or its value cannot be used", number, word);
			return false;
		}
	}
	return true;
}

enum st lab_keys_parse(struct span text, struct lab_keys *out, struct text *why)
{
	struct lab_keys k = { .esn = true };
	struct reading r = { .keys = &k, .why = why };
	if (text.n > LAB_FILE_MAX)
		return ST_FULL;
	char *copy = malloc(text.n + 1);
	if (!copy)
		return ST_NO_MEMORY;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	bool ok = strlen(copy) == text.n && read_lines(&r, copy) && is_whole(&r);
	secret_wipe(copy, text.n);
	free(copy);
	if (ok)
		*out = k;
	else if (!why->n)
		text_printf(why, "not a text");
	secret_wipe(&k, sizeof k);
	return ok ? ST_OK : ST_SYNTAX;
}

enum st lab_keys_read(const char *path, struct lab_keys *out, struct text *why)
{
	uint8_t text[LAB_FILE_MAX];
	struct stat status;
	size_t n = 0;
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) < 0) {
		text_printf(why, "%m");
		return ST_IO;
	}
	if (S_ISREG(status.st_mode) && status.st_mode & S_IROTH) {
		text_add(why, "it can be read by everybody; chmod o= it");
		return ST_DENIED;
	}
	for (ssize_t got = 1; got > 0 && n<sizeof text; n += got> 0 ? (size_t)got : 0) {
		got = read(fd, text + n, sizeof text - n);
		if (got < 0 && errno != EINTR)
			return ST_IO;
	}
	enum st st = lab_keys_parse(span_of(text, n), out, why);
	secret_wipe(text, sizeof text);
	return st;
}

void lab_keys_wipe(struct lab_keys *k)
{
	secret_wipe(k, sizeof *k);
}

static bool same_side(const struct lab_side *a, const struct lab_side *b)
{
	return a->spi == b->spi &&
	       secret_equal(span_of(a->keymat, sizeof a->keymat), span_of(b->keymat, sizeof b->keymat)) &&
	       addr_same_ip(&a->address, &b->address) && a->address.port == b->address.port && a->nat == b->nat &&
	       a->networks.n == b->networks.n &&
	       memcmp(a->networks.at, b->networks.at, a->networks.n * sizeof *a->networks.at) == 0;
}

bool lab_keys_same(const struct lab_keys *a, const struct lab_keys *b)
{
	return a->aead == b->aead && a->transport == b->transport && a->esn == b->esn && a->style == b->style &&
	       same_side(&a->side[0], &b->side[0]) && same_side(&a->side[1], &b->side[1]);
}

void lab_keys_pair(const struct lab_keys *k, enum lab_end us, struct ike_pair *pair, struct plane_way *way)
{
	const struct lab_side *we = &k->side[us], *they = &k->side[us == LAB_SITE ? LAB_COLLECTOR : LAB_SITE];
	*pair = (struct ike_pair){ .in = we->spi,
		                   .out = they->spi,
		                   .aead = k->aead,
		                   .esn = k->esn,
		                   .transport = k->transport,
		                   .send_now = true,
		                   .here = we->networks,
		                   .there = they->networks };
	memcpy(pair->key_in, we->keymat, sizeof pair->key_in);
	memcpy(pair->key_out, they->keymat, sizeof pair->key_out);
	*way = (struct plane_way){ .ends = { we->address, they->address }, .style = k->style, .natted = we->nat };
}
