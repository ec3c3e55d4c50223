/* SPDX-License-Identifier: MIT */
/* config_balance.c - every form of "balance =" and "canary =", and what is said of all others. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

static char file[64];
static char told[1 << 14];       /* every sentence and a newline, without the file's name */
static struct config *config;

static void set_up(void)
{
	strcpy(file, "/tmp/portico-balance-XXXXXX");
	int fd = mkstemp(file);
	cr_assert_geq(fd, 0);
	close(fd);
}

static void tear_down(void)
{
	config_destroy(config);
	unlink(file);
}

TestSuite(config_balance, .init = set_up, .fini = tear_down);

static void hear(void *arg, const char *sentence)
{
	size_t len = strlen(told);

	(void)arg;
	if (strncmp(sentence, file, strlen(file)) == 0)
		sentence += strlen(file);
	snprintf(told + len, sizeof(told) - len, "%s\n", sentence);
}

static void load(const char *workers, const char *extra, const char *protocol, const char *balance)
{
	FILE *f = fopen(file, "w");

	cr_assert_not_null(f);
	fprintf(f, "[portico]\nworkers = %s\n%s\n[service s]\nprotocol = %s\nlisten = 127.0.0.1:7000\n"
		"balance = %s\n[handler s]\nplugin = p.so\n", workers, extra, protocol, balance);
	fclose(f);
	config_destroy(config);
	told[0] = '\0';
	config = config_load(file, hear, NULL);
}

static const struct config_service *sound(const char *workers, const char *protocol, const char *balance)
{
	load(workers, "", protocol, balance);
	cr_assert_str_eq(told, "", "balance = %s", balance);
	cr_assert_not_null(config);
	return &config->services[0];
}

/* The line of balance is 7. */
static void refused(const char *workers, const char *protocol, const char *balance, const char *why)
{
	char wanted[1024];

	load(workers, "", protocol, balance);
	snprintf(wanted, sizeof(wanted), ":7: balance = %s: %s\n", balance, why);
	cr_assert_str_eq(told, wanted);
	cr_assert_null(config, "balance = %s", balance);
}

/* ---- one word ---- */

Test(config_balance, each_word_has_its_meaning)
{
	static const struct {
		const char *word, *protocol;
		int         balance;
	} words[] = {
		{ "hash", "tcp", CONFIG_HASH }, { "hash", "udp", CONFIG_HASH },
		{ "random", "http", CONFIG_RANDOM }, { "random", "udp", CONFIG_RANDOM },
		{ "cpu", "tcp", CONFIG_CPU }, { "cpu", "udp", CONFIG_CPU },
		{ "source", "http", CONFIG_SOURCE }, { "source", "udp", CONFIG_SOURCE },
		{ "load", "tcp", CONFIG_LOAD }, { "load", "http", CONFIG_LOAD },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const struct config_service *s = sound("2", words[i].protocol, words[i].word);
		cr_assert_eq(s->balance, words[i].balance, "%s", words[i].word);
		cr_assert_str_eq(config_balance_name(s->balance), words[i].word);
	}
}

Test(config_balance, without_the_key_it_is_hash)
{
	FILE *f = fopen(file, "w");

	fputs("[service s]\nprotocol = udp\nlisten = 127.0.0.1:7000\n[handler s]\nplugin = p.so\n", f);
	fclose(f);
	config = config_load(file, hear, NULL);
	cr_assert_str_eq(told, "");
	cr_assert_eq(config->services[0].balance, CONFIG_HASH);
}

#define WORDS "write hash, random, cpu, source, weights 3,1, load or payload OFFSET LENGTH"
#define NO_SUCH "there is no such balance; "

Test(config_balance, an_unknown_word_is_refused_with_the_nearest_one)
{
	refused("2", "tcp", "hsah", NO_SUCH "did you mean hash; " WORDS);
	refused("2", "tcp", "weight 3,1", NO_SUCH "did you mean weights; " WORDS);
	refused("2", "tcp", "sources /24", NO_SUCH "did you mean source; " WORDS);
	refused("2", "tcp", "3,1", NO_SUCH WORDS);
	refused("2", "tcp", "least-connections", NO_SUCH WORDS);
	refused("2", "tcp", "weights,3,1", NO_SUCH WORDS);
}

