// SPDX-License-Identifier: Apache-2.0
// Stands in for ipsecmb.c where intel-ipsec-mb is not there (it is for x86 only).
#include "crypto/aead_private.h"

static bool usable(void)
{
	return false;
}

const struct aead_backend aead_ipsecmb = { .name = "ipsec-mb", .usable = usable };
