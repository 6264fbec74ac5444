// SPDX-License-Identifier: Apache-2.0
// trapline-vectors: a test tool, not installed. JSON lines in, JSON lines out in the same order: each request names an
// operation in `op`; the answer repeats its `id` (any JSON value) when it has one. A request that cannot be understood
// is answered with `error`. Ends at the end of the input with 0, or with 1 when it could not start or write.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

static const struct {
	const char *name;
	vector_fn *run;
} operations[] = {
	{ "usm-key", vector_usm_key },   { "snmp-decode", vector_snmp_decode }, { "esp-seal", vector_esp_seal },
	{ "esp-open", vector_esp_open }, { "ikev2-kdf", vector_ikev2_kdf },     { "ike-open", vector_ike_open },
	{ "prf-plus", vector_prf_plus },
};

static const char *run(struct crypto *crypto, const struct request *request, struct text *answer)
{
	const char *op = request_string(request, "op");
	if (!op)
		return "no op";
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		if (strcmp(operations[i].name, op) == 0)
			return operations[i].run(crypto, request, answer);
	return "unknown op";
}

static void fail(struct text *answer, const char *why)
{
	text_clear(answer);
	struct json j = json_of(answer);
	json_open(&j, '{');
	json_key_str(&j, "error", why);
	json_close(&j, '}');
}

// The object in `answer`, with the request's id in front.
static bool print(const char *id, const struct text *answer)
{
	const char *members = text_str(answer) + 1;
	int n = id ? printf("{\"id\":%s%s%s\n", id, *members == '}' ? "" : ",", members)
	           : printf("%s\n", text_str(answer));
	return n > 0 && fflush(stdout) == 0;
}

static bool one_line(struct crypto *crypto, const char *line, size_t n)
{
	struct text answer = { 0 };
	char error[REQUEST_WHY];
	struct request *request = request_parse(line, n, error);
	const char *why = request ? run(crypto, request, &answer) : error;
	if (why)
		fail(&answer, why);
	char *id = request ? request_id(request) : NULL;
	bool ok = !answer.bad && print(id, &answer);
	free(id);
	request_free(request);
	text_done(&answer);
	return ok;
}

int main(void)
{
	struct crypto *crypto;
	if (crypto_init(&crypto) != ST_OK) {
		fputs("trapline-vectors: OpenSSL's default and legacy providers are needed\n", stderr);
		return 1;
	}
	char *line = NULL;
	size_t room = 0;
	bool ok = true;
	for (ssize_t n; ok && (n = getline(&line, &room, stdin)) >= 0;)
		if (n > 1)
			ok = one_line(crypto, line, (size_t)n);
	free(line);
	crypto_free(crypto);
	return ok ? 0 : 1;
}
