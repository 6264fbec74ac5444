// SPDX-License-Identifier: Apache-2.0
// The key file of the laboratory: what is read, what is refused and why, what each end makes of it; and the counter blocks,
// which never give a number twice, whatever happens between.
#include "planes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tunnel/lab_keys.h"

#define KEY_C "000102030405060708090a0b0c0d0e0f10111213"
#define KEY_S "f00102030405060708090a0b0c0d0e0f10111213"
#define WHOLE                                                                                                          \
	"suite aes128gcm16\ncollector.spi 0x10001 # to serve\ncollector.key " KEY_C "\n"                               \
	"collector.networks 10.99.2.0/24\nsite.spi 131073\nsite.key " KEY_S                                            \
	"\nsite.networks 10.99.1.0/24, fd00:1::/64\n"

static char folder[] = "/tmp/trapline-lab-XXXXXX";
static char path[64];

static enum st parse(const char *text, struct lab_keys *k, const char *expected)
{
	struct text why = { 0 };
	enum st st = lab_keys_parse(span_str(text), k, &why);
	if (expected && !strstr(text_str(&why), expected))
		fail_msg("'%s' does not say '%s'", text_str(&why), expected);
	text_done(&why);
	return st;
}

static void a_whole_file(void **state)
{
	struct lab_keys k, again;
	struct ike_pair c, s;
	struct plane_way wc, ws;
	assert_int_equal(
	        parse("\n# both ends\n" WHOLE "collector.address 203.0.113.1:2797\r\nsite.nat yes\n", &k, NULL), ST_OK);
	lab_keys_pair(&k, LAB_COLLECTOR, &c, &wc);
	lab_keys_pair(&k, LAB_SITE, &s, &ws);
	assert_int_equal(c.in, 0x10001);
	assert_int_equal(c.in, s.out);
	assert_int_equal(c.out, s.in);
	assert_memory_equal(c.key_in, s.key_out, sizeof c.key_in);
	assert_memory_equal(c.key_out, s.key_in, sizeof c.key_in);
	assert_int_equal(c.key_out[0], 0xf0);
	assert_true(c.esn && c.send_now && !c.transport);
	assert_int_equal(c.there.n, 2);
	assert_int_equal(s.there.n, 1);
	assert_int_equal(wc.ends.peer.port, 0); // not known
	assert_int_equal(ws.ends.peer.port, 2797);
	assert_true(ws.natted && !wc.natted);
	assert_int_equal(parse(WHOLE "collector.address 203.0.113.1:2797\nsite.nat yes", &again, NULL), ST_OK);
	assert_true(lab_keys_same(&k, &again));
	again.side[1].keymat[19] ^= 1;
	assert_false(lab_keys_same(&k, &again));
	lab_keys_wipe(&k);
	assert_int_equal(k.side[0].keymat[5], 0);
}

static void the_other_choices(void **state)
{
	struct lab_keys k;
	assert_int_equal(parse(WHOLE "mode transport\nesn no\nstyle draft-00\n", &k, NULL), ST_OK);
	assert_true(k.transport && !k.esn && k.style == ENCAP_DRAFT00);
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "no usable 'suite'" },
		{ "suite rot13\n", "line 1" },
		{ "suite aes128gcm16\n", "collector.key has 0 octets" },
		{ WHOLE "spi 7\n", "'spi'" },
		{ WHOLE "site.suite aes128gcm16\n", "'site.suite'" },
		{ WHOLE "somebody.spi 0x20000\n", "'somebody.spi'" },
		{ WHOLE "site.spi 255\n", "'site.spi'" },
		{ WHOLE "site.spi 0x100000000\n", "'site.spi'" },
		{ WHOLE "site.spi 300x\n", "'site.spi'" },
		{ WHOLE "site.key 00zz\n", "'site.key'" },
		{ WHOLE "site.key 0011\n", "site.key has 2 octets; aes128gcm16 wants 20" },
		{ WHOLE "site.key " KEY_C "\n", "both keys are the same" },
		{ WHOLE "site.networks 10.0.0.1/8\n", "'site.networks'" },
		{ WHOLE "site.networks 1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9",
		  "'site.networks'" },
		{ WHOLE "site.nat maybe\n", "'site.nat'" },
		{ WHOLE "site.address 10.0.0.1\n", "'site.address'" },
		{ WHOLE "mode both\n", "'mode'" },
		{ WHOLE "esn\n", "'esn'" },
	};
	struct lab_keys k = { .style = 77 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(parse(rows[i].text, &k, rows[i].why), ST_SYNTAX);
	struct text why = { 0 };
	assert_int_equal(lab_keys_parse(span_of(WHOLE "\0", sizeof WHOLE), &k, &why), ST_SYNTAX);
	text_done(&why);
	assert_int_equal(k.style, 77); // untouched
}

