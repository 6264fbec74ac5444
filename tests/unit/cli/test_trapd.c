// SPDX-License-Identifier: Apache-2.0
// An snmptrapd.conf as our configuration: what each line becomes, what is said of it, and that no secret is said.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/trapd.h"

static char included[256];

static void include(void *arg, const char *name, bool folder, struct config_place at)
{
	snprintf(included, sizeof included, "%s%s", folder ? "folder " : "", name);
}

// The configuration (or the complaints) that a text becomes.
static struct text import_of(const char *conf, struct text *said)
{
	struct trapd t = { 0 };
	struct config_tree *tree = config_tree_new();
	struct config_place at = { "conf", 0, 0 };
	struct text yaml = { 0 };
	assert_non_null(tree);
	for (const char *line = conf; *line;) {
		size_t n = strcspn(line, "\n");
		at.line++;
		trapd_line(&t, at, span_of(line, n), include, NULL);
		line += n + (line[n] == '\n');
	}
	assert_int_equal(trapd_write(&t, tree), ST_OK);
	config_tree_write(tree, false, &yaml);
	text_add(said, text_str(&t.said));
	config_tree_free(tree);
	trapd_done(&t);
	return yaml;
}

#define FROM_ALL "    from: [ 0.0.0.0/0, \"::/0\" ]\n"
#define COMMUNITY(from) "communities:\n  - label: imported-1\n    community: \"s3cret\"\n" from
#define USER(rest) "users:\n  - name: alice\n" rest
#define AUTH "    auth: sha1\n    auth-password: \"s3cret-one\"\n"

