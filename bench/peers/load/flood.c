/* SYNs from sources that do not exist, of the network for benchmarks (RFC 2544): 198.18.0.0/15. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SYNS 64
/* SYNs that a late sender makes up for are at most those of this time, s. */
#define CATCH_UP 0.02

struct syn {
    struct iphdr ip;
    struct tcphdr tcp;
    uint8_t options[20];
} __attribute__((packed));

/* MSS 1460, SACK permitted, timestamps, no operation, window scale 7: what Linux sends. */
static const uint8_t OPTIONS[20] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7};

static uint32_t random_state;

static uint32_t random_word(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static uint32_t sum(const void *data, size_t length)
{
    const uint8_t *octets = data;
    uint32_t total = 0;
    for (size_t i = 0; i < length; i += 2) total += (uint32_t)(octets[i] << 8 | octets[i + 1]);
    return total;
}

static void make_syn(struct syn *syn, const struct sockaddr_in *to)
{
    const uint32_t source = 0xc6120000u | (random_word() & 0x1ffffu);
    memset(syn, 0, sizeof *syn);
    /* The kernel fills in the length and the checksum of the IP header. */
    syn->ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .frag_off = htons(IP_DF)};
    syn->ip.saddr = htonl(source);
    syn->ip.daddr = to->sin_addr.s_addr;
    syn->tcp.source = htons((uint16_t)(1024 + random_word() % 64512));
    syn->tcp.dest = to->sin_port;
    syn->tcp.seq = random_word();
    syn->tcp.doff = (sizeof syn->tcp + sizeof syn->options) / 4;
    syn->tcp.syn = 1;
    syn->tcp.window = htons(64240);
    memcpy(syn->options, OPTIONS, sizeof syn->options);
    const uint32_t tsval = random_word();
    memcpy(syn->options + 8, &tsval, sizeof tsval);
    const size_t length = sizeof *syn - sizeof syn->ip;
    uint32_t total = sum(&syn->ip.saddr, 8) + IPPROTO_TCP + (uint32_t)length + sum(&syn->tcp, length);
    while (total > 0xffff) total = (total >> 16) + (total & 0xffff);
    syn->tcp.check = htons((uint16_t)~total);
}

/* Returns how many of `count` the kernel took: a full queue of the device is a SYN that was not sent. */
static uint64_t send_batch(int fd, const struct sockaddr_in *to, unsigned count)
{
    static struct syn syns[SYNS];
    struct iovec pieces[SYNS];
    struct mmsghdr messages[SYNS];
    memset(messages, 0, sizeof messages);
    for (unsigned i = 0; i < count; i++) {
        make_syn(&syns[i], to);
        pieces[i] = (struct iovec){.iov_base = &syns[i], .iov_len = sizeof syns[i]};
        messages[i].msg_hdr.msg_name = (void *)to;
        messages[i].msg_hdr.msg_namelen = sizeof *to;
        messages[i].msg_hdr.msg_iov = &pieces[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int sent = sendmmsg(fd, messages, count, MSG_DONTWAIT);
    if (sent >= 0) return (uint64_t)sent;
    if (errno == EAGAIN || errno == ENOBUFS) return 0;
    die_errno("sending a SYN");
}

void run_flood(const struct options *options)
{
    const struct sockaddr_in to = address_of(options->words[0], (uint16_t)number(options->words[1], 1, 65535, "PORT"));
    if (options->rate == 0 || options->seconds == 0) die("flood needs --rate R and --seconds S");
    const int room = 4 << 20;
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (fd < 0) die_errno("a raw socket");
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    const double rate = (double)options->rate, start = now(), end = start + options->seconds;
    random_state = (uint32_t)(start * 1e6) | 1;
    uint64_t sent = 0;
    double credit = 0, last = start;
    for (double time = start; time < end; time = now()) {
        credit += (time - last) * rate;
        last = time;
        if (credit > rate * CATCH_UP + 1) credit = rate * CATCH_UP + 1;
        if (credit < 1) {
            const double wait = (1 - credit) / rate;
            const struct timespec pause = {.tv_nsec = wait < 0.001 ? 200000 : 1000000};
            nanosleep(&pause, NULL);
            continue;
        }
        const unsigned count = credit < SYNS ? (unsigned)credit : SYNS;
        sent += send_batch(fd, &to, count);
        credit -= count;
    }
    printf("{\"sent\":%llu,\"seconds\":%.3f,\"rate\":%.0f}\n", (unsigned long long)sent, now() - start,
           (double)sent / (now() - start));
}
