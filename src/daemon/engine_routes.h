// SPDX-License-Identifier: Apache-2.0
// What may be asked of learned SNMPv3 engines over the API, and what an operator may say of them. `arg` is the collector.
//
//     GET  /api/v1/engines            {"engines":[...]}
//     POST /api/v1/engines/lenient    {"engine":"hex","site":"...","address":"...","lenient":true} -> {"engines":N}
//     POST /api/v1/engines/reset      the same without "lenient"
//
// Without "address" every address of the engine is meant. Without "site" the engine must be at one site only; an empty
// one means no site. 404: no such engine; 409: it is at several sites.
#ifndef DAEMON_ENGINE_ROUTES_H
#define DAEMON_ENGINE_ROUTES_H

#include "web/api.h"

api_route_fn engines_get, engines_lenient, engines_reset;

#endif
