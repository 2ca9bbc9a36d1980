/* Many connections at once, held. A process may have only so many descriptors, so several of them share the work. */
#include "load.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Opens `count`, at most -c of them half-open at a time. */
static void open_all(const struct options *options, const struct sockaddr_in *to, int *fds, uint64_t first,
                     uint64_t count)
{
    const uint64_t width = options->connections > 0 ? (uint64_t)options->connections : 64;
    uint64_t begun = 0, open = 0, refused = 0;
    struct epoll_event events[BATCH];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    while (open < count) {
        for (; begun < count && begun - open < width; begun++) {
            fds[begun] = connect_begin(options, first + begun, to);
            watch(epoll, fds[begun], EPOLLOUT, begun);
        }
        int ready = epoll_wait(epoll, events, BATCH, STALLED * 1000);
        if (ready == 0) die("no connection opened within %d s, after %llu", STALLED, (unsigned long long)open);
        for (int i = 0; i < ready; i++) {
            const uint64_t nth = events[i].data.u64;
            int error = 0;
            socklen_t length = sizeof error;
            getsockopt(fds[nth], SOL_SOCKET, SO_ERROR, &error, &length);
            if (error != 0) {
                errno = error;
                if (++refused > count + 1000) die_errno("%llu connections failed, the last", (unsigned long long)refused);
                close(fds[nth]);
                fds[nth] = connect_begin(options, first + nth, to);
                watch(epoll, fds[nth], EPOLLOUT, nth);
                continue;
            }
            epoll_ctl(epoll, EPOLL_CTL_DEL, fds[nth], NULL);
            open++;
        }
    }
    close(epoll);
}

/* Holds `count` connections until `stop` ends, after an octet to `ready`. Returns how many did not last. */
static uint64_t hold_share(const struct options *options, uint64_t first, uint64_t count, int ready, int stop)
{
    const struct sockaddr_in to = address_of(options->words[0], PORT_HOLD);
    uint64_t lost = 0;
    uint8_t octet = 0;
    int *fds = malloc(count * sizeof *fds);
    allow_descriptors(count);
    open_all(options, &to, fds, first, count);
    write_all(ready, &octet, 1);
    while (read(stop, &octet, 1) > 0) continue;
    for (uint64_t i = 0; i < count; i++) {
        if (recv(fds[i], &octet, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN) lost++;
        close(fds[i]);
    }
    free(fds);
    return lost;
}

/* Forks a process that holds a share. Returns when all of it is open; false: the child failed, and has said why. */
static bool fork_share(const struct options *options, uint64_t first, uint64_t count, const int stop[2])
{
    int ready[2];
    uint8_t octet;
    if (pipe(ready) != 0) die_errno("pipe");
    pid_t child = fork();
    if (child < 0) die_errno("fork");
    if (child == 0) {
        close(ready[0]);
        close(stop[1]);
        const uint64_t lost = hold_share(options, first, count, ready[1], stop[0]);
        if (lost > 0) die("%llu of %llu connections did not last", (unsigned long long)lost, (unsigned long long)count);
        _exit(0);
    }
    close(ready[1]);
    const bool open = read(ready[0], &octet, 1) == 1;
    close(ready[0]);
    return open;
}

void run_hold(const struct options *options)
{
    const uint64_t count = number(options->words[1], 1, 10000000, "COUNT");
    struct rlimit limit;
    int stop[2], status;
    bool failed = false;
    uint8_t octet;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < 128) die("a process may have only %llu descriptors here", (unsigned long long)limit.rlim_max);
    const uint64_t share = limit.rlim_max - 64;
    if (pipe(stop) != 0) die_errno("pipe");
    const double start = now();
    for (uint64_t first = 0; first < count && !failed; first += share)
        failed = !fork_share(options, first, count - first < share ? count - first : share, stop);
    if (!failed) {
        printf("{\"count\":%llu,\"seconds\":%.6f}\n", (unsigned long long)count, now() - start);
        fflush(stdout);
        while (read(STDIN_FILENO, &octet, 1) > 0) continue;
    }
    close(stop[1]);
    while (wait(&status) > 0)
        if (status != 0) failed = true;
    if (failed) _exit(1);
}
