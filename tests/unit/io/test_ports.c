// SPDX-License-Identifier: Apache-2.0
// Who holds a port: on this machine for sockets of our own, and on a made-up machine for systemd and for secrecy.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"
#include "io/ports.h"
#include "io/system.h"
#include "io/udp.h"

static void check_mine(bool tcp, uint16_t port)
{
	struct text scoped(text_done) said = { 0 };
	char wanted[32];
	snprintf(wanted, sizeof wanted, "(pid %d)", (int)getpid());
	port_holder(tcp, port, &said);
	assert_non_null(strstr(text_str(&said), wanted));
	assert_non_null(strstr(text_str(&said), "test_io_ports"));
}

static void test_my_own(void **state)
{
	struct udp_socket s;
	struct addr a;
	assert_int_equal(addr_parse("127.0.0.1:0", &a), ST_OK);
	assert_int_equal(udp_open(&a, false, &s), ST_OK);
	check_mine(false, s.local.port);
	udp_close(&s);
	assert_int_equal(addr_parse("[::1]:0", &a), ST_OK);
	if (udp_open(&a, false, &s) == ST_OK) {
		check_mine(false, s.local.port);
		udp_close(&s);
	}
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof in;
	int scoped(fd_close) fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	check_mine(true, ntohs(in.sin_port));
}

static void test_nobody(void **state)
{
	struct text scoped(text_done) said = { 0 };
	port_holder_under("/nonexistent", false, 162, &said);
	assert_string_equal(text_str(&said), "nobody that can be seen from here; run as root: ss -lunp 'sport = :162'");
}

static const char table_udp[] = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
                                "timeout inode ref pointer drops\n"
                                "  100: 0100007F:0A89 00000000:0000 07 00000000:00000000 00:00000000 00000000   990    "
                                "    0 555 2 0000000000000000 0\n"
                                "  211: 00000000:00A2 00000000:0000 07 00000000:00000000 00:00000000 00000000     0    "
                                "    0 777 2 0000000000000000 0\n";
static const char table_tcp[] =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:0A89 0100007F:1234 01 00000000:00000000 00:00000000 00000000   990        0 888 1 "
        "0000000000000000 20 4 30 10 -1\n";

static void put(const char *root, const char *path, const char *text)
{
	char full[256];
	snprintf(full, sizeof full, "%s%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = 0;
		mkdir(full, 0700);
	}
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void link_to(const char *root, const char *path, const char *target)
{
	char full[256];
	put(root, path, "");
	snprintf(full, sizeof full, "%s%s", root, path);
	unlink(full);
	assert_int_equal(symlink(target, full), 0);
}

static void check_said(const char *root, bool tcp, uint16_t port, const char *wanted)
{
	struct text scoped(text_done) said = { 0 };
	port_holder_under(root, tcp, port, &said);
	assert_string_equal(text_str(&said), wanted);
}

static void test_other_machine(void **state)
{
	char root[] = "/tmp/trapline-ports-XXXXXX", remove[64];
	assert_non_null(mkdtemp(root));
	put(root, "/proc/net/udp", table_udp);
	put(root, "/proc/net/tcp", table_tcp);
	put(root, "/proc/1/comm", "systemd\n");
	put(root, "/proc/41/comm", "evil\033[31m\n");
	link_to(root, "/proc/1/fd/0", "/dev/null");
	check_said(root, false, 162, "a process of user id 0; to see which, run as root: ss -lunp 'sport = :162'");
	check_said(root, true, 2697, "nobody that can be seen from here; run as root: ss -ltnp 'sport = :2697'");
	link_to(root, "/proc/1/fd/31", "socket:[777]");
	check_said(root, false, 162, "systemd (pid 1) for a socket unit; run: systemctl list-sockets");
	put(root, "/lib/systemd/system/other.socket", "[Socket]\nListenDatagram=1162\nListenStream=162\n");
	put(root, "/lib/systemd/system/snmptrapd.service", "ListenDatagram=162\n");
	check_said(root, false, 162, "systemd (pid 1) for a socket unit; run: systemctl list-sockets");
	put(root, "/lib/systemd/system/snmptrapd.socket",
	    "[Socket]\nListenDatagram=0.0.0.0:162\nListenDatagram=[::]:162\n");
	check_said(root, false, 162,
	           "systemd (pid 1) for snmptrapd.socket; run: systemctl disable --now snmptrapd.socket, "
	           "or let snmptrapd forward to 2697");
	link_to(root, "/proc/41/fd/7", "socket:[555]");
	check_said(root, false, 2697, "evil\xef\xbf\xbd[31m (pid 41)"); // no terminal escapes
	snprintf(remove, sizeof remove, "rm -r %s", root);
	assert_int_equal(system(remove), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_my_own),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_other_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
