/* SPDX-License-Identifier: MIT */
/*
 * symbol.c - the name of the function at an address of an ELF file's, static ones too (elf(5)).
 *
 * The file may be anything by now, and is not trusted: every offset in it is checked.
 */
#include "sys/symbol.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
	const unsigned char *at;
	size_t               size;
};

/* count things of size each at offset, which are aligned there as all parts of a file that was
 * linked are; NULL if they are not all in the file. */
static const void *part(const struct file *f, uint64_t offset, uint64_t count, size_t size)
{
	size_t step = size < sizeof(void *) ? size : sizeof(void *);

	if (offset > f->size || count > (f->size - offset) / size || offset % step != 0)
		return NULL;
	return f->at + offset;
}

/* Of a shared object or a position-independent program: addresses in it count from its base. */
static const ElfW(Ehdr) *head_of(const struct file *f)
{
	const ElfW(Ehdr) *head = part(f, 0, 1, sizeof(*head));
	const unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;

	if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_ident[EI_CLASS] != class
		|| head->e_type != ET_DYN || head->e_phentsize != sizeof(ElfW(Phdr)) || head->e_shentsize != sizeof(ElfW(Shdr)))
		return NULL;
	return head;
}

/* By its headers and notes, of which one is the linker's sum of all of it (ld(1), --build-id). */
static bool is_in_memory(const struct file *f, const ElfW(Ehdr) *head, const unsigned char *base)
{
	const ElfW(Phdr) *segments = part(f, head->e_phoff, head->e_phnum, sizeof(*segments));
	size_t len = head->e_phnum * sizeof(*segments);

	if (!segments || memcmp(head, base, sizeof(*head)) != 0
		|| memcmp(segments, base + head->e_phoff, len) != 0)
		return false;
	for (unsigned i = 0; i < head->e_phnum; i++) {
		const ElfW(Phdr) *s = &segments[i];
		const void *note = part(f, s->p_offset, s->p_filesz, 1);
		if (s->p_type == PT_NOTE
			&& (!note || memcmp(note, base + s->p_vaddr, s->p_filesz) != 0))
			return false;
	}
	return true;
}

static const ElfW(Shdr) *find_section(const struct file *f, const ElfW(Ehdr) *head, uint32_t type)
{
	const ElfW(Shdr) *sections = part(f, head->e_shoff, head->e_shnum, sizeof(*sections));

	for (unsigned i = 0; sections && i < head->e_shnum; i++)
		if (sections[i].sh_type == type && sections[i].sh_link < head->e_shnum)
			return &sections[i];
	return NULL;
}

static const ElfW(Sym) *find_function(const struct file *f, const ElfW(Shdr) *table,
	uintptr_t offset)
{
	uint64_t count = table->sh_size / sizeof(ElfW(Sym));
	const ElfW(Sym) *symbols = part(f, table->sh_offset, count, sizeof(*symbols));

	for (uint64_t i = 0; symbols && i < count; i++)
		if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC && symbols[i].st_shndx != SHN_UNDEF
			&& offset >= symbols[i].st_value
			&& offset - symbols[i].st_value < symbols[i].st_size)
			return &symbols[i];
	return NULL;
}

static bool copy_name(const struct file *f, const ElfW(Shdr) *names, uint64_t at, char *out,
	size_t size)
{
	const char *all = part(f, names->sh_offset, names->sh_size, 1);

	if (!all || at >= names->sh_size)
		return false;
	size_t len = strnlen(all + at, names->sh_size - at);
	if (len >= size)
		len = size - 1;
	memcpy(out, all + at, len);
	out[len] = '\0';
	return len > 0;
}

static int find_in(const struct file *f, const ElfW(Ehdr) *head, uint32_t type, uintptr_t offset,
	char *out, size_t size, uintptr_t *into)
{
	const ElfW(Shdr) *table = find_section(f, head, type);
	const ElfW(Sym) *symbol = table ? find_function(f, table, offset) : NULL;

	if (!symbol)
		return -1;
	const ElfW(Shdr) *sections = part(f, head->e_shoff, head->e_shnum, sizeof(*sections));
	if (!copy_name(f, &sections[table->sh_link], symbol->st_name, out, size))
		return -1;
	*into = offset - symbol->st_value;
	return 0;
}

static int map(const char *path, struct file *f)
{
	struct stat s;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	f->size = fstat(fd, &s) == 0 ? (size_t)s.st_size : 0;
	void *at = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	f->at = at;
	return at == MAP_FAILED ? -1 : 0;
}

int symbol_find(const char *path, const void *base, uintptr_t offset, char *out, size_t size,
	uintptr_t *into)
{
	struct file f;
	int result = -1;

	if (map(path, &f) < 0)
		return -1;
	const ElfW(Ehdr) *head = head_of(&f);
	if (head && is_in_memory(&f, head, base)) {
		result = find_in(&f, head, SHT_SYMTAB, offset, out, size, into);
		if (result < 0)
			result = find_in(&f, head, SHT_DYNSYM, offset, out, size, into);
	}
	(void)munmap((void *)(uintptr_t)f.at, f.size);
	return result;
}
