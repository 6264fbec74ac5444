// SPDX-License-Identifier: Apache-2.0
// Certificates, names and signatures as a peer can send them: one octet of how, two of the certificate's length, the
// certificate, one of the name's length, the name, the signature. The corpus holds what is believed.
#include <stdlib.h>

#include "crypto/cert.h"
#include "fuzz.h"

static const char ca_pem[] = "-----BEGIN CERTIFICATE-----\n"
                             "MIIBTDCB/6ADAgECAhRlSxIyybR3SfHaPohaKhgPC1TbVjAFBgMrZXAwHDENMAsG\n"
                             "A1UECgwEU2hvcDELMAkGA1UEAwwCY2EwHhcNMTAwODEyMDAwMDAwWhcNMzUwNDAz\n"
                             "MDAwMDAwWjAcMQ0wCwYDVQQKDARTaG9wMQswCQYDVQQDDAJjYTAqMAUGAytlcAMh\n"
                             "ALWaVIFKQps4Fco9ldaiIhiG7BUH1ThOs/eZmLgCrzRvo1MwUTAPBgNVHRMBAf8E\n"
                             "BTADAQH/MB0GA1UdDgQWBBR7BsdaWq4Kx+vL6xt0RXODPnrzNDAfBgNVHSMEGDAW\n"
                             "gBR7BsdaWq4Kx+vL6xt0RXODPnrzNDAFBgMrZXADQQAowbL9qFF2+i/SObmVR/cY\n"
                             "9vjXVjFvUK8dWWrrR5d1YCIR+W7lDVFmr0fEOdgqxgOfMP+K6fCC8i7Dm+tntggJ\n"
                             "-----END CERTIFICATE-----\n";

static struct crypto *crypto;
static struct trust *trust;

static void once(void)
{
	fuzz_require(crypto_init(&crypto) == ST_OK);
	fuzz_require(trust_new(crypto, span_str(ca_pem), NULL, &trust) == ST_OK);
}

static void believe(struct rd r)
{
	uint8_t how = rd_u8(&r), mark[DN_MARK];
	struct span cert = rd_take(&r, rd_u16(&r)), name = rd_take(&r, rd_u8(&r)), signature = rd_rest(&r);
	struct span certs[2] = { cert, cert };
	struct text out = { 0 };
	if (r.bad)
		return;
	const struct trust_claim claim = { certs,
		                           how & 4 ? 2 : 1,
		                           { (enum cert_name_kind)(how & 3), name },
		                           span_str("what both have said"),
		                           signature };
	struct cert_signers signers;
	cert_signers_of(trust, &claim, &signers);
	bool named = trust_signed(trust, &signers);
	if (trust_verify(trust, 1800000000, &claim) == ST_OK)
		fuzz_require(named); // else its own trust would not have been asked
	if (dn_mark(name, mark) == ST_OK)
		fuzz_require(dn_text(name, &out) == ST_OK);
	text_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	if (!trust)
		once();
	if (!exact)
		return 0;
	if (n)
		memcpy(exact, data, n);
	believe(rd_of(span_of(exact, n)));
	free(exact);
	return 0;
}
