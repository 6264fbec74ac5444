// SPDX-License-Identifier: Apache-2.0
// trapline-count: reads a journal and says which of trapline-blast's sequence numbers it holds; with the file of what
// was acknowledged, whether each of those is there exactly once. For the benchmark and the crash tests, whose figures
// count only what can be read back. Prints one JSON object.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/ring.h"
#include "base/scoped.h"
#include "maker.h"
#include "tally.h"
#include "event/event.h"
#include "snmp/message.h"
#include "store/journal.h"

struct count {
	struct oid sequence_oid;
	struct tally journal, acked;
	uint64_t events, other; // traps and informs; those without a sequence number
	uint64_t acked_missing, acked_again;
};

static void file_close(FILE **f)
{
	if (*f)
		fclose(*f);
}

// The number in the PDU's sequence varbind, which is its last.
static enum st sequence_of(const struct count *c, struct span pdu, uint64_t *out)
{
	struct snmp_pdu parsed;
	struct snmp_varbind v = { 0 };
	struct oid oid;
	enum st st = snmp_parse_pdu(pdu, &parsed);
	if (st != ST_OK)
		return st;
	struct ber walk = ber_of(parsed.varbinds);
	while (snmp_varbind_next(&walk, &v))
		;
	if (oid_decode(v.oid, &oid) != ST_OK || oid_compare(&oid, &c->sequence_oid) != 0 || v.type != BER_OCTETS)
		return ST_NONE;
	uint64_t seq = 0;
	for (size_t i = 0; i < v.value.n; i++)
		seq = seq * 10 + (uint64_t)(v.value.p[i] - '0');
	*out = seq;
	return ST_OK;
}

static enum st count_block(struct count *c, const struct journal_block *b)
{
	struct rd frames = rd_of(b->frames);
	struct span record;
	enum st st = ST_OK;
	while (st == ST_OK && frame_next(&frames, &record)) {
		struct event e;
		uint64_t seq;
		st = event_decode(record, &e);
		if (st != ST_OK || (e.kind != EVENT_TRAP && e.kind != EVENT_INFORM))
			continue;
		c->events++;
		if (sequence_of(c, e.pdu, &seq) == ST_OK)
			st = tally_add(&c->journal, seq);
		else
			c->other++;
	}
	return st;
}

static enum st count_journal(struct count *c, const char *dir, struct text *why)
{
	struct journal_reader *r;
	struct journal_block b;
	enum st st = journal_reader_open(dir, &r, why);
	if (st != ST_OK)
		return st;
	uint64_t next = 0;
	while (st == ST_OK && (st = journal_read(r, next, &b)) == ST_OK) {
		st = count_block(c, &b);
		next = b.first + b.count;
	}
	journal_reader_close(r);
	return st == ST_NONE ? ST_OK : st;
}

static enum st count_acked(struct count *c, const char *file)
{
	FILE *scoped(file_close) f = fopen(file, "re");
	uint64_t seq;
	enum st st = f ? ST_OK : ST_IO;
	while (st == ST_OK && fscanf(f, "%" SCNu64, &seq) == 1) {
		unsigned seen = tally_of(&c->journal, seq);
		c->acked_missing += seen == 0;
		c->acked_again += seen > 1;
		st = tally_add(&c->acked, seq);
	}
	return st;
}

static void report(const struct count *c, bool acked)
{
	const struct tally *t = &c->journal;
	struct text out = { 0 };
	struct json j = json_of(&out);
	json_open(&j, '{');
	json_key_uint(&j, "events", c->events);
	json_key_uint(&j, "other", c->other);
	json_key_uint(&j, "distinct", t->distinct);
	json_key_uint(&j, "again", t->again);
	json_key_uint(&j, "lowest", t->lowest);
	json_key_uint(&j, "highest", t->highest);
	json_key_uint(&j, "missing", t->distinct ? t->highest - t->lowest + 1 - t->distinct : 0);
	if (acked) {
		json_key_uint(&j, "acked", c->acked.distinct);
		json_key_uint(&j, "acked_missing", c->acked_missing);
		json_key_uint(&j, "acked_again", c->acked_again);
	}
	json_close(&j, '}');
	puts(text_str(&out));
	text_done(&out);
}

int main(int argc, char **argv)
{
	bool acked = argc == 4 && !strcmp(argv[1], "--acked");
	if (!acked && argc != 2) {
		fputs("usage: trapline-count [--acked FILE] DIR\n", stderr);
		return 2;
	}
	struct count c = { 0 };
	struct text why = { 0 };
	enum st st = oid_parse(SEQUENCE_OID, &c.sequence_oid);
	if (st == ST_OK)
		st = count_journal(&c, argv[argc - 1], &why);
	if (st == ST_OK && acked)
		st = count_acked(&c, argv[2]);
	if (st == ST_OK)
		report(&c, acked);
	else
		fprintf(stderr, "trapline-count: %s\n", why.n ? text_str(&why) : st_text(st));
	text_done(&why);
	tally_done(&c.journal);
	tally_done(&c.acked);
	return st == ST_OK ? 0 : 1;
}
