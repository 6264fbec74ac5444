// SPDX-License-Identifier: Apache-2.0
// What proves something to us without our remembering it: cookies (RFC 7296 2.6), which show that an address is real, and
// tokens (RFC 6290), which show a peer that we lost its SA.
#include "ike/private.h"

static void mac(const uint8_t secret[32], const struct ike_message *m, const struct ike_path *path, uint8_t *out)
{
	struct span spi = span_of(&m->spi_i, sizeof m->spi_i);
	const struct span parts[] = { ike_body(m, PAYLOAD_NONCE), span_of(path->remote.ip, sizeof path->remote.ip),
		                      spi };
	prf(&digest_sha256, span_of(secret, 32), parts, 3, out);
}

static void turn_over(struct ike *ike, int64_t now)
{
	struct ike_cookies *c = &ike->cookies;
	bool stale = !c->drawn || now - c->since >= 2 * IKE_COOKIE_LIFE; // nobody asked for as long as two would last
	if (!stale && now - c->since < IKE_COOKIE_LIFE)
		return;
	uint8_t fresh[2][32];
	if (random_bytes(ike->c.random, fresh, sizeof fresh) != ST_OK)
		return;
	memcpy(c->secret[1], stale ? fresh[1] : c->secret[0], sizeof fresh[1]);
	memcpy(c->secret[0], fresh[0], sizeof fresh[0]);
	secret_wipe(fresh, sizeof fresh);
	c->version++;
	c->drawn = true;
	c->since = now;
}

void ike_cookie_make(struct ike *ike, int64_t now, const struct ike_message *m, const struct ike_path *path,
                     uint8_t *out)
{
	turn_over(ike, now);
	out[0] = ike->cookies.version;
	mac(ike->cookies.secret[0], m, path, out + 1);
}

bool ike_cookie_good(struct ike *ike, int64_t now, const struct ike_message *m, const struct ike_path *path)
{
	const struct ike_notify *n = ike_find_notify(m, N_COOKIE);
	if (!n || n->data.n != IKE_COOKIE_SIZE)
		return false;
	turn_over(ike, now);
	uint8_t age = (uint8_t)(ike->cookies.version - n->data.p[0]), want[32];
	if (age > 1)
		return false;
	mac(ike->cookies.secret[age], m, path, want);
	return secret_equal(span_of(want, sizeof want), span_of(n->data.p + 1, sizeof want));
}

bool ike_has_tokens(const struct ike *ike)
{
	static const uint8_t none[32];
	return memcmp(ike->c.token_secret, none, sizeof none) != 0;
}

void ike_token(const struct ike *ike, uint64_t spi_i, uint64_t spi_r, uint8_t out[32])
{
	const struct span parts[] = { span_of(&spi_i, sizeof spi_i), span_of(&spi_r, sizeof spi_r) };
	prf(&digest_sha256, span_of(ike->c.token_secret, 32), parts, 2, out);
}

void ike_put_token(const struct ike *ike, struct ike_writer *w, const struct ike_sa *sa)
{
	uint8_t token[32];
	if (!ike_has_tokens(ike))
		return;
	ike_token(ike, sa->spi_i, sa->spi_r, token);
	ike_put_notify(w, N_QCD_TOKEN, span_of(token, sizeof token));
}

void ike_take_token(struct ike_sa *sa, const struct ike_message *m)
{
	const struct ike_notify *n = ike_find_notify(m, N_QCD_TOKEN);
	if (!n || n->data.n < 16 || n->data.n > sizeof sa->token)
		return;
	memcpy(sa->token, n->data.p, n->data.n);
	sa->token_n = (uint8_t)n->data.n;
}
