/*
 * fuzz_savedmsg.c - fuzz target: the header of a saved message.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "opendmarc/savedmsg.h"
#include "tests/fuzz/fuzz.h"

/* The octets as a file that has a path; its descriptor. */
static int
as_file(const uint8_t *octets, size_t len, char *path, size_t size)
{
	int fd = memfd_create("message", MFD_CLOEXEC);
	int n = snprintf(path, size, "/proc/self/fd/%d", fd);

	if (fd < 0 || n < 0 || (size_t)n >= size || write(fd, octets, len) != (ssize_t)len)
		abort();
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	size_t fields = 0, seen = 0;
	struct savedmsg m;
	const char *why;
	char path[64];
	int fd = as_file(octets, len, path, sizeof(path));

	fuzz_need(savedmsg_open(&m, path, &why), "a file that can be read is opened");
	while (savedmsg_next(&m)) {
		fields++;
		seen += m.name.len + m.value.len;
		fuzz_need(m.name.len > 0, "a field has a name");
		fuzz_need(strpbrk(m.name.at, ": \t\r\n") == NULL, "a name is one word");
		fuzz_need(strlen(m.name.at) == m.name.len, "a name is text");
		fuzz_need(m.value.len == 0 || m.value.at[0] != '\n' ||
		    odm_is_wsp(m.value.at[1]), "a line of a value begins with a blank");
	}
	fuzz_need(fields <= len && seen <= len, "nothing is read twice");
	savedmsg_close(&m);
	close(fd);
	return 0;
}
