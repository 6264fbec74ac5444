// SPDX-License-Identifier: Apache-2.0
// The rest of the machine: the service manager, who holds a port, random bytes, wall time.
#ifndef IO_SYSTEM_H
#define IO_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/json.h"

// sd_notify(3) protocol: "READY=1", "RELOADING=1\nMONOTONIC_USEC=...", "WATCHDOG=1", "STOPPING=1", "STATUS=...".
// Does nothing without NOTIFY_SOCKET. The socket is opened once by service_open, before lock-in.
void service_open(void);
void service_notify(const char *state);
int64_t service_watchdog_interval(void); // nanoseconds between pings (half of WATCHDOG_USEC), 0: none wanted

// Sockets passed by LISTEN_FDS/LISTEN_FDNAMES; returns the count, at most max. Clears the environment.
struct passed_socket {
	int fd;
	bool tcp;
	struct addr local;
	char name[64];
};
int service_sockets(struct passed_socket *out, int max);

// Who holds a UDP or TCP port: "snmptrapd (pid 812)", or "systemd (pid 1) for snmptrapd.socket", or a sentence that
// says how to find out. Always writes something.
void port_holder(bool tcp, uint16_t port, struct text *out);

// Why the errno says that a socket was not opened or bound: ST_IN_USE, ST_DENIED, ST_SYSTEM.
enum st system_bind_status(void);

void system_random(void *out, size_t n); // getrandom; aborts when the kernel has none
int64_t clock_wall(void);                // nanoseconds since the epoch
int64_t clock_today(void *unused);       // seconds since the epoch, for who asks by a function of an argument
int64_t clock_monotonic(void);

#endif