static const struct {
	const char *conf, *yaml, *said; // said: NULL for nothing
} rows[] = {
	{ "", "", NULL },
	{ "# authCommunity log s3cret\n   \n", "", NULL },
	{ "authCommunity log s3cret", COMMUNITY(FROM_ALL), NULL },
	{ "authcommunity log,execute,net s3cret default", COMMUNITY(FROM_ALL), NULL },
	{ "authCommunity log \"s3cret\" 10.0.0.0/8 # comment", COMMUNITY("    from: [ 10.0.0.0/8 ]\n"), NULL },
	{ "authCommunity log 's3cret' 10.1.0.0/255.255.0.0", COMMUNITY("    from: [ 10.1.0.0/16 ]\n"), NULL },
	{ "authCommunity log s3cr\\et 10.1.2.3", COMMUNITY("    from: [ 10.1.2.3 ]\n"), NULL },
	{ "authCommunity log s3cret localhost\nauthCommunity log s3cret 10.0.0.0/8\nauthCommunity net,log s3cret "
	  "10.0.0.0/8",
	  COMMUNITY("    from: [ 127.0.0.1, \"::1\", 10.0.0.0/8 ]\n"), NULL },
	{ "authCommunity log s3cret 2001:db8::/32", COMMUNITY("    from: [ \"2001:db8::/32\" ]\n"), NULL },
	{ "authCommunity log \"with \\\" and # and \\\\\" 10.1.2.3",
	  "communities:\n  - label: imported-1\n    community: \"with \\\" and # and \\\\\"\n    from: [ 10.1.2.3 ]\n",
	  NULL },
	{ "authCommunity execute s3cret", COMMUNITY(FROM_ALL),
	  "conf:1: authCommunity is carried over, and its traps are stored" },
	{ "authCommunity log s3cret default .1.3.6.1.6", COMMUNITY(FROM_ALL),
	  "conf:1: authCommunity is carried over, but without" },
	{ "authCommunity log s3cret default -v systemview", COMMUNITY(FROM_ALL), "without its restriction" },
	{ "authCommunity log s3cret printers.example.com", "", "conf:1: authCommunity: its source is no address" },
	{ "authCommunity log s3cret 10.1.2.3/8", "", "its source is no address" },
	{ "authCommunity log s3cret 10.0.0.0/255.0.255.0", "", "its source is no address" },
	{ "authCommunity log s3cret !10.0.0.1", "", "its source is no address" },
	{ "authCommunity log", "", "wants what it allows, and a community" },
	{ "authCommunity log \"\"", "", "a community that is empty" },
	{ "authCommunity log s3cret\x01", "", "or no text" },
	{ "createUser alice\nauthUser log alice noauth", USER("    level: noAuthNoPriv\n"), NULL },
	{ "createUser alice SHA s3cret-one\nauthUser log alice", USER(AUTH "    level: authNoPriv\n"), NULL },
	{ "authUser log -s usm alice noauth\ncreateUser -e 0x8000000001020304 alice SHA s3cret-one",
	  USER(AUTH "    level: noAuthNoPriv\n"), NULL },
	{ "createUser alice SHA s3cret-one AES s3cret-two\nauthUser log alice priv",
	  USER(AUTH "    priv: aes128\n    priv-password: \"s3cret-two\"\n    level: authPriv\n"), NULL },
	{ "createUser alice SHA-512 s3cret-one AES-256-C\nauthUser log alice authPriv\nauthUser log alice auth",
	  USER("    auth: sha512\n    auth-password: \"s3cret-one\"\n    priv: aes256\n    priv-password: "
	       "\"s3cret-one\"\n"
	       "    level: authNoPriv\n"),
	  NULL },
	{ "createUser alice sha s3cret-one\ncreateUser -e 0x80000000ff alice SHA s3cret-one\ncreateUser alice SHA "
	  "s3cret-two\n"
	  "authUser log alice",
	  USER(AUTH "    level: authNoPriv\n  - name: alice\n    auth: sha1\n    auth-password: \"s3cret-two\"\n"
	            "    level: authNoPriv\n"),
	  NULL },
	{ "createUser alice SHA s3cret-one\ndisableAuthorization yes", USER(AUTH "    level: authNoPriv\n"),
	  "conf:2: disableAuthorization: Trapline stores only" },
	{ "disableAuthorization no", "", NULL },
	{ "createUser alice SHA s3cret-one", "", "conf:1: createUser: no authUser allows user alice" },
	{ "createUser alice SHA s3cret-one\nauthUser log alice priv", "",
	  "conf:1: createUser: user alice has no passwords for level authPriv" },
	{ "authUser log alice", "", "conf:1: authUser: the passwords of user alice are not in these files" },
	{ "authUser log -s tsm alice", "", "not USM" },
	{ "authUser log alice maybe", "", "noauth, auth or priv" },
	{ "authUser log", "", "noauth, auth or priv" },
	{ "authUser log 123456789012345678901234567890123", "", "noauth, auth or priv" },
	{ "createUser alice SHA -l 0xs3cret AES -l 0xs3cret", "",
	  "conf:1: createUser: it has a key instead of a passphrase" },
	{ "createUser alice SHA -m 0xs3cret", "", "it has a key" },
	{ "createUser alice SHA s3cret-one AES -m 0xs3cret", "", "it has a key" },
	{ "createUser alice SHA3 s3cret-one", "", "its digest is none of" },
	{ "createUser alice SHA", "", "its digest has no passphrase" },
	{ "createUser alice SHA s3cret-one ROT13 s3cret-two", "", "its cipher is none of" },
	{ "createUser", "", "a user has a name" },
	{ "createUser -e 0x8000000001020304", "", "a user has a name" },
	{ "usmUser 1 3 0x80001f88 0x61 0x61 NULL .1.3 0xs3cret .1.3 0xs3cret 0x", "",
	  "conf:1: usmUser: it holds keys" },
	{ "snmpTrapdAddr 162", "listen: [ \"udp:0.0.0.0:162\" ]\n", NULL },
	{ "snmpTrapdAddr udp:162,udp6:162", "listen: [ \"udp:0.0.0.0:162\", \"udp:[::]:162\" ]\n", NULL },
	{ "snmptrapdaddr udp:10.0.0.1 tcp:10.0.0.1:2000\nsnmpTrapdAddr udp:10.0.0.1:162",
	  "listen: [ \"udp:10.0.0.1:162\", \"tcp:10.0.0.1:2000\" ]\n", NULL },
	{ "snmpTrapdAddr udp6:[::1]:162,udp6:[2001:db8::1],tcp6:2001:db8::1,localhost:162,udp:localhost",
	  "listen: [ \"udp:[::1]:162\", \"udp:[2001:db8::1]:162\", \"tcp:[2001:db8::1]:162\", \"udp:127.0.0.1:162\" "
	  "]\n",
	  NULL },
	{ "snmpTrapdAddr unix:/tmp/x,dtlsudp:10161,udp:example.com:162", "",
	  "conf:1: snmpTrapdAddr: unix:/tmp/x is no UDP or TCP address that can be carried over\n"
	  "conf:1: snmpTrapdAddr: dtlsudp:10161 is no UDP" },
	{ "snmpTrapdAddr", "", "names no address" },
	{ "traphandle default /usr/bin/mail s3cret", "", "conf:1: traphandle: Trapline runs no program" },
	{ "forward default udp:10.0.0.1:162", "", "conf:1: forward: Trapline does not send traps on yet" },
	{ "format2 %s3cret", "", "conf:1: format2: how traps were written" },
	{ "doNotLogTraps yes\ndoNotFork no\nignoreAuthFailure 0", "", "conf:1: doNotLogTraps: snmptrapd leaves some" },
	{ "s3cret", "", "conf:1: no directive of snmptrapd.conf that is known here" },
	{ "[snmpd]\nrocommunity s3cret\n[snmptrapd]\nauthCommunity log s3cret", COMMUNITY(FROM_ALL),
	  "conf:2: it is for another program" },
	{ "[snmpd] rocommunity s3cret\nauthCommunity log s3cret", COMMUNITY(FROM_ALL),
	  "conf:1: it is for another program" },
	{ "[snmpd]\n[snmptrapd] authCommunity log s3cret\nfoo", COMMUNITY(FROM_ALL), "conf:3: it is for another" },
};

