/*
 * query.c - one blocking query of the 1.x API against a name server on 127.0.0.1:
 * query PORT DOMAIN [URI]. Prints what was found and H_ERRNO. Used by test_query.py.
 */
#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/dmarc.h"

int
main(int argc, char **argv)
{
	char dump[4096], *error;
	u_char used[DMARC_MAXHOSTNAMELEN] = "-";
	OPENDMARC_LIB_T lib;
	DMARC_POLICY_T *c;
	int status, p = 0;

	if (argc < 3)
		return 64;
	memset(&lib, 0, sizeof(lib));
	lib.nscount = 1;
	lib.nsaddr_list[0].sin_family = AF_INET;
	lib.nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	lib.nsaddr_list[0].sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	if (opendmarc_policy_library_init(&lib) != DMARC_PARSE_OKAY)
		return 1;
	c = opendmarc_policy_connect_init((u_char *)argv[1], 0);
	if (c == NULL)
		return 1;
	status = opendmarc_policy_query_dmarc(c, (u_char *)argv[2]);
	(void)opendmarc_policy_fetch_p(c, &p);
	(void)opendmarc_policy_fetch_utilized_domain(c, used, sizeof(used));
	printf("status %d p %c domain %s", status, p == 0 ? '-' : p, (char *)used);
	if (argc > 3)
		printf(" destination %d", opendmarc_policy_query_dmarc_xdomain(c,
		    (u_char *)argv[3]));
	if (opendmarc_policy_to_buf(c, dump, sizeof(dump)) == 0) {
		error = strstr(dump, "H_ERRNO=") + strlen("H_ERRNO=");
		error[strcspn(error, "\n")] = '\0';
		printf(" error %s\n", error[0] == '\0' ? "-" : error);
	}
	(void)opendmarc_policy_connect_shutdown(c);
	(void)opendmarc_policy_library_shutdown(&lib);
	return 0;
}
