/*
 * domain.c - domain names in normal form. IDNA by libidn2, the rest by RFC 1035.
 */
#include <idn2.h>
#include <stdlib.h>

#include "libopendmarc/base/domain.h"

static bool
is_ascii(struct odm_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	return true;
}

static bool
is_name_octet(char c)
{
	return odm_is_alnum(c) || c == '-' || c == '_';
}

/*
 * Lower-cases an ASCII name into name_r and checks labels, lengths and octets.
 * One final dot is dropped. The last label must not be all digits: no such
 * top-level domain exists, and "192.0.2.1" is not a name.
 */
static bool
normalise_ascii(struct odm_span raw, char name_r[ODM_NAME_MAX + 1])
{
	size_t label = 0;
	bool letters = false;

	if (raw.len > 0 && raw.at[raw.len - 1] == '.')
		raw.len--;
	if (raw.len == 0 || raw.len > ODM_NAME_MAX)
		return false;
	for (size_t i = 0; i < raw.len; i++) {
		char c = odm_lower(raw.at[i]);

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			letters = false;
		} else {
			if (!is_name_octet(c) || ++label > ODM_LABEL_MAX)
				return false;
			letters = letters || !odm_is_digit(c);
		}
		name_r[i] = c;
	}
	name_r[raw.len] = '\0';
	return label > 0 && letters;
}

/* A U-label form to its A-label form: strict IDNA2008 lookup with its mapping. */
static bool
normalise_utf8(struct odm_span raw, char name_r[ODM_NAME_MAX + 1])
{
	/* A U-label never needs more than four octets where its A-label has one. */
	char utf8[4 * ODM_NAME_MAX + 1];
	char *ascii = NULL;
	bool good;

	if (!odm_span_copy(raw, utf8, sizeof(utf8)))
		return false;
	if (idn2_to_ascii_8z(utf8, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return false;
	good = normalise_ascii(odm_span_str(ascii), name_r);
	idn2_free(ascii);
	return good;
}

bool
odm_domain_normalise(struct odm_span raw, char name_r[ODM_NAME_MAX + 1])
{
	bool good = is_ascii(raw) ? normalise_ascii(raw, name_r) : normalise_utf8(raw, name_r);

	if (!good)
		name_r[0] = '\0';
	return good;
}

size_t
odm_domain_labels(const char *name)
{
	size_t labels = name[0] == '\0' ? 0 : 1;

	for (; *name != '\0'; name++)
		labels += *name == '.';
	return labels;
}

const char *
odm_domain_suffix(const char *name, size_t n)
{
	size_t labels = odm_domain_labels(name);

	for (; labels > n; labels--) {
		const char *dot = strchr(name, '.');

		if (dot == NULL)
			return name + strlen(name);
		name = dot + 1;
	}
	return name;
}

bool
odm_domain_is_below(const char *name, const char *parent)
{
	size_t len = strlen(name), parent_len = strlen(parent);

	return parent_len > 0 && len > parent_len && name[len - parent_len - 1] == '.' &&
	    memcmp(name + len - parent_len, parent, parent_len) == 0;
}

struct odm_span
odm_domain_of_address(struct odm_span address)
{
	size_t at;

	address = odm_span_trim(address);
	if (address.len >= 2 && address.at[0] == '<' && address.at[address.len - 1] == '>')
		address = odm_span_sub(address, 1, address.len - 1);
	at = odm_span_rfind(address, '@');
	return at == address.len ? address : odm_span_sub(address, at + 1, address.len);
}
