// SPDX-License-Identifier: Apache-2.0
// Certificates: ours, and the certification authorities that sites are believed by. They are read once everything else is
// known, and a file that several sites name is read once.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/scoped.h"
#include "daemon/config_put.h"
#include "daemon/config_secret.h"
#include "ike/identity.h"
#include "ike/wire.h"
#include "io/system.h"
#include "io/whole.h"

struct config_trust {
	char *cas, *lists; // paths; lists NULL: none
	struct trust *trust;
};

static void path_done(char **p)
{
	free(*p);
}

void config_cert_free(struct config *c)
{
	for (size_t i = 0; i < c->trust_count; i++) {
		free(c->trusts[i].cas);
		free(c->trusts[i].lists);
		trust_free(c->trusts[i].trust);
	}
	free(c->trusts);
	credential_free(c->credential);
}

// config_check_certs reads it, once our identity is known.
void put_tunnel_certificate(struct config_build *b, void *target, const struct setting *s)
{
}

// Complains itself. The folder stays readable after lock-in, for a reload.
static bool read_file(struct config_build *b, const struct setting *s, const char *path, bool secret, struct whole *out)
{
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	config_note_folder(b, path);
	if (fd < 0 || fstat(fd, &status) < 0) {
		config_error(b->report, s->place, "%s: %m; name a file in PEM", path);
		return false;
	}
	if (!S_ISREG(status.st_mode) || whole_read(fd, CERT_FILE_MAX, out) != ST_OK) {
		config_error(b->report, s->place, "%s is no file of at most %d octets; name a file in PEM", path,
		             CERT_FILE_MAX);
		return false;
	}
	if (secret && status.st_mode & S_IROTH)
		config_warn(b->report, s->place, "%s can be read by everybody; chmod o= %s", path, path);
	return true;
}

static void check_own_name(struct config_build *b, const struct setting *s)
{
	const struct config *c = b->config;
	const struct ike_identity ours = { c->identity.type, span_of(c->identity.data.at, c->identity.data.n) };
	struct cert_name name;
	struct text has = { 0 };
	if (!c->identity.type || (ike_cert_name(&ours, &name) && credential_names(c->credential, &name)))
		return;
	credential_text(c->credential, &has);
	config_error(b->report, s->place, "the certificate does not carry our identity; it has: %s", text_str(&has));
	text_done(&has);
}

// What is refused by the other end, or by ours, may be put right while we run, so it is warned of.
static void check_own_life(struct config_build *b, const struct setting *s, const char *path)
{
	enum { SOON = 14 * 86400 };
	struct cert_life life = credential_life(b->config->credential);
	int64_t now = clock_wall() / 1000000000;
	char day[32] = "";
	struct tm tm;
	time_t end = (time_t)(now < life.from ? life.from : life.until);
	if (gmtime_r(&end, &tm))
		strftime(day, sizeof day, "%Y-%m-%d %H:%M UTC", &tm);
	if (now < life.from)
		config_warn(b->report, s->place, "%s is not valid before %s: sites will refuse us until then", path,
		            day);
	else if (now > life.until)
		config_warn(b->report, s->place, "%s was valid until %s: sites will refuse us", path, day);
	else if (life.until - now < SOON)
		config_warn(b->report, s->place, "%s is valid until %s: sites will refuse us from then on", path, day);
}

static void check_trust_today(struct config_build *b, const struct setting *ca, const struct setting *crl,
                              const struct trust *trust)
{
	enum st st = trust_today(trust, clock_wall() / 1000000000);
	if (st == ST_CERT_TIME)
		config_warn(b->report, ca->place, "no CA in this file is valid today, so the site will be refused");
	else if (st == ST_CERT_CRL)
		config_warn(b->report, crl->place,
		            "no revocation list in this file is of a CA in the ca-file and valid today, so the site "
		            "will be "
		            "refused");
}

static void read_own(struct config_build *b, const struct setting *cert, const struct setting *key)
{
	struct whole scoped(whole_done) certs = { 0 }, secret = { 0 };
	char *scoped(path_done) cert_path = config_path(b, cert), *scoped(path_done) key_path = config_path(b, key);
	if (!cert_path || !key_path || !read_file(b, cert, cert_path, false, &certs) ||
	    !read_file(b, key, key_path, true, &secret))
		return;
	switch (credential_new(b->crypto, whole_span(&certs), whole_span(&secret), &b->config->credential)) {
	case ST_OK:
		check_own_name(b, cert);
		check_own_life(b, cert, cert_path);
		break;
	case ST_CERT_SYNTAX:
		config_error(
		        b->report, cert->place,
		        "%s holds no certificate in PEM, or a broken one, or more than %d of them or %d octets; put "
		        "ours first and then those between it and its CA",
		        cert_path, CERT_CHAIN_MAX, CERT_OWN_MAX);
		break;
	case ST_CERT_KEY:
		config_error(
		        b->report, key->place,
		        "%s holds no private key that we can sign with; it has to be in PEM, without a passphrase, and "
		        "ECDSA (P-256, P-384), Ed25519 or RSA (2048 bits and more)",
		        key_path);
		break;
	case ST_FORGED:
		config_error(b->report, key->place, "%s is not the key of the first certificate in %s", key_path,
		             cert_path);
		break;
	default:
		b->st = ST_NO_MEMORY;
	}
}

