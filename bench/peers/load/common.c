#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void end_with(const char *format, va_list arguments, int error)
{
    char line[512];
    vsnprintf(line, sizeof line, format, arguments);
    if (error != 0) fprintf(stderr, "load: %s: %s\n", line, strerror(error));
    else fprintf(stderr, "load: %s\n", line);
    _exit(1);
}

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    end_with(format, arguments, 0);
}

void die_errno(const char *format, ...)
{
    int error = errno == EAGAIN || errno == EINPROGRESS ? ETIMEDOUT : errno;
    va_list arguments;
    va_start(arguments, format);
    end_with(format, arguments, error);
}

double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

uint64_t number(const char *text, uint64_t least, uint64_t most, const char *what)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-' || value < least || value > most)
        die("%s is a number from %llu to %llu, not %s", what, (unsigned long long)least, (unsigned long long)most, text);
    return value;
}

struct sockaddr_in address_of(const char *text, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, text, &address.sin_addr) != 1) die("%s is not an IPv4 address", text);
    return address;
}

int plain_socket(int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0) die_errno("socket");
    /* BBR paces, where it is the default. The sysctl is closed to namespaces, this is not; `load congestion` tells. */
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
    return fd;
}

void run_congestion(const struct options *options)
{
    char name[16] = "";
    socklen_t length = sizeof name;
    (void)options;
    getsockopt(plain_socket(0), IPPROTO_TCP, TCP_CONGESTION, name, &length);
    printf("{\"congestion\":\"%.16s\"}\n", name);
}

int tcp_socket(const struct options *options, uint64_t nth, int flags)
{
    const int on = 1;
    int fd = plain_socket(flags);
    if (options->sources_count == 0) return fd;
    struct sockaddr_in from = {.sin_family = AF_INET};
    uint32_t first = ntohl(options->sources.s_addr);
    from.sin_addr.s_addr = htonl(first + (uint32_t)(nth % (uint64_t)options->sources_count));
    /* The port is chosen by connect(), which knows the other end: 28,000 for each address and not for all. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0) die_errno("bind to %s", inet_ntoa(from.sin_addr));
    return fd;
}

int tcp_try_connect(const struct options *options, uint64_t nth, const struct sockaddr_in *to)
{
    const struct timeval limit = {.tv_sec = STALLED};
    int fd = tcp_socket(options, nth, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0) return fd;
    if (errno != ECONNREFUSED && errno != ECONNRESET)
        die_errno("connect to %s:%u", inet_ntoa(to->sin_addr), ntohs(to->sin_port));
    close(fd);
    return -1;
}

int tcp_connect(const struct options *options, uint64_t nth, const struct sockaddr_in *to)
{
    const int fd = tcp_try_connect(options, nth, to);
    if (fd < 0) die("connect to %s:%u: refused", inet_ntoa(to->sin_addr), ntohs(to->sin_port));
    return fd;
}

void write_all(int fd, const void *data, size_t length)
{
    const uint8_t *octets = data;
    while (length > 0) {
        ssize_t written = write(fd, octets, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) die_errno("write");
        octets += written;
        length -= (size_t)written;
    }
}

void allow_descriptors(uint64_t count)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= count + 64) return;
    if (limit.rlim_max < count + 64)
        die("%llu connections need more descriptors than may be had (ulimit -Hn: %llu)", (unsigned long long)count,
            (unsigned long long)limit.rlim_max);
    limit.rlim_cur = count + 64;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die_errno("setrlimit");
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_doubles(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
}

double percentile(const double *sorted, size_t count, double part)
{
    if (count == 0) return 0;
    size_t at = (size_t)(part * (double)count);
    return sorted[at < count ? at : count - 1];
}
