/* SPDX-License-Identifier: MIT */
/*
 * completion.c - completions for bash, zsh and fish, made of the command table.
 *
 * Verbs, the options of each and the names of files are completed; slots and ports are not.
 * The words that a verb knows stand in its argument as a|b|c, and a file as FILE.so.
 */
#include "master/completion.h"

#include <stdbool.h>
#include <string.h>

/* ---- what they have in common ---- */

static bool has(unsigned set, size_t option)
{
	return set & 1u << option;
}

static bool takes_file(const struct command_option *o)
{
	return o->argument && strcmp(o->argument, "FILE") == 0;
}

static bool wants_file(const struct command_verb *v)
{
	return strstr(v->argument, "FILE");
}

/* text for inside of '...', with a backslash before each of special. */
static void put_quoted(const char *text, const char *special, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", out);
			continue;
		}
		if (strchr(special, *text))
			putc('\\', out);
		putc(*text, out);
	}
}

/* The words of a|b|c with blanks between; nothing if argument is no such thing. */
static void put_words(const char *argument, FILE *out)
{
	if (!strchr(argument, '|'))
		return;
	for (; *argument; argument++)
		putc(*argument == '|' ? ' ' : *argument, out);
}

/* ---- bash ---- */

/* -c, --json or both, with what stands between them. */
static void bash_spelling(const struct command_option *o, const char *between, FILE *out)
{
	if (o->letter)
		fprintf(out, "-%c%s", o->letter, o->name ? between : "");
	if (o->name)
		fprintf(out, "--%s", o->name);
}

static void bash_options(const struct command *c, unsigned set, FILE *out)
{
	for (size_t i = 0; i < c->option_count; i++)
		if (has(set, i)) {
			bash_spelling(&c->options[i], " ", out);
			putc(' ', out);
		}
}

/* The pattern of those that take an argument, a file or anything else; there is one of each. */
static void bash_pattern(const struct command *c, bool file, FILE *out)
{
	const char *before = "";

	for (size_t i = 0; i < c->option_count; i++) {
		if (!c->options[i].argument || takes_file(&c->options[i]) != file)
			continue;
		fputs(before, out);
		bash_spelling(&c->options[i], "|", out);
		before = "|";
	}
	putc(')', out);
}

/* The option before the word asks for what it is. */
static void bash_argument(const struct command *c, FILE *out)
{
	fputs("\tcase ${COMP_WORDS[COMP_CWORD - 1]} in\n\t", out);
	bash_pattern(c, true, out);
	fputs("\n\t\tcompopt -o filenames 2>/dev/null\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
		"\t\treturn\n\t\t;;\n\t", out);
	bash_pattern(c, false, out);
	fputs(" return ;;\n\tesac\n", out);
}

/* The first word that is no option, and no option's argument. */
static void bash_find_verb(const struct command *c, FILE *out)
{
	fputs("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tcase ${COMP_WORDS[i]} in\n\t\t", out);
	bash_pattern(c, true, out);
	fputs(" ((i++)) ;;\n\t\t", out);
	bash_pattern(c, false, out);
	fputs(" ((i++)) ;;\n"
		"\t\t-*) ;;\n"
		"\t\t*)\n\t\t\tverb=${COMP_WORDS[i]}\n\t\t\tbreak\n\t\t\t;;\n"
		"\t\tesac\n\tdone\n", out);
}

static void bash(const struct command *c, FILE *out)
{
	fprintf(out, "# bash completion for %s; made by %s completion bash\n\n_%s()\n{\n"
		"\tlocal word=${COMP_WORDS[COMP_CWORD]} verb='' words='' files='' i\n\n\tCOMPREPLY=()\n",
		c->name, c->name, c->name);
	bash_argument(c, out);
	bash_find_verb(c, out);
	fputs("\tcase $verb in\n\t'') words='", out);
	bash_options(c, c->alone, out);
	for (size_t i = 0; i < c->verb_count; i++)
		fprintf(out, "%s ", c->verbs[i].name);
	for (size_t i = 0; i < c->verb_count; i++) {
		fprintf(out, "' ;;\n\t%s) %swords='", c->verbs[i].name,
			wants_file(&c->verbs[i]) ? "files=yes " : "");
		bash_options(c, c->verbs[i].options, out);
		put_words(c->verbs[i].argument, out);
	}
	fprintf(out, "' ;;\n\tesac\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
		"\tif [ -n \"$files\" ]; then\n"
		"\t\tcompopt -o filenames 2>/dev/null\n"
		"\t\tmapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$word\")\n"
		"\tfi\n}\n"
		"complete -F _%s %s\n", c->name, c->name);
}

/* ---- zsh ---- */

