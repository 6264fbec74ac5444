// SPDX-License-Identifier: Apache-2.0
// What the intake wants of SNMPv3 where a test has no users.
#ifndef TEST_INTAKE_V3_NONE_H
#define TEST_INTAKE_V3_NONE_H

#include "crypto/crypto.h"
#include "intake/policy.h"
#include "snmp/v3.h"

static inline struct usm_users *no_users(void)
{
	static const uint8_t engine[17] = { 0x80, 0, 0x7e, 0xd9, 5, 1 }; // as long as one we make
	struct usm_users *users;
	size_t which;
	assert_int_equal(usm_users_new(NULL, 0, span_of(engine, sizeof engine), NULL, &users, &which), ST_OK);
	return users;
}

static inline struct v3_config no_v3(struct crypto *crypto, const struct policy *p)
{
	return (struct v3_config){ .crypto = crypto, .users = p->users, .random = random_system(), .boots = 1 };
}

#endif