Test(config_balance, a_second_word_is_refused_where_one_is_enough)
{
	static const char *const forms[] = { "hash 3", "random 3,1", "cpu 0", "load fast", "load 1,1" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		refused("2", "tcp", forms[i], "one word is enough");
}

/* ---- weights ---- */

Test(config_balance, weights_are_a_number_for_each_worker)
{
	const struct config_service *s = sound("3", "tcp", "weights 3,1,0");

	cr_assert_eq(s->balance, CONFIG_WEIGHTS);
	cr_assert_eq(s->weight_count, 3);
	cr_assert(s->weights[0] == 3 && s->weights[1] == 1 && s->weights[2] == 0);
	s = sound("2", "udp", "weights 1000000 ,\t1");
	cr_assert(s->weights[0] == 1000000 && s->weights[1] == 1);
	s = sound("1", "http", "weights 7");
	cr_assert(s->weight_count == 1 && s->weights[0] == 7);
}

Test(config_balance, a_list_of_another_length_is_refused)
{
	refused("2", "tcp", "weights 3,1,0", "3 weights for 2 workers; write one for each worker");
	refused("2", "tcp", "weights 3", "1 weight for 2 workers; write one for each worker");
	refused("1", "tcp", "weights 3,1", "2 weights for 1 worker; write one for each worker");
	refused("2", "tcp", "weights", "0 weights for 2 workers; write one for each worker");
}

Test(config_balance, weights_that_give_nobody_anything_are_refused)
{
	refused("2", "tcp", "weights 0,0",
		"nobody would get anything; at least one weight must be above 0");
}

Test(config_balance, what_is_no_list_of_weights_is_refused)
{
	static const char *const forms[] = { "weights a,b", "weights 3,-1", "weights 3,1.5",
		"weights 3 1", "weights 3,,1", "weights ,3", "weights 3,1000001", "weights 3,1,",
		"weights 99999999999999999999,1", "weights 3;1" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		refused("2", "tcp", forms[i], "not a list of numbers from 0 to 1000000; write weights 3,1 "
			"with one for each worker");
}

Test(config_balance, as_many_weights_as_there_can_be_workers)
{
	char list[4096] = "weights 1";

	for (int i = 1; i < 480; i++)    /* a line has 1024 characters */
		strcat(list, ",1");
	const struct config_service *s = sound("480", "tcp", list);
	cr_assert_eq(s->weight_count, 480);
}

Test(config_balance, the_order_of_sections_does_not_matter)
{
	FILE *f = fopen(file, "w");

	fputs("[service s]\nprotocol = tcp\nlisten = 127.0.0.1:7000\nbalance = weights 3,1,2\n"
		"[handler s]\nplugin = p.so\n[portico]\nworkers = 3\n", f);
	fclose(f);
	config = config_load(file, hear, NULL);
	cr_assert_str_eq(told, "");
	cr_assert_eq(config->services[0].weight_count, 3);
}

/* ---- source ---- */

Test(config_balance, source_has_prefixes_for_v4_and_v6)
{
	static const struct {
		const char *form;
		unsigned    v4, v6;
	} forms[] = {
		{ "source", 32, 128 }, { "source /24", 24, 128 }, { "source /24,/64", 24, 64 },
		{ "source /24 , /64", 24, 64 }, { "source /1,/1", 1, 1 }, { "source /32,/128", 32, 128 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		const struct config_service *s = sound("2", "tcp", forms[i].form);
		cr_assert_eq(s->balance, CONFIG_SOURCE);
		cr_assert(s->prefix4 == forms[i].v4 && s->prefix6 == forms[i].v6, "%s: /%u,/%u",
			forms[i].form, s->prefix4, s->prefix6);
	}
}

Test(config_balance, what_is_no_prefix_is_refused)
{
	static const char *const forms[] = { "source 24", "source /0", "source /33", "source /24,/0",
		"source /24,/129", "source /24,/64,/8", "source /", "source /x", "source /24 /64",
		"source ,/64", "source /-1", "source 10.0.0.0/8", "source /24," };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		refused("2", "tcp", forms[i], "not a prefix; write source /24 with /1 to /32 for IPv4, and "
			"for IPv6 behind a comma /1 to /128: source /24,/64");
}

/* ---- payload, and what fits which protocol ---- */

Test(config_balance, payload_names_the_bytes)
{
	const struct config_service *s = sound("2", "udp", "payload 4 8");

	cr_assert_eq(s->balance, CONFIG_PAYLOAD);
	cr_assert(s->payload_offset == 4 && s->payload_length == 8);
	s = sound("2", "udp", "payload 65535 1");
	cr_assert(s->payload_offset == 65535 && s->payload_length == 1);
	s = sound("2", "udp", "payload\t0  16");
	cr_assert(s->payload_offset == 0 && s->payload_length == 16);
}

Test(config_balance, what_names_no_bytes_is_refused)
{
	static const char *const forms[] = { "payload", "payload 4", "payload 4 0", "payload 4 17",
		"payload 65536 1", "payload -1 4", "payload 1 2 3", "payload a b", "payload 4,8" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		refused("2", "udp", forms[i], "the bytes of a datagram that count are needed; write "
			"payload OFFSET LENGTH with an offset from 0 to 65535 and a length from 1 to 16");
}

Test(config_balance, what_does_not_fit_the_protocol_is_refused)
{
	refused("2", "udp", "load", "a datagram leaves nothing open that could be counted; load is for "
		"protocol = tcp and http");
	refused("2", "tcp", "payload 0 4", "only a datagram comes with its payload; payload is for "
		"protocol = udp");
	refused("2", "http", "payload 0 4", "only a datagram comes with its payload; payload is for "
		"protocol = udp");
}

/* ---- canary ---- */

static void canary_is(const char *form, double share, double seconds)
{
	char line[128];

	snprintf(line, sizeof(line), "canary = %s", form);
	load("2", line, "tcp", "hash");
	cr_assert_str_eq(told, "", "canary = %s", form);
	cr_assert_float_eq(config->canary_share, share, 1e-9, "%s: %g", form, config->canary_share);
	cr_assert_float_eq(config->canary_time, seconds, 1e-9, "%s: %g", form, config->canary_time);
}

Test(config_balance, a_canary_has_a_share_and_a_time)
{
	canary_is("10% 30s", .1, 30.);
	canary_is("1% 250ms", .01, .25);
	canary_is("99%\t1h", .99, 3600.);
	canary_is("5%", .05, CONFIG_CANARY_TIME);
	canary_is("off", 0., 0.);
}

Test(config_balance, what_is_no_canary_is_refused)
{
	static const char *const forms[] = { "10", "0% 30s", "100% 30s", "-5% 30s", "10% 0", "10% 0s",
		"10% -1s", "10% soon", "30s 10%", "%", "10 % 30s", "1.5% 30s", "on", "yes", "off 30s",
		"10% 30s 5", "10% 30s,", "10%30s", "10% 30s later" };
	char line[128], wanted[256];

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		snprintf(line, sizeof(line), "canary = %s", forms[i]);
		load("2", line, "tcp", "hash");
		snprintf(wanted, sizeof(wanted), ":3: canary = %s: not a share and a time; write 10%% 30s, "
			"or off\n", forms[i]);
		cr_assert_str_eq(told, wanted);
		cr_assert_null(config);
	}
}

Test(config_balance, how_much_worse_a_canary_may_be)
{
	load("2", "canary_worse = 3", "tcp", "hash");
	cr_assert_str_eq(told, "");
	cr_assert_eq(config->canary_worse, 3);
	load("2", "canary_worse = bad", "tcp", "hash");
	cr_assert_not_null(strstr(told, ":3: canary_worse = bad: "), "%s", told);
	cr_assert_null(config);
}

/* What an operator says goes through the same hands. */
Test(config_balance, the_command_lines_canary_is_read_alike)
{
	double share = -1., seconds = -1.;

	cr_assert_eq(config_parse_canary("20% 5s", &share, &seconds), 0);
	cr_assert(fabs(share - .2) < 1e-9 && fabs(seconds - 5.) < 1e-9);
	cr_assert_eq(config_parse_canary("off", &share, &seconds), 0);
	cr_assert(share == 0. && seconds == 0.);
	cr_assert_eq(config_parse_canary("", &share, &seconds), -1);
	cr_assert_eq(config_parse_canary(" ", &share, &seconds), -1);
	cr_assert_eq(config_parse_canary("10% 1e300s", &share, &seconds), -1);
	cr_assert_eq(config_parse_canary("10% nan", &share, &seconds), -1);
	cr_assert_eq(config_parse_canary("99999999999999999999% 1s", &share, &seconds), -1);
}
