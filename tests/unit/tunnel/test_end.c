// SPDX-License-Identifier: Apache-2.0
// An end that has no more numbers stops, and says so: it does not go on under a counter that is not reserved on disk, and
// it is not taken for one that was told to stop.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/system.h"
#include "tunnel/end.h"

static const char text[] =
        "suite aes128gcm16\ncollector.spi 0x10001\ncollector.key 000102030405060708090a0b0c0d0e0f10111213\n"
        "collector.address 127.0.0.1:2797\ncollector.networks 10.99.2.0/24\nsite.spi 131073\n"
        "site.key f00102030405060708090a0b0c0d0e0f10111213\nsite.networks 10.99.1.0/24\n";

static struct end *make(struct lab_keys *k, struct lab_counter *counter, struct crypto **crypto)
{
	struct text why = { 0 };
	struct end *e = NULL;
	assert_int_equal(lab_keys_parse(span_str(text), k, &why), ST_OK);
	text_done(&why);
	assert_int_equal(crypto_init(crypto), ST_OK);
	const struct end_config c = { .crypto = *crypto, .keys = k, .us = LAB_SITE, .counter = counter };
	struct end_config local = c;
	assert_int_equal(addr_parse("127.0.0.1:0", &local.listen), ST_OK);
	assert_int_equal(end_new(&local, &e), ST_OK);
	return e;
}

// `file`: where the next block would be written. Loops until it stops by itself.
static enum st stopped_by(const char *file, struct lab_counter counter)
{
	struct lab_keys k;
	struct crypto *crypto = NULL;
	counter.fd = open(file, O_WRONLY | O_CLOEXEC);
	assert_true(counter.fd >= 0);
	struct end *e = make(&k, &counter, &crypto);
	assert_int_equal(end_why(e), ST_OK);
	assert_int_equal(loop_run(end_loop(e)), ST_OK);
	enum st st = end_why(e);
	end_free(e);
	lab_keys_wipe(&k);
	crypto_free(crypto);
	lab_counter_close(&counter);
	return st;
}

static void test_no_more_numbers(void **state)
{
	const struct lab_counter last = { .from = UINT32_MAX - 9,
		                          .until = UINT32_MAX,
		                          .block_bits = LAB_BLOCK_SHORT_BITS };
	assert_int_equal(stopped_by("/dev/null", last), ST_FULL);
}

static void test_disk_full(void **state)
{
	const struct lab_counter early = { .from = 0, .until = 10, .block_bits = LAB_BLOCK_SHORT_BITS };
	assert_int_equal(stopped_by("/dev/full", early), ST_IO);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void test_told_to_stop(void **state)
{
	struct lab_keys k;
	struct crypto *crypto = NULL;
	struct lab_counter counter = {
		.fd = -1, .until = UINT64_C(1) << LAB_BLOCK_BITS, .block_bits = LAB_BLOCK_BITS, .esn = true
	};
	struct end *e = make(&k, &counter, &crypto);
	struct loop_timer t = { .fn = stop, .arg = end_loop(e) };
	loop_timer_set(end_loop(e), &t, loop_now(end_loop(e)) + 600 * INT64_C(1000000)); // two ticks
	assert_int_equal(loop_run(end_loop(e)), ST_OK);
	assert_int_equal(end_why(e), ST_OK);
	end_free(e);
	lab_keys_wipe(&k);
	crypto_free(crypto);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_more_numbers),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_told_to_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
