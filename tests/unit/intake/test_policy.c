// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "intake/policy.h"

static struct prefixes prefixes_of(const char *const *texts, size_t n)
{
	struct prefixes x = { calloc(n, sizeof(struct prefix)), n };
	for (size_t i = 0; i < n; i++)
		assert_int_equal(prefix_parse(texts[i], &x.p[i]), ST_OK);
	return x;
}

static struct addr addr_of(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), ST_OK);
	return a;
}

static struct policy *fixture(void)
{
	struct policy *p = policy_new();
	p->communities = calloc(4, sizeof *p->communities);
	p->community_count = 4;
	const struct {
		const char *label, *community, *from[2];
		const char *listener, *sites[2];
	} rows[] = {
		{ "ops", "secret", { "10.0.0.0/8", "2001:db8::/32" }, NULL },
		{ "lab", "secret", { "192.168.0.0/16", "fe80::/10" }, NULL },
		{ "edge", "edge", { "0.0.0.0/0", "::/0" }, "192.0.2.1:162" },
		{ "inner", "inner", { "192.168.1.0/24", "fd00::/8" }, NULL, { "rotterdam", "antwerp" } },
	};
	for (size_t i = 0; i < 4; i++) {
		struct policy_community *c = &p->communities[i];
		c->label = strdup(rows[i].label);
		c->community = (uint8_t *)strdup(rows[i].community);
		c->n = strlen(rows[i].community);
		c->from = prefixes_of(rows[i].from, 2);
		if (rows[i].listener) {
			c->listeners = calloc(1, sizeof *c->listeners);
			c->listeners[0] = addr_of(rows[i].listener);
			c->listener_count = 1;
		}
		c->sites = calloc(2, sizeof(char *));
		for (; c->site_count < 2 && rows[i].sites[c->site_count]; c->site_count++)
			c->sites[c->site_count] = strdup(rows[i].sites[c->site_count]);
	}
	p->sites = calloc(2, sizeof *p->sites);
	p->site_count = 2;
	p->sites[0] = (struct policy_site){ strdup("all"), prefixes_of((const char *[]){ "10.0.0.0/8" }, 1) };
	p->sites[1] =
	        (struct policy_site){ strdup("two"), prefixes_of((const char *[]){ "10.2.0.0/16", "10.9.9.9" }, 2) };
	p->relays = prefixes_of((const char *[]){ "10.1.1.1/32" }, 1);
	return p;
}

static void communities(void **state)
{
	static const struct {
		const char *community, *peer, *listener, *label;
		enum st why;
		const char *site;
	} rows[] = {
		{ "secret", "10.1.2.3:5000", "0.0.0.0:2697", "ops", ST_OK },
		{ "secret", "192.168.1.1:5000", "0.0.0.0:2697", "lab", ST_OK },
		{ "secret", "[2001:db8::7]:5000", "[::]:2697", "ops", ST_OK },
		{ "secret", "172.16.0.1:5000", "0.0.0.0:2697", NULL, ST_SOURCE },
		{ "Secret", "10.1.2.3:5000", "0.0.0.0:2697", NULL, ST_COMMUNITY },
		{ "secre", "10.1.2.3:5000", "0.0.0.0:2697", NULL, ST_COMMUNITY },
		{ "secret1", "10.1.2.3:5000", "0.0.0.0:2697", NULL, ST_COMMUNITY },
		{ "", "10.1.2.3:5000", "0.0.0.0:2697", NULL, ST_COMMUNITY },
		{ "edge", "8.8.8.8:1", "192.0.2.1:162", "edge", ST_OK },
		{ "edge", "8.8.8.8:1", "192.0.2.1:2697", NULL, ST_COMMUNITY },
		{ "inner", "192.168.1.7:1", "0.0.0.0:2797", "inner", ST_OK, "rotterdam" },
		{ "inner", "192.168.1.7:1", "0.0.0.0:2797", "inner", ST_OK, "antwerp" },
		{ "inner", "192.168.1.7:1", "0.0.0.0:2797", NULL, ST_SOURCE, "ghent" },
		{ "inner", "192.168.1.7:1", "0.0.0.0:2697", NULL, ST_SOURCE },
		{ "inner", "192.168.2.7:1", "0.0.0.0:2797", NULL, ST_SOURCE, "antwerp" },
	};
	struct policy *p = fixture();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct addr peer = addr_of(rows[i].peer), listener = addr_of(rows[i].listener);
		enum st why;
		const struct policy_community *c =
		        policy_community(p, span_str(rows[i].community),
		                         &(struct policy_sender){ peer, listener, span_str(rows[i].site) }, &why);
		assert_int_equal(why, rows[i].why);
		assert_string_equal(c ? c->label : "", rows[i].label ? rows[i].label : "");
	}
	policy_free(p);
}

static void sites(void **state)
{
	static const struct {
		const char *peer, *site;
		bool relay;
	} rows[] = {
		{ "10.1.1.1:1", "all", true },  { "10.2.3.4:1", "two", false }, { "10.9.9.9:1", "two", false },
		{ "10.9.9.8:1", "all", false }, { "11.0.0.1:1", "", false },    { "[::a02:304]:1", "", false },
	};
	struct policy *p = fixture();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct addr peer = addr_of(rows[i].peer);
		assert_string_equal(policy_site(p, &peer), rows[i].site);
		assert_int_equal(policy_relay(p, &peer), rows[i].relay);
	}
	policy_free(p);
}

static void denied(void **state)
{
	static const struct {
		const char *peer, *site, *credential;
		uint8_t version;
		bool denied;
	} rows[] = {
		{ "10.0.0.7:1", "rome", "guess", 1, true },
		{ "10.0.0.7:9", "rome", "guess", 0, true },  // v1 and v2c have one community
		{ "10.0.0.7:1", "rome", "guess", 3, false }, // a user is no community
		{ "10.0.0.7:1", "rome", "guesS", 1, false },
		{ "10.0.0.7:1", "rom", "eguess", 1, false },
		{ "10.0.0.7:1", "", "guess", 1, false },
		{ "10.0.0.8:1", "rome", "guess", 1, false },
		{ "10.5.0.1:1", "", "alice", 3, true },
		{ "10.5.0.1:1", "", "alice", 1, false },
	};
	struct policy *p = fixture();
	p->denied = calloc(2, sizeof *p->denied);
	p->denied_count = 2;
	p->denied[0] = (struct policy_denied){ prefixes_of((const char *[]){ "10.0.0.7" }, 1), { 1, 2 }, 0 };
	p->denied[1] = (struct policy_denied){ prefixes_of((const char *[]){ "10.5.0.0/16" }, 1), { 3, 4 }, 0 };
	p->denied[0].mark = policy_mark(&p->denied[0].key, 1, span_str("rome"), span_str("guess"));
	p->denied[1].mark = policy_mark(&p->denied[1].key, 3, span_str(""), span_str("alice"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct addr peer = addr_of(rows[i].peer);
		assert_int_equal(
		        policy_denied(p, &peer, rows[i].version, span_str(rows[i].site), span_str(rows[i].credential)),
		        rows[i].denied);
	}
	assert_string_equal(policy_label(p, span_str("secret")), "ops");
	assert_null(policy_label(p, span_str("secre")));
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(communities), cmocka_unit_test(sites),
		                            cmocka_unit_test(denied) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