static void keys_that_everybody_can_read(void **state)
{
	struct lab_keys k;
	struct text why = { 0 };
	assert_int_equal(lab_keys_read(path, &k, &why), ST_IO);
	assert_string_equal(text_str(&why), "No such file or directory");
	text_clear(&why);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, WHOLE, sizeof WHOLE - 1), sizeof WHOLE - 1);
	assert_int_equal(lab_keys_read(path, &k, &why), ST_OK);
	assert_int_equal(fchmod(fd, 0604), 0);
	assert_int_equal(lab_keys_read(path, &k, &why), ST_DENIED);
	assert_string_equal(text_str(&why), "it can be read by everybody; chmod o= it");
	close(fd);
	unlink(path);
	text_done(&why);
}

static void no_number_twice(void **state)
{
	struct lab_keys k;
	struct lab_counter c = { .fd = -1 }, other;
	assert_int_equal(parse(WHOLE, &k, NULL), ST_OK);
	uint64_t block = UINT64_C(1) << LAB_BLOCK_BITS;
	for (uint64_t start = 0; start < 3; start++) {
		assert_int_equal(lab_counter_open(path, &k, LAB_SITE, &c), ST_OK);
		assert_int_equal(c.from, start * block);
		assert_int_equal(c.until, (start + 1) * block);
		assert_int_equal(lab_counter_open(path, &k, LAB_SITE, &other), ST_BUSY);
		assert_int_equal(lab_counter_ahead(&c, c.from + 1), ST_OK);
		assert_int_equal(c.until, (start + 1) * block);
		lab_counter_close(&c);
	}
	assert_int_equal(lab_counter_open(path, &k, LAB_SITE, &c), ST_OK);
	assert_int_equal(lab_counter_ahead(&c, c.from + block / 2), ST_OK);
	assert_int_equal(c.until, 5 * block);
	lab_counter_close(&c);
	assert_int_equal(lab_counter_open(path, &k, LAB_SITE, &c), ST_OK);
	assert_int_equal(c.from, 5 * block);
	lab_counter_close(&c);
	assert_int_equal(lab_counter_open(path, &k, LAB_COLLECTOR, &c), ST_OK); // another key
	assert_int_equal(c.from, 0);
	lab_counter_close(&c);
	unlink(path);
}

static void short_numbers_end(void **state)
{
	struct lab_keys k;
	struct lab_counter c;
	assert_int_equal(parse(WHOLE "esn no\n", &k, NULL), ST_OK);
	for (int i = 0; i < 255; i++) {
		assert_int_equal(lab_counter_open(path, &k, LAB_SITE, &c), ST_OK);
		assert_true(c.until <= UINT32_MAX);
		lab_counter_close(&c);
	}
	assert_int_equal(lab_counter_open(path, &k, LAB_SITE, &c), ST_FULL);
	assert_int_equal(truncate(path, 20), 0);
	assert_int_equal(lab_counter_open(path, &k, LAB_SITE, &c), ST_DAMAGED);
	unlink(path);
	assert_int_equal(lab_counter_open("/nonexistent/x", &k, LAB_SITE, &c), ST_IO);
}

static int setup(void **state)
{
	(void)snprintf(path, sizeof path, "%s/keys", mkdtemp(folder));
	return 0;
}

static int teardown(void **state)
{
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file),    cmocka_unit_test(the_other_choices),
		cmocka_unit_test(what_is_refused), cmocka_unit_test(keys_that_everybody_can_read),
		cmocka_unit_test(no_number_twice), cmocka_unit_test(short_numbers_end),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
