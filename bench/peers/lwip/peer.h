/* What the parts of the program share. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>

#include "lwip/netif.h"

/* Prints one line and ends with 1. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Attaches to a device that exists, and gives lwIP an interface on it. Returns the descriptor. */
int tun_open(struct netif *netif, const char *name, const ip4_addr_t *address, int mtu);
/* Gives lwIP at most `most` packets. Returns how many there were. */
int tun_read(struct netif *netif, int most);

void serve(int backlog, bool verify);

#endif
