/* Many connections, one after the other: as a rate, and at even distances beside a flood. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

int connect_begin(const struct options *options, uint64_t nth, const struct sockaddr_in *to)
{
    int fd = tcp_socket(options, nth, SOCK_NONBLOCK);
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0 && errno != EINPROGRESS)
        die_errno("connect to %s:%u", inet_ntoa(to->sin_addr), ntohs(to->sin_port));
    return fd;
}

void watch(int epoll, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) die_errno("epoll_ctl");
}

/* One after another needs no epoll: as few system calls as there can be. Returns as at_once() does. */
static uint64_t one_by_one(const struct options *options, const struct sockaddr_in *to, uint64_t count)
{
    uint64_t refused = 0;
    for (uint64_t done = 0; done < count;) {
        uint8_t octet;
        const int fd = tcp_try_connect(options, done + refused, to);
        const ssize_t length = fd < 0 ? -1 : read(fd, &octet, 1);
        if (length > 0) die("connection %llu brought an octet where its end was expected", (unsigned long long)done);
        if (length < 0 && fd >= 0 && errno != ECONNRESET) die_errno("connection %llu", (unsigned long long)done);
        if (length == 0) done++;
        else if (++refused > count + 1000) die("%llu connections were refused or reset", (unsigned long long)refused);
        if (fd >= 0) close(fd);
    }
    return refused;
}

/* Returns how many were refused or reset, each of which was tried again. */
static uint64_t at_once(const struct options *options, const struct sockaddr_in *to, uint64_t count, uint64_t width)
{
    uint64_t begun = 0, done = 0, refused = 0;
    struct epoll_event events[BATCH];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (; begun < width && begun < count; begun++) {
        int fd = connect_begin(options, begun, to);
        watch(epoll, fd, EPOLLIN, (uint64_t)fd);
    }
    while (done < count) {
        int ready = epoll_wait(epoll, events, BATCH, STALLED * 1000);
        if (ready == 0) die("no connection ended within %d s, after %llu", STALLED, (unsigned long long)done);
        for (int i = 0; i < ready; i++) {
            uint8_t octet;
            int fd = (int)events[i].data.u64;
            ssize_t length = read(fd, &octet, 1);
            if (length > 0) die("a connection brought an octet where its end was expected");
            if (length < 0 && errno == EAGAIN) continue;
            if (length < 0 && ++refused > count + 1000) die_errno("%llu connections failed, the last", (unsigned long long)refused);
            close(fd);
            if (length == 0) done++;
            if (length == 0 && begun >= count) continue;
            if (length == 0) begun++;
            fd = connect_begin(options, begun + refused, to);
            watch(epoll, fd, EPOLLIN, (uint64_t)fd);
        }
    }
    close(epoll);
    return refused;
}

void run_connections(const struct options *options)
{
    const struct sockaddr_in to = address_of(options->words[0], PORT_CLOSE);
    const uint64_t count = number(options->words[1], 1, 1000000000, "COUNT");
    const uint64_t width = options->connections > 0 ? (uint64_t)options->connections : 1;
    allow_descriptors(width);
    const double cpu = cpu_seconds(), start = now();
    const uint64_t refused =
        width == 1 ? one_by_one(options, &to, count) : at_once(options, &to, count, width);
    printf("{\"count\":%llu,\"seconds\":%.6f,\"cpu\":%.6f,\"refused\":%llu}\n", (unsigned long long)count,
           now() - start, cpu_seconds() - cpu, (unsigned long long)refused);
}

/* A client gives up after this time, s. */
#define PATIENCE 3.0

struct client {
    int fd;
    double begun;
    double connected; /* s after `begun`; 0: not yet */
};

struct honest {
    int epoll;
    struct client *clients;
    uint64_t tried, oldest, served;
    double *connects, *ends; /* ms, of those that were served */
};

static void leave(struct client *client)
{
    close(client->fd);
    client->fd = -1;
}

static void honest_event(struct honest *all, struct client *client, uint32_t events)
{
    uint8_t octet;
    if (client->fd < 0) return;
    if (client->connected == 0 && !(events & EPOLLERR)) client->connected = now() - client->begun;
    if (events & EPOLLERR) {
        leave(client);
        return;
    }
    if (!(events & (EPOLLIN | EPOLLHUP))) return;
    if (read(client->fd, &octet, 1) >= 0) {
        all->connects[all->served] = client->connected * 1000;
        all->ends[all->served++] = (now() - client->begun) * 1000;
    } else if (errno == EAGAIN) {
        return;
    }
    leave(client);
}

static void give_up(struct honest *all, double before)
{
    for (; all->oldest < all->tried && all->clients[all->oldest].begun < before; all->oldest++)
        if (all->clients[all->oldest].fd >= 0) leave(&all->clients[all->oldest]);
}

void run_honest(const struct options *options)
{
    const struct sockaddr_in to = address_of(options->words[0], (uint16_t)number(options->words[1], 1, 65535, "PORT"));
    if (options->every == 0 || options->seconds == 0) die("honest needs --every MS and --seconds S");
    const uint64_t count = (uint64_t)(options->seconds * 1000 / options->every) + 1;
    struct honest all = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    struct epoll_event events[BATCH];
    all.clients = calloc(count, sizeof *all.clients);
    all.connects = calloc(count, sizeof *all.connects);
    all.ends = calloc(count, sizeof *all.ends);
    allow_descriptors((uint64_t)(PATIENCE * 1000 / options->every) + 1);
    const double start = now();
    while (all.oldest < count) {
        const double time = now();
        double next = start + (double)all.tried * options->every / 1000;
        if (all.tried < count && time >= next) {
            struct client *client = &all.clients[all.tried];
            *client = (struct client){.fd = connect_begin(options, all.tried, &to), .begun = time};
            watch(all.epoll, client->fd, EPOLLIN | EPOLLOUT | EPOLLET, all.tried++);
            next += options->every / 1000;
        }
        if (all.tried == count) next = time + 0.05;
        const double wait = (next - now()) * 1e9;
        const struct timespec limit = {.tv_sec = (time_t)(wait / 1e9), .tv_nsec = (long)wait % 1000000000};
        const int ready = epoll_pwait2(all.epoll, events, BATCH, wait > 0 ? &limit : &(struct timespec){0}, NULL);
        for (int i = 0; i < ready; i++) honest_event(&all, &all.clients[events[i].data.u64], events[i].events);
        while (all.oldest < all.tried && all.clients[all.oldest].fd < 0) all.oldest++;
        give_up(&all, now() - PATIENCE);
    }
    sort_doubles(all.connects, all.served);
    sort_doubles(all.ends, all.served);
    printf("{\"tried\":%llu,\"served\":%llu,\"p50\":%.3f,\"p99\":%.3f,\"served_p50\":%.3f,\"served_p99\":%.3f}\n",
           (unsigned long long)all.tried, (unsigned long long)all.served, percentile(all.connects, all.served, 0.5),
           percentile(all.connects, all.served, 0.99), percentile(all.ends, all.served, 0.5),
           percentile(all.ends, all.served, 0.99));
}
