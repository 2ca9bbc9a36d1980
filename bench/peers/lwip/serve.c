/* The ports of bench/peers, with lwIP's raw API. */
#include "peer.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "lwip/tcp.h"

/* Octets that are given to tcp_write() at once: whole segments, fewer than 65,536 and BLOCK_PIECE. */
#define PORTION (44 * TCP_MSS)

struct stream {
    uint64_t at;
    uint64_t octets;
    uint8_t request[8];
    unsigned requested; /* octets of the request that came */
};

static bool verifying;

/* tcp_close() may find no memory for its FIN; the connection is given up then. */
static err_t finish(struct tcp_pcb *pcb)
{
    free(pcb->callback_arg);
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    if (tcp_close(pcb) == ERR_OK) return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
}

static void lost(void *argument, err_t error)
{
    (void)error;
    free(argument);
}

static err_t echo(void *argument, struct tcp_pcb *pcb, struct pbuf *packet, err_t error)
{
    (void)argument;
    (void)error;
    if (packet == NULL) return finish(pcb);
    /* Refused, a packet is offered again later. */
    if (packet->tot_len > tcp_sndbuf(pcb)) return ERR_MEM;
    for (struct pbuf *p = packet; p != NULL; p = p->next)
        if (tcp_write(pcb, p->payload, p->len, TCP_WRITE_FLAG_COPY) != ERR_OK) fail("an echo finds no memory");
    tcp_recved(pcb, packet->tot_len);
    tcp_output(pcb);
    pbuf_free(packet);
    return ERR_OK;
}

static err_t discard(void *argument, struct tcp_pcb *pcb, struct pbuf *packet, err_t error)
{
    struct stream *stream = argument;
    (void)error;
    if (packet == NULL) return finish(pcb);
    for (struct pbuf *p = packet; p != NULL; p = p->next) {
        if (verifying && !block_matches(p->payload, p->len, stream->at))
            fail("the octets from %llu on are not those of the stream", (unsigned long long)stream->at);
        stream->at += p->len;
    }
    tcp_recved(pcb, packet->tot_len);
    pbuf_free(packet);
    return ERR_OK;
}

/* Writes without a copy: the block stays where it is. */
static err_t source_more(struct stream *stream, struct tcp_pcb *pcb)
{
    while (stream->at < stream->octets) {
        const uint64_t left = stream->octets - stream->at;
        const u16_t length = left < PORTION ? (u16_t)left : PORTION;
        if (tcp_sndbuf(pcb) < length || tcp_write(pcb, block_at(stream->at), length, 0) != ERR_OK) break;
        stream->at += length;
    }
    if (stream->at == stream->octets) return finish(pcb);
    tcp_output(pcb);
    return ERR_OK;
}

static err_t source_sent(void *argument, struct tcp_pcb *pcb, u16_t length)
{
    struct stream *stream = argument;
    (void)length;
    return stream->requested == sizeof stream->request ? source_more(stream, pcb) : ERR_OK;
}

static err_t source(void *argument, struct tcp_pcb *pcb, struct pbuf *packet, err_t error)
{
    struct stream *stream = argument;
    (void)error;
    if (packet == NULL) return finish(pcb);
    const unsigned before = stream->requested;
    const u16_t wanted = (u16_t)(sizeof stream->request - before);
    stream->requested += pbuf_copy_partial(packet, stream->request + before, wanted, 0);
    tcp_recved(pcb, packet->tot_len);
    pbuf_free(packet);
    if (before == stream->requested || stream->requested < sizeof stream->request) return ERR_OK;
    memcpy(&stream->octets, stream->request, sizeof stream->octets);
    stream->octets = le64toh(stream->octets);
    return source_more(stream, pcb);
}

static err_t hold(void *argument, struct tcp_pcb *pcb, struct pbuf *packet, err_t error)
{
    (void)argument;
    (void)error;
    if (packet == NULL) return finish(pcb);
    tcp_recved(pcb, packet->tot_len);
    pbuf_free(packet);
    return ERR_OK;
}

struct service {
    u16_t port;
    tcp_recv_fn receive; /* NULL: closes at once */
    tcp_sent_fn sent;
    bool stream;
};

static const struct service SERVICES[] = {
    {7, echo, NULL, false}, {9, discard, NULL, true}, {19, source, source_sent, true},
    {80, NULL, NULL, false}, {81, hold, NULL, false},
};

static err_t accepted(void *argument, struct tcp_pcb *pcb, err_t error)
{
    const struct service *service = argument;
    struct stream *stream = NULL;
    if (error != ERR_OK || pcb == NULL) return ERR_VAL;
    tcp_arg(pcb, NULL);
    if (service->receive == NULL) return finish(pcb);
    if (service->stream && (stream = calloc(1, sizeof *stream)) == NULL) return ERR_MEM;
    tcp_nagle_disable(pcb);
    tcp_arg(pcb, stream);
    tcp_recv(pcb, service->receive);
    tcp_sent(pcb, service->sent);
    tcp_err(pcb, lost);
    return ERR_OK;
}

void serve(int backlog, bool verify)
{
    verifying = verify;
    block_fill();
    for (size_t i = 0; i < sizeof SERVICES / sizeof *SERVICES; i++) {
        struct tcp_pcb *pcb = tcp_new();
        if (pcb == NULL || tcp_bind(pcb, IP_ADDR_ANY, SERVICES[i].port) != ERR_OK) fail("bind to port %u", SERVICES[i].port);
        /* lwIP counts to 255. */
        pcb = tcp_listen_with_backlog(pcb, (u8_t)(backlog > 255 ? 255 : backlog));
        if (pcb == NULL) fail("listen at port %u", SERVICES[i].port);
        tcp_arg(pcb, (void *)&SERVICES[i]);
        tcp_accept(pcb, accepted);
    }
}
