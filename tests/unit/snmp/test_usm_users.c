// SPDX-License-Identifier: Apache-2.0
// Users: what is refused, several entries of one name, levels, and which entries stay the same over a reload.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "snmp/usm_users.h"

static const uint8_t engine[] = { 0x80, 0, 0, 1, 5 };

static struct usm_user user(const char *name, const char *auth, const char *priv, const char *password, uint8_t level)
{
	return (struct usm_user){ .name = span_str(name),
		                  .auth = auth ? usm_auth_by_name(auth) : NULL,
		                  .auth_password = span_str(password),
		                  .priv = priv ? usm_priv_by_name(priv) : NULL,
		                  .priv_password = span_str(password),
		                  .level = level };
}

static enum st make(const struct usm_user *users, size_t n, const struct usm_users *old, struct usm_users **out)
{
	size_t which;
	return usm_users_new(users, n, span_of(engine, sizeof engine), old, out, &which);
}

static void refused(void **state)
{
	static char longest[USM_PASSWORD_MAX + 2];
	memset(longest, 'p', sizeof longest - 1);
	const struct usm_user good = user("good", "sha1", "des", "password", 0);
	const struct usm_user rows[] = {
		user("", "sha1", NULL, "password", 0),
		user("a-name-of-thirty-three-characters", "sha1", NULL, "password", 0),
		user("u", "sha1", NULL, "", 0),
		user("u", "sha1", NULL, longest, 0),
		user("u", NULL, "des", "password", 0),
		user("u", "sha1", NULL, "password", USM_AUTHPRIV),
		user("u", NULL, NULL, "", USM_AUTH),
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct usm_user pair[] = { good, rows[i] };
		struct usm_users *u = NULL;
		size_t which = 99;
		assert_int_equal(usm_users_new(pair, 2, span_of(engine, sizeof engine), NULL, &u, &which), ST_SYNTAX);
		assert_int_equal(which, 1);
		assert_null(u);
	}
	struct usm_users *u = NULL;
	size_t which;
	assert_int_equal(usm_users_new(&good, 1, span_of(engine, 4), NULL, &u, &which), ST_SYNTAX);
	assert_int_equal(make(NULL, 0, NULL, &u), ST_OK);
	assert_null(usm_users_find(u, span_str("x"), &which));
	usm_users_free(u);
	usm_users_free(NULL);
}

static void found_by_name(void **state)
{
	const struct usm_user rows[] = {
		user("bob", "sha256", NULL, "second password", 0), user("alice", "md5", NULL, "password", 0),
		user("bob", "md5", NULL, "first password", 0),     user("bobby", NULL, NULL, "", 0),
		user("bo", "sha1", "des", "password", USM_AUTH),
	};
	struct usm_users *u;
	size_t n;
	assert_int_equal(make(rows, 5, NULL, &u), ST_OK);
	const struct usm_entry *bob = usm_users_find(u, span_str("bob"), &n);
	assert_int_equal(n, 2);
	assert_string_equal(bob[0].auth->digest->name, "sha256"); // the order of the configuration
	assert_string_equal(bob[1].auth->digest->name, "md5");
	assert_non_null(usm_users_find(u, span_str("alice"), &n));
	assert_non_null(usm_users_find(u, span_str("bobby"), &n));
	assert_null(usm_users_find(u, span_str("b"), &n));
	assert_null(usm_users_find(u, span_str("bobb"), &n));
	assert_null(usm_users_find(u, (struct span){ 0 }, &n));
	const struct usm_entry *bo = usm_users_find(u, span_str("bo"), &n);
	assert_false(usm_entry_allows(bo, USM_NOAUTH));
	assert_true(usm_entry_allows(bo, USM_AUTH));
	assert_true(usm_entry_allows(bo, USM_AUTHPRIV));
	assert_false(usm_entry_allows(bob, USM_AUTHPRIV));
	for (size_t i = 0; i < u->n; i++)
		assert_ptr_equal(usm_users_same(u, usm_entry_name(&u->entries[i]), u->entries[i].serial),
		                 &u->entries[i]);
	assert_null(usm_users_same(u, span_str("bob"), 99));
	usm_users_free(u);
}

// What did not change keeps its serial; what changed in any way, or was gone for a while, gets one never used before.
static void reload(void **state)
{
	const struct usm_user first[] = { user("a", "sha1", NULL, "password", 0),
		                          user("b", "sha1", "des", "password", 0),
		                          user("c", "sha1", "des", "password", 0), user("d", NULL, NULL, "", 0) };
	const struct usm_user second[] = { user("a", "sha1", NULL, "password", 0),
		                           user("b", "sha1", "des", "passw0rd", 0),
		                           user("c", "sha1", "des", "password", USM_AUTH) };
	struct usm_users *u, *v, *w;
	assert_int_equal(make(first, 4, NULL, &u), ST_OK);
	assert_int_equal(make(second, 3, u, &v), ST_OK);
	struct usm_user other_priv = first[1];
	other_priv.priv_password = span_str("passw0rd");
	struct usm_users *x;
	assert_int_equal(make(&other_priv, 1, u, &x), ST_OK);
	assert_int_not_equal(x->entries[0].serial, u->entries[1].serial);
	usm_users_free(x);
	assert_int_equal(make(first, 4, v, &w), ST_OK);
	assert_int_equal(v->entries[0].serial, u->entries[0].serial);
	assert_int_equal(w->entries[0].serial, u->entries[0].serial);
	for (size_t i = 1; i < 3; i++)
		for (size_t k = 0; k < 4; k++) {
			assert_int_not_equal(v->entries[i].serial, u->entries[k].serial);
			assert_int_not_equal(w->entries[i].serial, u->entries[k].serial);
		}
	assert_int_not_equal(w->entries[3].serial, u->entries[3].serial);
	usm_users_free(u);
	usm_users_free(v);
	usm_users_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(found_by_name),
		cmocka_unit_test(reload),
	};
	return cmocka_run_group_tests_name("snmp: usm users", tests, NULL, NULL);
}
