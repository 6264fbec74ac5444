// SPDX-License-Identifier: Apache-2.0
// The command line. Data goes to stdout, talk to stderr.
#ifndef CLI_CLI_H
#define CLI_CLI_H

enum { KEEPALIVE_MAX = 3600 }; // seconds that --keepalive takes

enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,   // wrong usage
	CLI_FINDINGS = 3 // what was asked about is not as it should be
};

// Finds the command in the table, reads its options, runs it. Returns the exit code.
int cli_main(int argc, char **argv);

#endif
