/* SPDX-License-Identifier: MIT */
/* host_left.h - what rill doctor reports of other namespaces, logout and containers. */
#ifndef HOST_LEFT_H
#define HOST_LEFT_H

#include "host.h"

/* host.c */
__attribute__((format(printf, 3, 4))) void host_tell(const struct host_report *report,
                                                     uint32_t kind, const char *format, ...);
const char *host_directory(const struct cli *cli);

/* Finds namespaces of this user in which no process has a queue open. */
void host_leftovers(const struct cli *cli, const struct host_report *report, const char *directory);
void host_logout(const struct host_report *report, const char *directory);
void host_container(const struct host_report *report);

#endif
