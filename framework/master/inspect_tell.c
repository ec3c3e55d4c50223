/* SPDX-License-Identifier: MIT */
/*
 * inspect_tell.c - portico plugin: the answer for people, for programs, and as a configuration.
 */
#include "master/inspect.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>


enum { LINE = 88, KIND = 128 };

static const char *text_at(const json_t *in, const char *key)
{
	return json_string_value(json_object_get(in, key));
}

static long long number_at(const json_t *in, const char *key)
{
	return (long long)json_integer_value(json_object_get(in, key));
}

/* ---- for people ---- */

static void tell_abi(const json_t *abi)
{
	long long size = number_at(abi, "struct_size"), ours = number_at(abi, "our_struct_size");

	printf("  abi         %lld, %s; struct of %lld bytes, ", number_at(abi, "version"),
		number_at(abi, "version") == number_at(abi, "ours") ? "as this portico" : "not this portico's",
		size);
	if (size == ours)
		printf("as this portico's\n");
	else
		printf("this portico's has %lld: built with %s portico.h\n", ours,
			size < ours ? "an older" : "a newer");
}

/* The words of a list in lines, under a title. */
static void tell_list(const char *title, const json_t *list)
{
	int used = 0;
	size_t i;
	json_t *word;

	json_array_foreach(list, i, word) {
		const char *text = json_string_value(word);
		if (i == 0 || used + (int)strlen(text) > LINE) {
			printf("%s  %-11s", i ? "\n" : "", i ? "" : title);
			used = 13;
		}
		used += printf(" %s", text);
	}
	printf("%s", json_array_size(list) ? "\n" : "");
}

static void tell_protocols(const json_t *found)
{
	const json_t *list = json_object_get(found, "protocols");
	bool websocket = json_is_true(json_object_get(found, "websocket"));

	if (json_array_size(list) == 0)
		printf("  serves      nothing: it lacks tcp_data(), udp_packet() or http_request()\n");
	tell_list("serves", list);
	if (websocket)
		printf("  websocket   yes\n");
	if (text_at(found, "methods"))
		printf("  methods     %s\n", text_at(found, "methods"));
}

static void tell_state(const json_t *state)
{
	printf("  state       %lld bytes a service, %lld a connection, %lld a request, %lld a WebSocket\n",
		number_at(state, "service"), number_at(state, "conn"), number_at(state, "request"),
		number_at(state, "socket"));
}

/* "size 1..1m" */
static const char *kind_of(const json_t *o, char out[KIND])
{
	const char *range = text_at(o, "range");

	snprintf(out, KIND, "%s%s%s", text_at(o, "type"), range ? " " : "", range ? range : "");
	return out;
}

static const char *default_of(const json_t *o)
{
	const char *fallback = text_at(o, "default");

	return !fallback ? "required" : *fallback ? fallback : "\"\"";
}

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

static void tell_options(const json_t *options)
{
	int name = (int)strlen("option"), kind = (int)strlen("kind"), fallback = (int)strlen("default");
	char text[KIND];
	size_t i;
	json_t *o;

	json_array_foreach(options, i, o) {
		widen(&name, text_at(o, "name"));
		widen(&kind, kind_of(o, text));
		widen(&fallback, default_of(o));
	}
	if (json_array_size(options) > 0)
		printf("\n  %-*s  %-*s  %-*s  meaning\n", name, "option", kind, "kind", fallback, "default");
	json_array_foreach(options, i, o) {
		const char *help = text_at(o, "help");
		printf("  %-*s  %-*s  %-*s  %s\n", name, text_at(o, "name"), kind, kind_of(o, text),
			fallback, default_of(o), help ? help : "");
	}
}

static void tell_people(const json_t *found)
{
	const char *name = text_at(found, "name"), *version = text_at(found, "version");
	const char *summary = text_at(found, "summary");

	if (number_at(json_object_get(found, "abi"), "struct_size") == 0)
		return;          /* what it is not is said with the problem */
	printf("%s: %s%s%s%s%s%s\n", text_at(found, "file"), name ? "plugin " : "no name",
		name ? name : "", version ? " " : "", version ? version : "", summary ? ": " : "",
		summary ? summary : "");
	tell_abi(json_object_get(found, "abi"));
	if (text_at(found, "problem"))
		return;
	tell_protocols(found);
	tell_list("callbacks", json_object_get(found, "callbacks"));
	tell_state(json_object_get(found, "state"));
	tell_options(json_object_get(found, "options"));
}

