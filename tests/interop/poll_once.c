// SPDX-License-Identifier: Apache-2.0
// Asks one device with the real poller and prints the note of every event, for test_poll.py:
//
//	poll_once ADDRESS PORT 1|2c COMMUNITY [known]
//	poll_once ADDRESS PORT 3 NAME AUTH PRIV PASSWORD [known]
//
// known: that a jam in input 2 is open, and a cover that is not.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event/event.h"
#include "io/system.h"
#include "poll/poller.h"
#include "snmp/message.h"

static const struct poll_known known[] = {
	{ .alarm = 101,
	  .seen = 102,
	  .hr_device = 1,
	  .group = 8,
	  .group_index = 2,
	  .location = -2,
	  .code = 8,
	  .index = 4,
	  .twin = -1,
	  .severity = 3,
	  .training = -1 },
	{ .alarm = 201,
	  .seen = 202,
	  .hr_device = 1,
	  .group = 6,
	  .group_index = 1,
	  .location = -2,
	  .code = 3,
	  .index = 2,
	  .twin = -1,
	  .severity = 3,
	  .training = -1 },
};

static struct usm_users *users_of(char **v)
{
	static const uint8_t engine[] = { 0x80, 0, 0, 0, 5, 1, 2, 3 };
	const struct usm_user u = { .name = span_str(v[0]),
		                    .auth = usm_auth_by_name(v[1]),
		                    .auth_password = span_str(v[3]),
		                    .priv = usm_priv_by_name(v[2]),
		                    .priv_password = span_str(v[3]) };
	struct usm_users *users = NULL;
	size_t which;
	return usm_users_new(&u, 1, span_of(engine, sizeof engine), NULL, &users, &which) ? NULL : users;
}

static struct poll_access *access_of(char **v)
{
	struct poll_access *a = poll_access_new();
	struct poll_credential *c = a->credentials = calloc(1, sizeof *a->credentials);
	size_t which;
	a->credential_count = 1;
	c->port = (uint16_t)atoi(v[2]);
	c->version = strcmp(v[3], "1") == 0   ? SNMP_VERSION_1
	             : strcmp(v[3], "3") == 0 ? SNMP_VERSION_3
	                                      : SNMP_VERSION_2C;
	if (c->version != SNMP_VERSION_3) {
		c->community = (uint8_t *)strdup(v[4]);
		c->community_n = strlen(v[4]);
		return a;
	}
	c->user = strdup(v[4]);
	struct usm_users *users = users_of(v + 4);
	return users && poll_access_users(a, users, &which) == ST_OK ? a : NULL;
}

static void print_notes(struct poller *p)
{
	uint64_t at = 0;
	uint32_t records;
	struct span record;
	struct rd frames = rd_of(ring_run(poller_source(p).ring, &at, 1 << 20, &records));
	struct event e;
	while (frame_next(&frames, &record))
		if (event_decode(record, &e) == ST_OK)
			printf("%.*s\n", (int)e.note.n, (const char *)e.note.p);
}

int main(int argc, char **argv)
{
	struct poll_want w = { .device = 7, .reason = POLL_AFTER_TRAP };
	struct crypto *crypto;
	struct poller *p;
	const struct hash_key key = { 5, 6 };
	char address[ADDR_TEXT];
	if (argc < 5 || (strcmp(argv[3], "3") == 0 && argc < 8))
		return 2;
	snprintf(address, sizeof address, "%s:1", argv[1]);
	struct poll_access *a = access_of(argv);
	if (!a || addr_parse(address, &w.address) || crypto_init(&crypto) || poller_new(crypto, &key, &p))
		return 1;
	if (strcmp(argv[argc - 1], "known") == 0) {
		w.known = known;
		w.known_count = sizeof known / sizeof *known;
	}
	poller_set_access(p, a);
	if (poller_start(p, NULL) || !poll_want(p, &w))
		return 1;
	for (struct poller_counters c = poller_count(p); c.answered + c.failed + c.refused == 0; c = poller_count(p))
		usleep(1000);
	poller_stop(p);
	print_notes(p);
	poller_free(p);
	crypto_free(crypto);
	return 0;
}
