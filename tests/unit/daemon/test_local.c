// SPDX-License-Identifier: Apache-2.0
// DIR/local.yaml: merged after the main file with its own places in complaints, written atomically, never over something
// that cannot be read; the first community.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/config.h"
#include "daemon/config_local.h"
#include "daemon/config_tree.h"
#include "daemon/limits.h"

static char dir[] = "/tmp/trapline-local-XXXXXX";

static int enter(void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int fresh(void **state)
{
	unlink("c.yaml");
	unlink("local.yaml");
	unlink("local.yaml.new");
	return 0;
}

static int leave(void **state)
{
	fresh(state);
	return chdir("/") == 0 ? rmdir(dir) : -1;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, 0600), 0);
}

static struct config *load(enum st want, struct config_report *report)
{
	const struct config_flags flags = { .file = "c.yaml", .data = dir };
	struct config *c = NULL;
	*report = (struct config_report){ 0 };
	assert_int_equal(config_load(&flags, &c, report), want);
	return c;
}

static void test_merge(void **state)
{
	put("c.yaml", "workers: 1\nretention: { days: 9, size: 1GB }\nrelays: [ 10.0.0.1 ]\n"
	              "communities:\n- { label: a, community: s, from: [ 10.0.0.1 ] }\n");
	put("local.yaml", "workers: 2\nretention: { size: 5GB }\nrelays: [ 10.0.0.2 ]\n"
	                  "communities:\n- { label: b, community: t, from: [ 10.0.0.2 ] }\n");
	struct config_report report;
	struct config *c = load(ST_OK, &report);
	assert_string_equal(text_str(&report.text), "");
	assert_int_equal(c->workers, 2);
	assert_int_equal(c->keep_ns, 9ll * 86400 * 1000000000);
	assert_int_equal(c->keep_bytes, 5000000000);
	assert_int_equal(c->policy->relays.n, 2);
	assert_int_equal(c->policy->community_count, 2);
	assert_string_equal(c->policy->communities[0].label, "a");
	assert_string_equal(c->policy->communities[1].label, "b");
	struct text shown = { 0 };
	config_show(c, &shown);
	assert_null(strstr(text_str(&shown), "1GB"));
	text_done(&shown);
	config_free(c);
}

static void test_complaints_name_the_file(void **state)
{
	put("c.yaml", "sites: [ { name: a, from: [ 10.0.0.0/8 ] } ]\n");
	put("local.yaml", "sites: [ { name: b, from: [ 10.0.0.0/8 ] } ]\n");
	struct config_report report;
	load(ST_SYNTAX, &report);
	char want[256];
	snprintf(want, sizeof want,
	         "%s/local.yaml:1:29: '10.0.0.0/8' is claimed twice by sites; it stands in c.yaml:1 too: keep one\n",
	         dir);
	assert_string_equal(text_str(&report.text), want);
	text_done(&report.text);
	put("local.yaml", "data: /tmp\n");
	load(ST_SYNTAX, &report);
	snprintf(want, sizeof want,
	         "%s/local.yaml:1:7: 'data' in local.yaml, which is found by it; name it in the main file\n", dir);
	assert_string_equal(text_str(&report.text), want);
	text_done(&report.text);
}

