// SPDX-License-Identifier: Apache-2.0
// The collector's talk, on stderr, one line each. Under a service manager (JOURNAL_STREAM) a line begins with its syslog
// priority as "<N>", see sd-daemon(3). Control characters never reach it.
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

enum log_priority { LOG_IS_ERROR = 3, LOG_IS_WARNING = 4, LOG_IS_NOTICE = 5, LOG_IS_INFO = 6 };

__attribute__((format(printf, 2, 3))) void log_line(enum log_priority priority, const char *format, ...);
// Complaints of the configuration, a line each, which say themselves where they are from and whether they only warn.
void log_complaints(const char *lines);

#endif
