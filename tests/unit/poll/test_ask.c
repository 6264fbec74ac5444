// SPDX-License-Identifier: Apache-2.0
// One device asked without a network, and what its answer tells against what was known.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent.h"
#include "poll/ask.h"
#include "poll/differ.h"

static struct agent agent;
static const struct hash_key key = { 1, 2 };

static struct ask *asked(int32_t version)
{
	static uint8_t ops[] = { 'o', 'p', 's' };
	static struct poll_credential c = { .community = ops, .community_n = sizeof ops };
	const struct ask_config config = { .credential = &c, .random = random_system() };
	static uint8_t out[POLL_REQUEST_MAX], in[SNMP_DATAGRAM_MAX];
	struct ask *a;
	c.version = version;
	assert_int_equal(ask_new(&config, &a), ST_OK);
	enum ask_next next = ASK_SEND;
	for (int i = 0; i < 1000 && next == ASK_SEND; i++) {
		struct wr w = wr_of(out, sizeof out), back = wr_of(in, sizeof in);
		assert_int_equal(ask_write(a, 0, &w), ST_OK);
		assert_true(agent_answer(&agent, wr_span(&w), 1, NULL, &back)); // another request's
		assert_int_equal(ask_input(a, 0, wr_span(&back)), ASK_WAIT);
		back = wr_of(in, sizeof in);
		assert_true(agent_answer(&agent, wr_span(&w), 0, "opt", &back)); // another community's
		assert_int_equal(ask_input(a, 0, wr_span(&back)), ASK_WAIT);
		back = wr_of(in, sizeof in);
		assert_true(agent_answer(&agent, wr_span(&w), 0, NULL, &back));
		next = ask_input(a, 0, wr_span(&back));
	}
	assert_int_equal(next, ASK_ENDED);
	return a;
}

static void reads_a_printer(void **state)
{
	for (int32_t version = SNMP_VERSION_1; version <= SNMP_VERSION_2C; version++) {
		agent_printer(&agent);
		for (int i = 1; i <= 20; i++)
			agent_alert(&agent, i * 3, 4, 3, 8, i, -2, 807, "Tray low");
		struct ask *a = asked(version);
		const struct poll_result *r = ask_result(a);
		assert_int_equal(r->st, ST_OK);
		assert_true(r->printer && r->printer_mib && r->alerts_whole && !r->alerts_cut);
		assert_true(span_equal(poll_text_span(&r->model), span_str("Model One")));
		assert_true(span_equal(poll_text_span(&r->serial), span_str("SN-1")));
		assert_int_equal(r->status, 3);
		assert_int_equal(r->errors_n, 1);
		assert_int_equal(r->alert_count, 20);
		assert_int_equal(r->alerts[19].index, 60);
		assert_int_equal(r->alerts[19].number[ALERT_GROUP_INDEX], 20);
		assert_int_equal(r->alerts[0].have, (1 << ALERT_COLUMNS) - 1);
		assert_int_equal(r->supply_count, 1);
		assert_int_equal(r->supplies[0].number[SUPPLY_LEVEL], 50);
		ask_free(a);
	}
}

static void reads_no_printer(void **state)
{
	agent.n = 0;
	agent_text(&agent, "1.3.6.1.2.1.1.5.0", "switch-1");
	agent_number(&agent, "1.3.6.1.2.1.2.1.0", 4);
	struct ask *a = asked(SNMP_VERSION_2C);
	assert_int_equal(ask_result(a)->st, ST_OK);
	assert_false(ask_result(a)->printer);
	assert_true(span_equal(poll_text_span(&ask_result(a)->name), span_str("switch-1")));
	ask_free(a);
}

static void too_many_alerts(void **state)
{
	agent_printer(&agent);
	for (int i = 1; i <= POLL_ALERTS + 1; i++)
		agent_alert(&agent, i, 3, 4, 9, 1, -2, 8, "Jam");
	struct ask *a = asked(SNMP_VERSION_2C);
	assert_int_equal(ask_result(a)->st, ST_OK);
	assert_int_equal(ask_result(a)->alert_count, POLL_ALERTS);
	assert_true(ask_result(a)->alerts_cut);
	ask_free(a);
}

// ---- the difference

struct notes {
	char text[32][2048];
	size_t n;
	bool refuse;
};

static bool take(void *arg, struct span note)
{
	struct notes *n = arg;
	assert_true(n->n < 32 && note.n < sizeof n->text[0]);
	if (n->refuse)
		return false;
	memcpy(n->text[n->n], note.p, note.n);
	n->text[n->n++][note.n] = 0;
	return true;
}

static struct notes notes;
static struct poll_told told;

static void differ(struct poll_want *w)
{
	struct ask *a = asked(SNMP_VERSION_2C);
	notes.n = 0;
	poll_differ(w, ask_result(a), NULL, &key, &told, take, &notes);
	ask_free(a);
}

