/* SPDX-License-Identifier: MIT */
/*
 * bpf.c - bpf(2) without libbpf: the maps and the one kind of program that steer a group.
 *
 * The kernel wants every byte of its union zero that a command does not
 * know: each attr here is born of an initialiser or of memset.
 */
#include "sys/bpf.h"

#include <assert.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Before 6.4 a log that is too small keeps its beginning, and we want the end.
 * Memory that the verifier does not write to is not used. */
enum { LOG_SIZE = 16 * 1024 * 1024 };

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* The kernel takes letters, digits, '.' and '_', and refuses what is too long. */
static void set_name(char *to, const char *name)
{
	assert(strlen(name) < BPF_OBJ_NAME_LEN);
	strcpy(to, name);
}

static int create(uint32_t type, uint32_t flags, const char *name, size_t value_size,
	unsigned entries)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.map_flags = flags;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = (uint32_t)value_size;
	attr.max_entries = entries;
	set_name(attr.map_name, name);
	return bpf(BPF_MAP_CREATE, &attr);  /* close-on-exec by itself */
}

int bpf_array_create(const char *name, size_t value_size, unsigned entries)
{
	return create(BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE, name, value_size, entries);
}

int bpf_sockets_create(const char *name, unsigned entries)
{
	return create(BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 0, name, sizeof(uint32_t), entries);
}

int bpf_put(int map, uint32_t key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = address(&key);
	attr.value = address(value);
	attr.flags = BPF_ANY;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int bpf_delete(int map, uint32_t key)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = address(&key);
	return bpf(BPF_MAP_DELETE_ELEM, &attr);
}

/* A program in C's types as far as the kernel insists: a callback must be a static
 * function by BTF, so here are "void f(void)" and one name for all.
 * Documentation/bpf/btf.rst. */
static int describe_functions(void)
{
	static const struct {
		struct btf_header head;
		struct btf_type prototype, function;
		char strings[sizeof("\0function")];
	} types = {
		.head = {
			.magic = BTF_MAGIC, .version = BTF_VERSION,
			.hdr_len = sizeof(struct btf_header),
			.type_len = 2 * sizeof(struct btf_type),
			.str_off = 2 * sizeof(struct btf_type), .str_len = sizeof("\0function"),
		},
		.prototype = { .info = BTF_KIND_FUNC_PROTO << 24 },
		.function = {
			.name_off = 1, .info = BTF_KIND_FUNC << 24 | BTF_FUNC_STATIC, .type = 1,
		},
		.strings = "\0function",
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = address(&types);
	attr.btf_size = sizeof(types.head) + types.head.type_len + types.head.str_len;
	return bpf(BPF_BTF_LOAD, &attr);
}

/* What is to be loaded, the same when it is asked again for the reason. */
struct program {
	const char *name;
	const struct bpf_insn *code;
	unsigned count, body;
	int types;
};

static int load(const struct program *p, char *log, uint32_t size)
{
	const struct bpf_func_info functions[] = {
		{ .insn_off = 0, .type_id = 2 }, { .insn_off = p->body, .type_id = 2 },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SK_REUSEPORT;
	attr.expected_attach_type = BPF_SK_REUSEPORT_SELECT;
	attr.insns = address(p->code);
	attr.insn_cnt = p->count;
	attr.license = address("MIT");
	attr.prog_btf_fd = (uint32_t)p->types;
	attr.func_info = address(functions);
	attr.func_info_rec_size = sizeof(*functions);
	attr.func_info_cnt = sizeof(functions) / sizeof(*functions);
	attr.log_buf = address(log);
	attr.log_size = size;
	attr.log_level = log ? 1 : 0;
	set_name(attr.prog_name, p->name);
	return bpf(BPF_PROG_LOAD, &attr);
}

/* The last line is a count, "processed 12 insns ..."; the one above says why. */
static void copy_reason(const char *log, char *why, size_t size)
{
	const char *end = log + strlen(log), *line = end;

	while (line > log) {
		if (line[-1] == '\n')
			end = --line;
		while (line > log && line[-1] != '\n')
			line--;
		if (line < end && strncmp(line, "processed ", 10) != 0)
			break;
	}
	snprintf(why, size, "%.*s", (int)(end - line), line);
}

/* Asked only once it has refused: a log costs it ten times the time. */
static void ask_why(const struct program *p, char *why, size_t size)
{
	char *log = mmap(NULL, LOG_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (log == MAP_FAILED)
		return;
	int fd = load(p, log, LOG_SIZE);
	if (fd >= 0)
		close(fd);
	else
		copy_reason(log, why, size);
	munmap(log, LOG_SIZE);
}

int bpf_reuseport_load(const char *name, const struct bpf_insn *code, unsigned count, unsigned body,
	char *why, size_t size)
{
	struct program p = { .name = name, .code = code, .count = count, .body = body };

	why[0] = '\0';
	p.types = describe_functions();
	if (p.types < 0)
		return -1;
	int fd = load(&p, NULL, 0), error = errno;
	if (fd < 0 && error != EPERM)
		ask_why(&p, why, size);
	close(p.types);
	errno = error;
	return fd;
}

int bpf_reuseport_attach(int fd, int program)
{
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program, sizeof(program));
}