/* What _arguments takes: '--rate=[help]:N:', with _files at its end for files. */
static void zsh_spelling(const struct command_option *o, FILE *out)
{
	fputc('[', out);
	put_quoted(o->help, "[]:\\", out);
	fputc(']', out);
	if (o->argument)
		fprintf(out, ":%s:%s", o->argument, takes_file(o) ? "_files" : "");
	fputs("' ", out);
}

static void zsh_options(const struct command *c, unsigned set, FILE *out)
{
	for (size_t i = 0; i < c->option_count; i++) {
		const struct command_option *o = &c->options[i];
		if (has(set, i) && o->letter) {
			fprintf(out, "'-%c", o->letter);
			zsh_spelling(o, out);
		}
		if (has(set, i) && o->name) {
			fprintf(out, "'%s--%s%s", has(c->repeats, i) ? "*" : "", o->name,
				o->argument ? "=" : "");
			zsh_spelling(o, out);
		}
	}
}

static void zsh_verb(const struct command *c, const struct command_verb *v, FILE *out)
{
	fprintf(out, "\t%s) _arguments ", v->name);
	zsh_options(c, v->options, out);
	if (v->argument[0])
		fprintf(out, "'%s:%s:%s", strstr(v->argument, "...") ? "*" : "1", v->argument,
			wants_file(v) ? "_files" : "");
	if (strchr(v->argument, '|')) {
		putc('(', out);
		put_words(v->argument, out);
		putc(')', out);
	}
	fputs(v->argument[0] ? "' ;;\n" : ";;\n", out);
}

static void zsh(const struct command *c, FILE *out)
{
	fprintf(out, "#compdef %s\n# made by %s completion zsh\n\n"
		"local context state line curcontext=$curcontext\n"
		"local -a verbs\ntypeset -A opt_args\n\nverbs=(\n", c->name, c->name);
	for (size_t i = 0; i < c->verb_count; i++) {
		fprintf(out, "\t'%s:", c->verbs[i].name);
		put_quoted(c->verbs[i].help, "", out);
		fputs("'\n", out);
	}
	fputs(")\n_arguments -C -A '-*' ", out);
	zsh_options(c, c->alone, out);
	fputs("'1:verb:->verb' '*::argument:->argument' && return\n"
		"case $state in\n"
		"verb) _describe -t verbs verb verbs ;;\n"
		"argument)\n\tcase $words[1] in\n", out);
	for (size_t i = 0; i < c->verb_count; i++)
		zsh_verb(c, &c->verbs[i], out);
	fputs("\tesac\n\t;;\nesac\n", out);
}

/* ---- fish ---- */

/* when: the condition, in quotes. */
static void fish_option(const struct command *c, const char *when, size_t i, FILE *out)
{
	const struct command_option *o = &c->options[i];

	fprintf(out, "complete -c %s -n %s", c->name, when);
	if (o->letter)
		fprintf(out, " -s %c", o->letter);
	if (o->name)
		fprintf(out, " -l %s", o->name);
	fprintf(out, "%s -d '", takes_file(o) ? " -r -F" : o->argument ? " -x" : "");
	put_quoted(o->help, "\\", out);
	fputs("'\n", out);
}

static void fish_verb(const struct command *c, const struct command_verb *v, FILE *out)
{
	char when[128];

	fprintf(out, "complete -c %s -n \"not $seen\" -a %s -d '", c->name, v->name);
	put_quoted(v->help, "\\", out);
	fputs("'\n", out);
	snprintf(when, sizeof(when), "'__fish_seen_subcommand_from %s'", v->name);
	for (size_t i = 0; i < c->option_count; i++)
		if (has(v->options, i))
			fish_option(c, when, i, out);
	if (wants_file(v))
		fprintf(out, "complete -c %s -n %s -F\n", c->name, when);
	if (strchr(v->argument, '|')) {
		fprintf(out, "complete -c %s -n %s -a '", c->name, when);
		put_words(v->argument, out);
		fputs("'\n", out);
	}
}

/* fish's own test for a first verb would take the file behind -c for one. */
static void fish(const struct command *c, FILE *out)
{
	fprintf(out, "# made by %s completion fish\nset -l seen '__fish_seen_subcommand_from", c->name);
	for (size_t i = 0; i < c->verb_count; i++)
		fprintf(out, " %s", c->verbs[i].name);
	fprintf(out, "'\ncomplete -c %s -f\n", c->name);
	for (size_t i = 0; i < c->option_count; i++)
		if (has(c->alone, i))
			fish_option(c, "\"not $seen\"", i, out);
	for (size_t i = 0; i < c->verb_count; i++)
		fish_verb(c, &c->verbs[i], out);
}

int completion(const struct command *c, const char *shell, FILE *out)
{
	static const struct {
		const char *name;
		void      (*write)(const struct command *c, FILE *out);
	} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		if (strcmp(shells[i].name, shell) == 0) {
			shells[i].write(c, out);
			return 0;
		}
	}
	return -1;
}
