// SPDX-License-Identifier: Apache-2.0
// Who holds a port. Called when a listener could not be bound, to say what to do about it.
//
// The kernel's tables (/proc/net/udp and its kin, proc(5)) name the inode of each socket, and /proc/PID/fd/* point to
// "socket:[inode]". When that is systemd (pid 1), the socket unit that names the port is looked for in the unit files,
// since that is what must be stopped. Everything may be unreadable; there is a sentence for that too.
#include "io/ports.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/system.h"

enum { TCP_STATE_LISTEN = 0x0a, SYSTEMD = 1 };

struct holders {
	unsigned long inodes[PORT_SOCKETS_MAX];
	int sockets;
	unsigned uid; // owner of the first socket
	long pids[PORT_PROCESSES_MAX];
	int processes;
};

static void table_read(const char *root, const char *table, bool tcp, uint16_t port, struct holders *h)
{
	char path[PATH_MAX], line[512];
	snprintf(path, sizeof path, "%s/proc/net/%s", root, table);
	FILE *f = fopen(path, "re");
	if (!f)
		return;
	while (h->sockets < PORT_SOCKETS_MAX && fgets(line, sizeof line, f)) {
		unsigned local, state, uid;
		unsigned long inode;
		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*x %2x %*x:%*x %*x:%*x %*x %10u %*d %20lu",
		           &local, &state, &uid, &inode) != 4)
			continue;
		if (local != port || (tcp && state != TCP_STATE_LISTEN))
			continue;
		if (h->sockets == 0)
			h->uid = uid;
		h->inodes[h->sockets++] = inode;
	}
	fclose(f);
}

static bool inode_wanted(const struct holders *h, const char *link)
{
	unsigned long inode;
	if (sscanf(link, "socket:[%20lu]", &inode) != 1)
		return false;
	for (int i = 0; i < h->sockets; i++)
		if (h->inodes[i] == inode)
			return true;
	return false;
}

static bool process_holds(const char *root, long pid, const struct holders *h)
{
	char path[PATH_MAX], link[64];
	snprintf(path, sizeof path, "%s/proc/%ld/fd", root, pid);
	DIR *d = opendir(path);
	if (!d)
		return false;
	bool holds = false;
	for (struct dirent *e; !holds && (e = readdir(d));) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);
		if (n <= 0)
			continue;
		link[n] = 0;
		holds = inode_wanted(h, link);
	}
	closedir(d);
	return holds;
}

static void processes_find(const char *root, struct holders *h)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/proc", root);
	DIR *d = opendir(path);
	if (!d)
		return;
	for (struct dirent *e; h->processes < PORT_PROCESSES_MAX && (e = readdir(d));) {
		char *end;
		long pid = strtol(e->d_name, &end, 10);
		if (pid > 0 && !*end && process_holds(root, pid, h))
			h->pids[h->processes++] = pid;
	}
	closedir(d);
}

static void process_name(const char *root, long pid, char *out, size_t room)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/proc/%ld/comm", root, pid);
	snprintf(out, room, "?");
	FILE *f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(out, (int)room, f))
		out[strcspn(out, "\n")] = 0;
	fclose(f);
}

// Whether a line of a unit file is "ListenDatagram=" (or "ListenStream=") with this port: "162", "0.0.0.0:162".
static bool line_listens(char *line, bool tcp, uint16_t port)
{
	const char *key = tcp ? "ListenStream=" : "ListenDatagram=";
	line[strcspn(line, "\r\n")] = 0;
	if (strncmp(line, key, strlen(key)) != 0)
		return false;
	const char *value = line + strlen(key), *colon = strrchr(value, ':');
	char *end;
	unsigned long number = strtoul(colon ? colon + 1 : value, &end, 10);
	return number == port && strspn(end, " \t") == strlen(end);
}

static bool unit_listens(const char *folder, const char *name, bool tcp, uint16_t port)
{
	char path[PATH_MAX + NAME_MAX + 2], line[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	bool listens = false;
	while (!listens && fgets(line, sizeof line, f))
		listens = line_listens(line, tcp, port);
	fclose(f);
	return listens;
}

// The socket unit that names the port, in systemd's order of folders (systemd.unit(5)).
static bool unit_find(const char *root, bool tcp, uint16_t port, char *out, size_t room)
{
	static const char *const folders[] = { "/etc/systemd/system", "/run/systemd/system",
		                               "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
		                               "/lib/systemd/system" };
	bool found = false;
	for (size_t i = 0; !found && i < sizeof folders / sizeof *folders; i++) {
		char path[PATH_MAX];
		snprintf(path, sizeof path, "%s%s", root, folders[i]);
		DIR *d = opendir(path);
		if (!d)
			continue;
		for (struct dirent *e; !found && (e = readdir(d));) {
			const char *dot = strrchr(e->d_name, '.');
			if (dot && strcmp(dot, ".socket") == 0 && unit_listens(path, e->d_name, tcp, port)) {
				found = true;
				snprintf(out, room, "%s", e->d_name);
			}
		}
		closedir(d);
	}
	return found;
}

static void systemd_explain(const char *root, bool tcp, uint16_t port, struct text *out)
{
	char unit[NAME_MAX + 1];
	if (!unit_find(root, tcp, port, unit, sizeof unit)) {
		text_add(out, "systemd (pid 1) for a socket unit; run: systemctl list-sockets");
		return;
	}
	text_printf(out, "systemd (pid 1) for %s; run: systemctl disable --now %s", unit, unit);
	if (strcmp(unit, "snmptrapd.socket") == 0)
		text_add(out, ", or let snmptrapd forward to 2697");
}

static void processes_name(const char *root, const struct holders *h, struct text *out)
{
	for (int i = 0; i < h->processes; i++) {
		char name[64];
		process_name(root, h->pids[i], name, sizeof name);
		if (i > 0)
			text_add(out, ", ");
		text_clean(out, span_str(name));
		text_printf(out, " (pid %ld)", h->pids[i]);
	}
}

static bool held_by_systemd(const char *root, const struct holders *h)
{
	for (int i = 0; i < h->processes; i++) {
		char name[64];
		process_name(root, h->pids[i], name, sizeof name);
		if (h->pids[i] == SYSTEMD && strcmp(name, "systemd") == 0)
			return true;
	}
	return false;
}

void port_holder_under(const char *root, bool tcp, uint16_t port, struct text *out)
{
	struct holders h = { 0 };
	const char *look = tcp ? "ss -ltnp" : "ss -lunp";
	table_read(root, tcp ? "tcp" : "udp", tcp, port, &h);
	table_read(root, tcp ? "tcp6" : "udp6", tcp, port, &h);
	if (h.sockets == 0) {
		text_printf(out, "nobody that can be seen from here; run as root: %s 'sport = :%u'", look, port);
		return;
	}
	processes_find(root, &h);
	if (held_by_systemd(root, &h))
		systemd_explain(root, tcp, port, out);
	else if (h.processes)
		processes_name(root, &h, out);
	else
		text_printf(out, "a process of user id %u; to see which, run as root: %s 'sport = :%u'", h.uid, look,
		            port);
}

void port_holder(bool tcp, uint16_t port, struct text *out)
{
	port_holder_under("", tcp, port, out);
}

enum st system_bind_status(void)
{
	switch (errno) {
	case EADDRINUSE:
		return ST_IN_USE;
	case EACCES:
	case EPERM:
		return ST_DENIED;
	default:
		return ST_SYSTEM;
	}
}
