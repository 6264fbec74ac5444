// SPDX-License-Identifier: Apache-2.0
#include "cli/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scoped.h"
#include "cli/cli.h"
#include "io/system.h"
#include "io/whole.h"

enum { FILES = 4, OUR_CERT = 0, OUR_KEY, CAS, LISTS };
static const char *const options[FILES] = { "cert-file", "key-file", "ca-file", "crl-file" };

static void files_done(struct whole (*files)[FILES])
{
	for (int i = 0; i < FILES; i++)
		whole_done(&(*files)[i]);
}

static int read_file(const struct args *a, const char *option, struct whole *out)
{
	const char *path = args_value(a, option);
	if (!path)
		return CLI_DONE;
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC);
	enum st st = fd < 0 ? ST_SYSTEM : whole_read(fd, CERT_FILE_MAX, out);
	return st ? args_failed(a, "--%s %s: %s", option, path, st == ST_SYSTEM ? strerror(errno) : st_text(st))
	          : CLI_DONE;
}

static int read_own(const struct args *a, const struct crypto *crypto, const struct whole *files,
                    struct credential **own)
{
	enum st st = credential_new(crypto, whole_span(&files[OUR_CERT]), whole_span(&files[OUR_KEY]), own);
	if (st == ST_CERT_SYNTAX)
		return args_failed(
		        a,
		        "--cert-file %s: no certificate in PEM, or a broken one, or more than %d of them or %d octets",
		        args_value(a, "cert-file"), CERT_CHAIN_MAX, CERT_OWN_MAX);
	if (st == ST_CERT_KEY)
		return args_failed(
		        a,
		        "--key-file %s: no private key in PEM, without a passphrase, of ECDSA (P-256, P-384), Ed25519 "
		        "or RSA (2048 bits and more)",
		        args_value(a, "key-file"));
	if (st == ST_FORGED)
		return args_failed(a, "--key-file %s is not the key of the first certificate in %s",
		                   args_value(a, "key-file"), args_value(a, "cert-file"));
	return st ? args_failed(a, "%s", st_text(st)) : CLI_DONE;
}

int credential_options(const struct args *a, const struct crypto *crypto, struct credential **own, struct trust **trust)
{
	struct whole scoped(files_done) files[FILES] = { 0 };
	int given = 0, code = CLI_DONE;
	for (int i = 0; i < FILES && code == CLI_DONE; i++) {
		given += args_value(a, options[i]) != NULL;
		code = read_file(a, options[i], &files[i]);
	}
	if (code != CLI_DONE || !given)
		return code;
	if (!args_value(a, "cert-file") || !args_value(a, "key-file") || !args_value(a, "ca-file"))
		return args_wrong(a, "certificates take --cert-file, --key-file and --ca-file together");
	code = read_own(a, crypto, files, own);
	if (code != CLI_DONE)
		return code;
	struct cert_life life = credential_life(*own);
	int64_t now = clock_wall() / 1000000000;
	if (now < life.from || now > life.until)
		fprintf(stderr, "--cert-file %s is not valid today, so the collector will refuse us\n",
		        args_value(a, "cert-file"));
	const struct span list = whole_span(&files[LISTS]);
	enum st st = trust_new(crypto, whole_span(&files[CAS]), args_value(a, "crl-file") ? &list : NULL, trust);
	if (st == ST_CERT_CHAIN)
		return args_failed(
		        a, "--ca-file %s: a certificate that is no CA's; name the one that signed the collector's",
		        args_value(a, "ca-file"));
	if (st == ST_CERT_CRL)
		return args_failed(a, "--crl-file %s: no revocation list, neither in PEM nor in DER, or a broken one",
		                   args_value(a, "crl-file"));
	return st ? args_failed(a, "--ca-file %s: no certificate of a CA in PEM, or a broken one, or more than %d",
	                        args_value(a, "ca-file"), CERT_CAS_MAX)
	          : CLI_DONE;
}
