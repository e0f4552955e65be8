/*
 * nullmilter.c - a filter that does nothing, with the callbacks and flags of opendmarc:
 * what libmilter itself costs.
 *
 * usage: nullmilter SOCKET		as smfi_setconn() takes it
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <libmilter/mfapi.h>

#define PACKET_MAX	(2 * 1024 * 1024)
#define STEPS		(SMFIP_NORCPT | SMFIP_NODATA | SMFIP_NOEOH | SMFIP_NOBODY | \
			 SMFIP_NOUNKNOWN | SMFIP_NR_HELO | SMFIP_NR_HDR)
#define DESCRIPTORS_MAX	64	/* the listening socket is one of the first */

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long offered, unsigned long steps, unsigned long f2,
    unsigned long f3, unsigned long *actions_r, unsigned long *steps_r, unsigned long *pf2,
    unsigned long *pf3)
{
	(void)ctx;
	(void)f2;
	(void)f3;
	*actions_r = offered & (SMFIF_ADDHDRS | SMFIF_CHGHDRS);
	*steps_r = steps & STEPS;
	*pf2 = *pf3 = 0;
	return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *sa)
{
	(void)ctx;
	(void)host;
	(void)sa;
	return SMFIS_CONTINUE;
}

static sfsistat
on_helo(SMFICTX *ctx, char *helo)
{
	(void)ctx;
	(void)helo;
	return SMFIS_NOREPLY;
}

static sfsistat
on_mail(SMFICTX *ctx, char **args)
{
	(void)ctx;
	(void)args;
	return SMFIS_CONTINUE;
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return SMFIS_NOREPLY;
}

static sfsistat
on_end(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_ACCEPT;
}

static sfsistat
on_abort_or_close(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

/* TCP_NODELAY, which accepted sockets inherit; no harm to a UNIX socket. */
static void
tune(void)
{
	int accepts, on = 1;
	socklen_t len;

	for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
		len = sizeof(accepts);
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &len) == 0 && accepts != 0)
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	}
}

int
main(int argc, char **argv)
{
	struct smfiDesc desc = {
		.xxfi_name = (char[]){ "nullmilter" },
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_header = on_header,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort_or_close,
		.xxfi_close = on_abort_or_close,
		.xxfi_negotiate = on_negotiate,
	};

	if (argc != 2) {
		fprintf(stderr, "usage: nullmilter SOCKET\n");
		return 64;
	}
	(void)smfi_setmaxdatasize(PACKET_MAX);
	if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(desc) != MI_SUCCESS ||
	    smfi_opensocket(true) != MI_SUCCESS) {
		fprintf(stderr, "nullmilter: cannot listen on %s\n", argv[1]);
		return EXIT_FAILURE;
	}
	tune();
	return smfi_main() == MI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