/* ---- as a configuration ---- */

/* In a value a dollar sign begins a variable. */
static void put_value(const char *value)
{
	for (; *value; value++) {
		if (*value == '$')
			putchar('$');
		putchar(*value);
	}
}

/* A value that the option takes, where it has no default: the least of its range, the first of
 * its words. */
static void put_example(const json_t *o)
{
	const char *type = text_at(o, "type"), *range = text_at(o, "range");

	if (strcmp(type, "string") == 0)
		printf("CHANGE-ME");
	else if (strcmp(type, "bool") == 0)
		printf("no");
	else if (!range)
		printf("1%s", strcmp(type, "seconds") == 0 ? "s" : "");
	else if (strcmp(type, "enum") == 0)
		printf("%.*s", (int)strcspn(range, "|"), range);
	else if (strncmp(range, "..", 2) == 0)
		printf("%s", range + 2);
	else
		printf("%.*s", (int)(strstr(range, "..") ? strstr(range, "..") - range : 0), range);
}

static void put_option(const json_t *o)
{
	const char *range = text_at(o, "range"), *fallback = text_at(o, "default");
	const char *help = text_at(o, "help");

	printf("\n; %s%s%s%s%s\n%s%s = ", help ? help : "", help ? "; " : "", text_at(o, "type"),
		range ? " " : "", range ? range : "", fallback ? ";" : "", text_at(o, "name"));
	if (fallback)
		put_value(fallback);
	else
		put_example(o);
	printf("\n");
}

/* A service's name has letters, digits, - and _, up to 32 of them. */
static void service_name(const char *name, char out[33])
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	snprintf(out, 33, "%s", name[len] == '\0' && len <= 32 ? name : "main");
}

static const char *port_of(const char *protocol)
{
	return strcmp(protocol, "http") == 0 ? "8080" : strcmp(protocol, "tcp") == 0 ? "7000" : "7001";
}

static int tell_ini(const json_t *found)
{
	const json_t *protocols = json_object_get(found, "protocols");
	size_t count = json_array_size(protocols), i;
	char service[33];
	json_t *o;

	if (count == 0) {
		fprintf(stderr, "portico: %s serves no protocol: it lacks tcp_data(), udp_packet() or "
			"http_request()\n", text_at(found, "file"));
		return EX_CONFIG;
	}
	/* The last one is http, if it is among them. */
	const char *protocol = json_string_value(json_array_get(protocols, count - 1));
	service_name(text_at(found, "name"), service);
	printf("; Sample for plugin %s.  A key in a comment shows its default.\n\n[service %s]\n"
		"protocol = %s\nlisten = *:%s\n\n[handler %s%s]\nplugin = ", text_at(found, "name"), service,
		protocol, port_of(protocol), service, strcmp(protocol, "http") == 0 ? " /" : "");
	put_value(text_at(found, "file"));
	printf("\n");
	json_array_foreach(json_object_get(found, "options"), i, o)
		put_option(o);
	return EX_OK;
}

/* ---- the verb ---- */

static void tell_programs(const json_t *found)
{
	json_dumpf(found, stdout, JSON_INDENT(2));
	printf("\n");
}

int inspect_tell(const char *word, enum inspect_form form)
{
	char path[PATH_MAX];

	if (inspect_find(word, path) < 0)
		return EX_NOINPUT;
	json_t *found = inspect(path);
	if (!found)
		return EX_CONFIG;
	const char *problem = text_at(found, "problem");
	int code = problem ? EX_CONFIG : EX_OK;
	if (form == INSPECT_JSON)
		tell_programs(found);
	else if (form == INSPECT_TEXT)
		tell_people(found);
	else if (!problem)
		code = tell_ini(found);
	fflush(stdout);
	if (problem)
		fprintf(stderr, "portico: %s\n", problem);
	json_decref(found);
	return code;
}
