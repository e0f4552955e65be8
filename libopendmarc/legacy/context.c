/*
 * context.c - opendmarc_policy_connect_*(): the life of a context.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libopendmarc/legacy/legacy.h"

/* Frees and zeroes everything but the client address. */
static void
forget_message(DMARC_POLICY_T *pctx)
{
	char *ip = pctx->ip;
	bool is_ipv6 = pctx->is_ipv6;

	free(pctx->spf_human);
	free(pctx->best.selector);
	free(pctx->best.human);
	free(pctx->text);
	(void)opendmarc_util_clearargv(pctx->rua);
	(void)opendmarc_util_clearargv(pctx->ruf);
	memset(pctx, 0, sizeof(*pctx));
	pctx->ip = ip;
	pctx->is_ipv6 = is_ipv6;
}

DMARC_POLICY_T *
opendmarc_policy_connect_init(u_char *ip_addr, int is_ipv6)
{
	DMARC_POLICY_T *pctx;

	if (ip_addr == NULL) {
		errno = EINVAL;
		return NULL;
	}
	pctx = calloc(1, sizeof(*pctx));
	if (pctx == NULL)
		return NULL;
	if (!legacy_replace(&pctx->ip, ip_addr)) {
		free(pctx);
		return NULL;
	}
	pctx->is_ipv6 = is_ipv6 != 0;
	return pctx;
}

DMARC_POLICY_T *
opendmarc_policy_connect_rset(DMARC_POLICY_T *pctx)
{
	if (pctx == NULL) {
		errno = EINVAL;
		return NULL;
	}
	forget_message(pctx);
	return pctx;
}

DMARC_POLICY_T *
opendmarc_policy_connect_clear(DMARC_POLICY_T *pctx)
{
	if (opendmarc_policy_connect_rset(pctx) == NULL)
		return NULL;
	free(pctx->ip);
	pctx->ip = NULL;
	pctx->is_ipv6 = false;
	return pctx;
}

DMARC_POLICY_T *
opendmarc_policy_connect_shutdown(DMARC_POLICY_T *pctx)
{
	if (pctx != NULL)
		free(opendmarc_policy_connect_clear(pctx));
	return NULL;
}