static void verdicts(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text said = { 0 };
		struct text yaml = import_of(rows[i].conf, &said);
		if (strcmp(text_str(&yaml), rows[i].yaml) ||
		    (rows[i].said ? !strstr(text_str(&said), rows[i].said) : said.n > 0) ||
		    strstr(text_str(&said), "s3c"))
			fail_msg("row %zu: %s\n%s%s", i, rows[i].conf, text_str(&yaml), text_str(&said));
		text_done(&yaml);
		text_done(&said);
	}
}

// What is written is read again by the configuration's own reader, without an error.
static void reads_back(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text said = { 0 };
		struct text yaml = import_of(rows[i].conf, &said);
		struct config_tree *tree = config_tree_new();
		struct config_report report = { 0 };
		enum st st = config_tree_read(tree, span_of(text_str(&yaml), yaml.n), "yaml", &report);
		if ((st != ST_OK && st != ST_NONE) || report.errors)
			fail_msg("%s%s", text_str(&yaml), text_str(&report.text));
		config_tree_free(tree);
		text_done(&report.text);
		text_done(&yaml);
		text_done(&said);
	}
}

static void includes(void **state)
{
	struct text said = { 0 };
	struct text yaml = import_of("includeFile site.conf", &said);
	assert_string_equal(included, "site.conf");
	text_done(&yaml);
	yaml = import_of("includedir /etc/snmp/conf.d", &said);
	assert_string_equal(included, "folder /etc/snmp/conf.d");
	text_done(&yaml);
	assert_int_equal(said.n, 0);
	yaml = import_of("includeFile\nincludeSearch x", &said);
	assert_non_null(strstr(text_str(&said), "conf:1: includeFile names nothing"));
	assert_non_null(strstr(text_str(&said), "conf:2: includeSearch: which file"));
	text_done(&yaml);
	text_done(&said);
}

static void words(void **state)
{
	static struct trapd_words w;
	static char line[TRAPD_LINE_MAX + 2];
	assert_true(trapd_words_of(span_str("  a 'b c'\t\"d\\\"e\" f#g \\#h 'open"), &w));
	assert_int_equal(w.n, 6);
	assert_string_equal(w.word[1], "b c");
	assert_string_equal(w.word[2], "d\"e");
	assert_string_equal(w.word[3], "f#g");
	assert_string_equal(w.word[4], "#h");
	assert_string_equal(w.word[5], "open");
	assert_null(w.word[6]);
	assert_false(trapd_words_of(span_of("a\0b", 3), &w));
	memset(line, 'x', sizeof line);
	assert_true(trapd_words_of(span_of(line, TRAPD_LINE_MAX), &w));
	assert_int_equal(strlen(w.word[0]), TRAPD_LINE_MAX);
	assert_false(trapd_words_of(span_of(line, TRAPD_LINE_MAX + 1), &w));
	for (size_t i = 0; i < TRAPD_LINE_MAX; i += 2)
		line[i] = ' ';
	assert_true(trapd_words_of(span_of(line, TRAPD_LINE_MAX), &w));
	assert_int_equal(w.n, TRAPD_WORDS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(verdicts), cmocka_unit_test(reads_back),
		                            cmocka_unit_test(includes), cmocka_unit_test(words) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