static void test_first_community(void **state)
{
	put("c.yaml", "workers: 1\n");
	struct text why = { 0 };
	assert_int_equal(config_first_community(dir, &why), ST_OK);
	struct stat status;
	assert_int_equal(stat("local.yaml", &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_not_equal(access("local.yaml.new", F_OK), 0);
	struct config_report report;
	struct config *c = load(ST_OK, &report);
	assert_string_equal(text_str(&report.text), "");
	assert_int_equal(c->policy->community_count, 1);
	const struct policy_community *first = c->policy->communities;
	assert_string_equal(first->label, "first");
	assert_int_equal(first->n, CONFIG_FIRST_COMMUNITY);
	assert_int_equal(first->from.n, 2);
	struct addr loop4, loop6, other;
	addr_parse("127.3.2.1:1", &loop4);
	addr_parse("[::1]:1", &loop6);
	addr_parse("10.0.0.1:1", &other);
	assert_true(prefix_holds(&first->from.p[0], &loop4));
	assert_true(prefix_holds(&first->from.p[1], &loop6));
	assert_false(prefix_holds(&first->from.p[0], &other) || prefix_holds(&first->from.p[1], &other));
	char made[CONFIG_FIRST_COMMUNITY];
	memcpy(made, first->community, sizeof made);
	config_free(c);
	fresh(state);
	put("c.yaml", "workers: 1\n");
	assert_int_equal(config_first_community(dir, &why), ST_OK);
	c = load(ST_OK, &report);
	assert_memory_not_equal(made, c->policy->communities[0].community, sizeof made);
	config_free(c);
	text_done(&why);
}

static void test_add_keeps_what_is_there(void **state)
{
	put("c.yaml", "workers: 1\n");
	put("local.yaml", "sites:\n- { name: a, from: [ 10.0.0.0/8 ] }\nworkers: 4\n");
	static const char *const from[] = { "10.2.0.0/16", "2001:db8::/32", NULL };
	const struct local_field site[] = { { .key = "name", .value = "quo\"te: \xc3\xa4" },
		                            { .key = "from", .values = from } };
	struct local_file *l;
	struct text why = { 0 };
	assert_int_equal(local_file_open(dir, &l, &why), ST_OK);
	struct local_file *second;
	assert_int_equal(local_file_open(dir, &second, &why), ST_BUSY);
	text_clear(&why);
	assert_int_equal(local_file_add(l, "sites", site, 2, &why), ST_OK);
	const struct local_field wrong[] = { { .key = "name", .value = "c" }, { .key = "form", .values = from } };
	assert_int_equal(local_file_add(l, "sites", wrong, 2, &why), ST_SYNTAX);
	assert_string_equal(text_str(&why), "'sites' takes no such key: form");
	assert_int_equal(local_file_add(l, "sitez", site, 2, &why), ST_SYNTAX);
	assert_int_equal(local_file_save(l, &why), ST_OK);
	local_file_close(l);
	text_done(&why);
	struct config_report report;
	struct config *c = load(ST_OK, &report);
	assert_int_equal(c->workers, 4);
	assert_int_equal(c->policy->site_count, 2);
	assert_string_equal(c->policy->sites[1].name, "quo\"te: \xc3\xa4");
	assert_int_equal(c->policy->sites[1].from.n, 2);
	config_free(c);
}

static void test_broken_files_are_left_alone(void **state)
{
	put("local.yaml", "sites: [\n");
	struct local_file *l = NULL;
	struct text why = { 0 };
	assert_int_equal(local_file_open(dir, &l, &why), ST_SYNTAX);
	assert_null(l);
	assert_non_null(strstr(text_str(&why), "local.yaml:2:1: not YAML"));
	text_clear(&why);
	assert_int_equal(config_first_community(dir, &why), ST_SYNTAX);
	char text[16] = "";
	FILE *f = fopen("local.yaml", "r");
	assert_non_null(fgets(text, sizeof text, f));
	fclose(f);
	assert_string_equal(text, "sites: [\n");
	text_clear(&why);
	assert_int_equal(local_file_open("/nowhere/at/all", &l, &why), ST_IO);
	assert_non_null(strstr(text_str(&why), "/nowhere/at/all: cannot open the data folder"));
	text_done(&why);
}

// Whatever is written reads back to a tree that is written the same.
static void test_round_trip(void **state)
{
	static const char *const texts[] = {
		"{}",
		"data: ' a b '",
		"user: \"\\u00e4\\\"\\\\\"",
		"communities: [ { label: '~', community: \"\\x01\\t\", from: [] }, {} ]",
		"retention: {}\nsites: []\ntunnel: { identity: { dn: 'CN=a, O=b' }, inner: [ '::1' ] }",
		"sites: [ { identity: { fqdn: 'null' }, psk: '# x', networks: [ 10.0.0.0/8 ] } ]",
		"workers: 007",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct config_report report = { 0 };
		struct config_tree *a = config_tree_new(), *b = config_tree_new();
		struct text first = { 0 }, second = { 0 };
		config_tree_read(a, span_str(texts[i]), "a", &report);
		config_tree_write(a, false, &first);
		config_tree_read(b, span_str(text_str(&first)), "b", &report);
		config_tree_write(b, false, &second);
		assert_int_equal(report.errors, 0);
		assert_string_equal(text_str(&first), text_str(&second));
		text_done(&first);
		text_done(&second);
		text_done(&report.text);
		config_tree_free(a);
		config_tree_free(b);
	}
}

// What root writes in a folder of the collector's is the collector's.
static void test_it_belongs_to_the_folders_owner(void **state)
{
	enum { NOBODY = 65534 };
	struct text why = { 0 };
	struct local_file *l = NULL;
	struct stat s;
	if (geteuid() != 0)
		skip();
	put("c.yaml", "workers: 1\n");
	assert_int_equal(chown(dir, NOBODY, NOBODY), 0);
	assert_int_equal(local_file_open(dir, &l, &why), ST_OK);
	assert_int_equal(local_file_save(l, &why), ST_OK);
	local_file_close(l);
	assert_int_equal(chown(dir, 0, 0), 0);
	assert_int_equal(stat("local.yaml", &s), 0);
	assert_int_equal(s.st_uid, NOBODY);
	assert_int_equal(s.st_gid, NOBODY);
	assert_int_equal(s.st_mode & 0777, 0600);
	text_done(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_merge, fresh),
		cmocka_unit_test_setup(test_complaints_name_the_file, fresh),
		cmocka_unit_test_setup(test_first_community, fresh),
		cmocka_unit_test_setup(test_add_keeps_what_is_there, fresh),
		cmocka_unit_test_setup(test_broken_files_are_left_alone, fresh),
		cmocka_unit_test_setup(test_round_trip, fresh),
		cmocka_unit_test_setup(test_it_belongs_to_the_folders_owner, fresh),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