static void tells_what_differs(void **state)
{
	struct poll_want w = { .device = 7 };
	told = (struct poll_told){ 0 };
	agent_printer(&agent);
	agent_alert(&agent, 5, 4, 4, 11, 1, -2, 1104, "Toner\nlow");
	differ(&w);
	assert_int_equal(notes.n, 2);
	assert_string_equal(
	        notes.text[0],
	        "{\"device\":7,\"asked\":\"ok\",\"serial\":\"SN-1\",\"model\":\"Model One\",\"name\":\"printer-1\","
	        "\"location\":\"Hall\",\"status\":\"idle\",\"errors\":[\"lowToner\",\"jammed\"],\"supplies\":[{"
	        "\"index\":1,\"class\":3,\"type\":3,\"unit\":3,\"capacity\":200,\"level\":50,\"percent\":25,"
	        "\"description\":\"Black toner\"}]}");
	assert_string_equal(notes.text[1],
	                    "{\"device\":7,\"asked\":\"ok\",\"alert\":{\"device\":1,\"index\":5,\"severity\":4,"
	                    "\"training\":4,\"group\":11,\"group_index\":1,\"location\":-2,\"code\":1104,"
	                    "\"description\":\"Toner low\"}}");
	// Nothing changed, and nobody made anything of it: silence.
	differ(&w);
	assert_int_equal(notes.n, 0);
	// One page more is no news, a hundredth is.
	agent_number(&agent, "1.3.6.1.2.1.43.11.1.1.9.1.1", 51);
	differ(&w);
	assert_int_equal(notes.n, 0);
	agent_number(&agent, "1.3.6.1.2.1.43.11.1.1.9.1.1", 49);
	differ(&w);
	assert_int_equal(notes.n, 1);
}

static void known_and_gone(void **state)
{
	struct poll_known known[] = {
		{ .alarm = 11,
		  .seen = 12,
		  .hr_device = 1,
		  .group = 8,
		  .group_index = 2,
		  .location = -2,
		  .code = 8,
		  .index = 4,
		  .twin = 6,
		  .severity = 3,
		  .training = 4,
		  .described = true },
		{ .alarm = 21,
		  .seen = 22,
		  .hr_device = 1,
		  .group = 9,
		  .group_index = 1,
		  .location = -2,
		  .code = 8,
		  .index = 5,
		  .twin = -1,
		  .severity = 3,
		  .training = -1 },
	};
	struct poll_want w = { .device = 7, .known = known, .known_count = 2 };
	agent_printer(&agent);
	agent_alert(&agent, 4, 3, 4, 8, 2, -2, 8, "Jam");
	agent_alert(&agent, 6, 3, 4, 1, 1, -2, 1, "Operator intervention required"); // the twin
	told = (struct poll_told){ 0 };
	differ(&w);
	assert_int_equal(notes.n, 2);
	assert_string_equal(notes.text[1], "{\"device\":7,\"asked\":\"ok\",\"gone\":21,\"seen\":22}");
	known[0].hr_device = 0; // a trap that did not say it
	told = (struct poll_told){ 0 };
	differ(&w);
	assert_int_equal(notes.n, 2);
	assert_string_equal(notes.text[1], "{\"device\":7,\"asked\":\"ok\",\"gone\":21,\"seen\":22}");
	known[0].hr_device = 1;
	// It comes back under another index, and with its training level: told, not gone.
	agent_alert(&agent, 9, 3, 5, 9, 1, -2, 8, "Jam");
	differ(&w);
	assert_int_equal(notes.n, 1);
	assert_non_null(strstr(notes.text[0], "\"alert\":{\"device\":1,\"index\":9,\"severity\":3,\"training\":5"));
	// What could not be written is told the next time.
	told = (struct poll_told){ 0 };
	notes.refuse = true;
	differ(&w);
	notes.refuse = false;
	differ(&w);
	assert_int_equal(notes.n, 2);
}

// A table that is missing, cut or half read makes nothing gone.
static void not_gone(void **state)
{
	const struct poll_known known = { .alarm = 11, .seen = 12, .hr_device = 1, .group = 8, .index = 4, .twin = -1 };
	const struct poll_want w = { .device = 7, .known = &known, .known_count = 1 };
	const struct poll_result good = { .st = ST_OK, .printer = true, .printer_mib = true, .alerts_whole = true };
	struct poll_result r[] = { good, good, good, good, good };
	r[1].printer_mib = false;
	r[2].alerts_whole = false;
	r[3].alerts_cut = true;
	r[4].no_memory = true;
	for (size_t i = 0; i < 5; i++) {
		notes.n = 0;
		told = (struct poll_told){ 0 };
		poll_differ(&w, &r[i], NULL, &key, &told, take, &notes);
		assert_int_equal(strstr(notes.text[notes.n - 1], "gone") != NULL, i == 0);
	}
}

static void says_why_not(void **state)
{
	struct poll_want w = { .device = 7 };
	const struct poll_result r = { .st = ST_NO_ANSWER };
	notes.n = 0;
	told = (struct poll_told){ 0 };
	poll_differ(&w, &r, NULL, &key, &told, take, &notes);
	assert_int_equal(notes.n, 1);
	assert_string_equal(notes.text[0], "{\"device\":7,\"asked\":\"it did not answer\"}");
	told = (struct poll_told){ 0 };
	w.asked = span_str("it did not answer");
	poll_differ(&w, &r, NULL, &key, &told, take, &notes);
	assert_int_equal(notes.n, 1);
	poll_differ(&w, &r, "not allowed", &key, &told, take, &notes);
	assert_string_equal(notes.text[1], "{\"device\":7,\"asked\":\"not allowed\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_printer), cmocka_unit_test(reads_no_printer),
		cmocka_unit_test(too_many_alerts), cmocka_unit_test(tells_what_differs),
		cmocka_unit_test(known_and_gone),  cmocka_unit_test(not_gone),
		cmocka_unit_test(says_why_not),
	};
	return cmocka_run_group_tests_name("poll: ask", tests, NULL, NULL);
}
