/*
 * notify.h - tells a service manager how the daemon is doing: sd_notify(3), a datagram to
 * the socket that NOTIFY_SOCKET names. Without that variable every call does nothing.
 */
#ifndef OPENDMARC_NOTIFY_H
#define OPENDMARC_NOTIFY_H

/*
 * A descriptor for the other calls, connected while the socket can be reached: before the
 * root directory and the user change. -1: nobody wants to know.
 */
int dmf_notify_open(void);

/* It serves. */
void dmf_notify_ready(int fd);

/* It reads its configuration again; dmf_notify_ready() must follow. */
void dmf_notify_reloading(int fd);

/* It was told to stop. */
void dmf_notify_stopping(int fd);

#endif
