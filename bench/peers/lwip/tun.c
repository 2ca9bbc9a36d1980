/* A TUN device as an interface of lwIP's. */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lwip/ip4.h"
#include "lwip/pbuf.h"

/* Pieces that a packet may consist of: headers, and payload in one or two. */
#define PIECES 16

static int device;
/* The packet to be read next has its buffer already when the last read found none. */
static struct pbuf *spare;

static err_t send_packet(struct netif *netif, struct pbuf *packet, const ip4_addr_t *next_hop)
{
    struct iovec pieces[PIECES];
    int count = 0;
    (void)netif;
    (void)next_hop;
    for (struct pbuf *p = packet; p != NULL; p = p->next) {
        if (count == PIECES) return ERR_BUF;
        pieces[count++] = (struct iovec){.iov_base = p->payload, .iov_len = p->len};
    }
    return writev(device, pieces, count) < 0 ? ERR_IF : ERR_OK;
}

int tun_read(struct netif *netif, int most)
{
    int count = 0;
    for (; count < most; count++) {
        if (spare == NULL) spare = pbuf_alloc(PBUF_RAW, PBUF_POOL_BUFSIZE, PBUF_POOL);
        if (spare == NULL) break;
        ssize_t length = read(device, spare->payload, PBUF_POOL_BUFSIZE);
        if (length <= 0) break;
        struct pbuf *packet = spare;
        spare = NULL;
        packet->len = packet->tot_len = (u16_t)length;
        if (netif->input(packet, netif) != ERR_OK) pbuf_free(packet);
    }
    return count;
}

static err_t start(struct netif *netif)
{
    netif->name[0] = 't';
    netif->name[1] = 'n';
    netif->output = send_packet;
    netif->flags |= NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

int tun_open(struct netif *netif, const char *name, const ip4_addr_t *address, int mtu)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    const ip4_addr_t any = {0}, mask = {PP_HTONL(0xffff0000)};
    device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device < 0) fail("/dev/net/tun: %s", strerror(errno));
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(device, TUNSETIFF, &request) != 0) fail("TUN device %s: %s", name, strerror(errno));
    if (netif_add(netif, address, &mask, &any, NULL, start, ip4_input) == NULL) fail("netif_add");
    /* Segments are no longer than TCP_MSS in any case, and a buffer of the pool takes one. */
    netif->mtu = (u16_t)(mtu > 1500 ? 1500 : mtu);
    netif_set_default(netif);
    netif_set_up(netif);
    return device;
}