static struct trust *known_trust(const struct config *c, const char *cas, const char *lists)
{
	for (size_t i = 0; i < c->trust_count; i++) {
		const struct config_trust *t = &c->trusts[i];
		if (strcmp(t->cas, cas) == 0 && !t->lists == !lists && (!lists || strcmp(t->lists, lists) == 0))
			return t->trust;
	}
	return NULL;
}

static struct trust *remember(struct config_build *b, const char *cas, const char *lists, struct trust *trust)
{
	struct config *c = b->config;
	struct config_trust *more = reallocarray(c->trusts, c->trust_count + 1, sizeof *more);
	struct config_trust t = { strdup(cas), lists ? strdup(lists) : NULL, trust };
	if (more)
		c->trusts = more;
	if (more && t.cas && !lists == !t.lists) {
		more[c->trust_count++] = t;
		return trust;
	}
	free(t.cas);
	free(t.lists);
	trust_free(trust);
	b->st = ST_NO_MEMORY;
	return NULL;
}

static struct trust *read_trust(struct config_build *b, const struct setting *ca, const struct setting *crl,
                                const char *cas, const char *lists)
{
	struct whole scoped(whole_done) certs = { 0 }, revoked = { 0 };
	struct trust *trust = NULL;
	if (!read_file(b, ca, cas, false, &certs) || (lists && !read_file(b, crl, lists, false, &revoked)))
		return NULL;
	const struct span list = whole_span(&revoked);
	enum st st = trust_new(b->crypto, whole_span(&certs), lists ? &list : NULL, &trust);
	if (st == ST_CERT_SYNTAX)
		config_error(b->report, ca->place,
		             "%s holds no certificate of a CA in PEM, or a broken one, or more than %d", cas,
		             CERT_CAS_MAX);
	else if (st == ST_CERT_CHAIN)
		config_error(b->report, ca->place,
		             "%s holds a certificate that is no CA's; name the one that signed the site's", cas);
	else if (st == ST_CERT_CRL)
		config_error(b->report, crl->place,
		             "%s holds no revocation list, neither in PEM nor in DER, or a broken one", lists);
	else if (st)
		b->st = st;
	else
		check_trust_today(b, ca, crl, trust);
	return st ? NULL : remember(b, cas, lists, trust);
}

// The trust of a site belongs to the configuration.
static void read_site(struct config_build *b, struct config_ike *x, const struct setting *site)
{
	const struct setting *ca = setting_find(site, "ca-file"), *crl = setting_find(site, "crl-file");
	if (!ca && crl)
		config_error(b->report, crl->place, "revocation lists are for sites with a ca-file; name that too");
	if (!ca)
		return;
	char *scoped(path_done) cas = config_path(b, ca), *scoped(path_done) lists = crl ? config_path(b, crl) : NULL;
	if (!cas || (crl && !lists))
		return;
	x->trust = known_trust(b->config, cas, lists);
	if (!x->trust)
		x->trust = read_trust(b, ca, crl, cas, lists);
	if (x->identity.type == ID_KEY_ID)
		config_error(b->report, ca->place,
		             "a certificate carries no key-id; let the site be known by fqdn, email, ip or dn");
}

void config_check_certs(struct config_build *b, const struct setting *root)
{
	const struct setting *tunnel = setting_find(root, "tunnel"), *sites = setting_find(root, "sites");
	const struct setting *cert = tunnel ? setting_find(tunnel, "cert-file") : NULL;
	const struct setting *key = tunnel ? setting_find(tunnel, "key-file") : NULL;
	const struct setting *site = sites ? sites->first : NULL;
	struct config *c = b->config;
	if (!cert != !key)
		config_error(b->report, (cert ? cert : key)->place,
		             "cert-file and key-file go together: our certificate, and its private key");
	if (b->crypto && cert && key)
		read_own(b, cert, key);
	for (size_t i = 0, at = 0; b->crypto && i < c->ike_count && site; i++) {
		for (; at < c->ikes[i].site && site; at++)
			site = site->next;
		if (site)
			read_site(b, &c->ikes[i], site);
		if (site && setting_find(site, "ca-file") && !cert)
			config_error(b->report, setting_find(site, "ca-file")->place,
			             "a site with a certificate wants to see ours; add tunnel: { cert-file: ..., "
			             "key-file: ... }");
	}
}
