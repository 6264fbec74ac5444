// SPDX-License-Identifier: Apache-2.0
#include "daemon/control.h"

#include "daemon/collector.h"
#include "daemon/control_acts.h"
#include "daemon/control_waiting.h"
#include "daemon/engine_routes.h"
#include "daemon/log.h"
#include "web/api.h"

static unsigned get_status(void *arg, const struct api_request *request, struct text *body)
{
	collector_status(arg, body);
	return 200;
}

static unsigned post_reload(void *arg, const struct api_request *request, struct text *body)
{
	struct text said = { 0 };
	enum st st = collector_reload(arg, &said);
	struct json j = json_of(body);
	json_open(&j, '{');
	json_key(&j, "reloaded");
	json_bool(&j, st == ST_OK);
	json_key_str(&j, "said", text_str(&said));
	json_close(&j, '}');
	text_done(&said);
	return st ? 422 : 200;
}

static const struct api_route routes[] = {
	{ "GET", "/api/v1/status", get_status },
	{ "POST", "/api/v1/reload", post_reload },
	{ "GET", "/api/v1/engines", engines_get },
	{ "POST", "/api/v1/engines/lenient", engines_lenient },
	{ "POST", "/api/v1/engines/reset", engines_reset },
	{ "GET", "/api/v1/waiting", control_get_waiting },
	{ "GET", "/api/v1/waiting/*", control_get_one },
	{ "POST", "/api/v1/waiting/*", control_post_one },
	{ "POST", "/api/v1/alarms/*", control_post_alarm },
	{ "POST", "/api/v1/silences", control_post_silences },
	{ "POST", "/api/v1/silences/*", control_post_silence },
	{ "POST", "/api/v1/devices/*", control_post_device },
	{ 0 },
};

int control_open(const char *dir, struct api **out)
{
	struct text why = { 0 };
	enum st st = api_open(dir, out, &why);
	if (st)
		log_line(LOG_IS_ERROR, "%s", text_str(&why));
	text_done(&why);
	return st ? 1 : 0;
}

int control_start(struct api *api, struct collector *c)
{
	struct text why = { 0 };
	enum st st = api_start(api, routes, c, &why);
	if (st)
		log_line(LOG_IS_ERROR, "%s", text_str(&why));
	text_done(&why);
	return st ? 1 : 0;
}
