/* Serves the ports of bench/peers with lwIP, behind a TUN device that was prepared.
 *
 *     lwip --tun NAME --address 10.9.200.1 [--mtu 1500] [--backlog 128] [--verify]
 */
#include "peer.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lwip/init.h"
#include "lwip/sys.h"
#include "lwip/timeouts.h"

/* Packets that are taken from the device before the timers have their turn. */
#define BATCH 64

static const struct option OPTIONS[] = {
    {"tun", required_argument, NULL, 't'},     {"address", required_argument, NULL, 'a'},
    {"mtu", required_argument, NULL, 'm'},     {"backlog", required_argument, NULL, 'b'},
    {"verify", no_argument, NULL, 'v'},        {"offload", no_argument, NULL, 'o'},
    {NULL, 0, NULL, 0},
};

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("lwip: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    _exit(1);
}

/* ms; wraps */
u32_t sys_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (u32_t)((uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000);
}

static int number(const char *text, const char *what)
{
    char *end;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > 65535) fail("%s is a number from 1 to 65535, not %s", what, text);
    return (int)value;
}

static void terminated(int signal)
{
    (void)signal;
    _exit(0);
}

int main(int argc, char **argv)
{
    const char *name = NULL;
    ip4_addr_t address = {0};
    int mtu = 1500, backlog = 128, option;
    bool verify = false;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 't': name = optarg; break;
        case 'a':
            if (!ip4addr_aton(optarg, &address)) fail("%s is not an IPv4 address", optarg);
            break;
        case 'm': mtu = number(optarg, "--mtu"); break;
        case 'b': backlog = number(optarg, "--backlog"); break;
        case 'v': verify = true; break;
        case 'o': fail("--offload: lwIP has no segmentation offload");
        default: fail("%s is not an option, or has no value", argv[optind - 1]);
        }
    }
    if (name == NULL || address.addr == 0 || optind < argc)
        fail("--tun NAME and --address ADDRESS are needed, and nothing else but options");
    srandom((unsigned)time(NULL) ^ (unsigned)getpid());
    signal(SIGTERM, terminated);
    struct netif netif;
    lwip_init();
    struct pollfd wait = {.fd = tun_open(&netif, name, &address, mtu), .events = POLLIN};
    serve(backlog, verify);
    puts("ready");
    fflush(stdout);
    for (;;) {
        const int taken = tun_read(&netif, BATCH);
        sys_check_timeouts();
        if (taken > 0) continue;
        const u32_t limit = sys_timeouts_sleeptime();
        poll(&wait, 1, limit == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? -1 : (int)limit);
    }
}
