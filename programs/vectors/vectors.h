// SPDX-License-Identifier: Apache-2.0
// The operations of trapline-vectors, one file each.
#ifndef VECTORS_H
#define VECTORS_H

#include "base/json.h"
#include "crypto/crypto.h"
#include "request.h"

// Answers one request by appending one JSON object to `out`. NULL when it did, else what is wrong with the request.
typedef const char *vector_fn(struct crypto *crypto, const struct request *request, struct text *out);

vector_fn vector_usm_key, vector_snmp_decode, vector_esp_seal, vector_esp_open, vector_ike_open, vector_ikev2_kdf,
        vector_prf_plus;

#endif
