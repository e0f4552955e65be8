/*
 * fuzz_uri.c - fuzz target: URI lists of rua and ruf.
 */
#include "libopendmarc/parse/uri.h"
#include "tests/fuzz/fuzz.h"

/* An address goes into SMTP commands and header fields as it is. */
static void
check_address(const struct odm_uri *uri)
{
	const char *at = strchr(uri->address, '@');
	char host[ODM_NAME_MAX + 1];

	fuzz_need(at != NULL && at != uri->address && strchr(at + 1, '@') == NULL,
	    "an address has one @ behind a local part");
	fuzz_need(uri->address[0] != '-', "an address is no option");
	fuzz_need(strpbrk(uri->address, " \t\r\n<>()[]\",;:\\") == NULL, "an address is no syntax");
	fuzz_need(odm_domain_normalise(odm_span_str(at + 1), host) && strcmp(host, uri->host) == 0,
	    "the host is the address's");
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct odm_span text = fuzz_span(octets, len), rest = text;
	struct odm_uri uri;
	bool usable = false;

	while (odm_uri_next(&rest, &uri)) {
		fuzz_inside(rest, text);
		fuzz_inside(uri.text, text);
		fuzz_need(uri.text.len > 0, "empty members are passed over");
		fuzz_need(strlen(uri.address) <= ODM_URI_ADDRESS_MAX, "an address has its limit");
		for (const char *c = uri.address; *c != '\0'; c++)
			fuzz_need(*c > 0x20 && *c < 0x7f, "an address is printable ASCII");
		if (uri.malformed || uri.scheme == ODM_URI_OTHER)
			fuzz_need(uri.address[0] == '\0' && uri.host[0] == '\0', "nothing to use");
		else
			fuzz_normalised(uri.host);
		if (!uri.malformed && uri.scheme == ODM_URI_MAILTO)
			check_address(&uri);
		usable = usable || !uri.malformed;
	}
	fuzz_need(usable == odm_uri_list_usable(text), "a usable list has a well-formed URI");
	return 0;
}
