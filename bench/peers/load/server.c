/* The kernel as the server: the ports that every program of bench/peers has. */
#include "load.h"
#include "block.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define STACK_OCTETS (128 * 1024)

struct service {
    uint16_t port;
    void *(*connection)(void *); /* in a thread of its own; NULL: within the thread that accepts */
    void (*accepted)(int fd);
    int listener;
};

static bool verify;
static int held;

static void *echo(void *argument)
{
    const int fd = (int)(intptr_t)argument, on = 1;
    uint8_t buffer[16384];
    ssize_t length;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while ((length = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0; done < length;) {
            ssize_t written = write(fd, buffer + done, (size_t)(length - done));
            if (written < 0) break;
            done += written;
        }
    close(fd);
    return NULL;
}

static void *discard(void *argument)
{
    const int fd = (int)(intptr_t)argument;
    uint8_t *buffer = malloc(BLOCK_PIECE);
    uint64_t at = 0;
    ssize_t length;
    while ((length = read(fd, buffer, BLOCK_PIECE)) > 0) {
        if (verify && !block_matches(buffer, (size_t)length, at))
            die("the octets from %llu on are not those of the stream", (unsigned long long)at);
        at += (uint64_t)length;
    }
    free(buffer);
    close(fd);
    return NULL;
}

static void *source(void *argument)
{
    const int fd = (int)(intptr_t)argument;
    uint64_t octets = 0;
    if (recv(fd, &octets, sizeof octets, MSG_WAITALL) != sizeof octets) octets = 0;
    octets = le64toh(octets);
    for (uint64_t at = 0; at < octets;) {
        const uint64_t left = octets - at;
        ssize_t written = write(fd, block_at(at), left < BLOCK_PIECE ? left : BLOCK_PIECE);
        if (written < 0) break;
        at += (uint64_t)written;
    }
    close(fd);
    return NULL;
}

static void close_at_once(int fd)
{
    close(fd);
}

static void hold(int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
    if (epoll_ctl(held, EPOLL_CTL_ADD, fd, &event) != 0) die_errno("epoll_ctl");
}

/* Closes those that were held when their client does. */
static void *watch_held(void *argument)
{
    (void)argument;
    struct epoll_event events[256];
    for (;;) {
        int ready = epoll_wait(held, events, 256, -1);
        for (int i = 0; i < ready; i++) close(events[i].data.fd);
    }
    return NULL;
}

static struct service services[] = {
    {.port = PORT_ECHO, .connection = echo},
    {.port = PORT_DISCARD, .connection = discard},
    {.port = PORT_SOURCE, .connection = source},
    {.port = PORT_CLOSE, .accepted = close_at_once},
    {.port = PORT_HOLD, .accepted = hold},
};

static void start_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_OCTETS);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, body, argument) != 0) die("no thread could be made");
    pthread_attr_destroy(&attributes);
}

static void *serve(void *argument)
{
    const struct service *service = argument;
    for (;;) {
        int fd = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && (errno == ECONNABORTED || errno == EINTR)) continue;
        if (fd < 0) die_errno("accept at port %u", service->port);
        if (service->connection != NULL) start_thread(service->connection, (void *)(intptr_t)fd);
        else service->accepted(fd);
    }
    return NULL;
}

static void finish(int signal)
{
    (void)signal;
    _exit(0);
}

void run_server(const struct options *options)
{
    const int on = 1;
    struct rlimit descriptors;
    if (options->address == NULL) die("server needs --address A");
    signal(SIGTERM, finish);
    verify = options->verify;
    held = epoll_create1(EPOLL_CLOEXEC);
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    block_fill();
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        const struct sockaddr_in at = address_of(options->address, services[i].port);
        services[i].listener = plain_socket(0);
        setsockopt(services[i].listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(services[i].listener, (const struct sockaddr *)&at, sizeof at) != 0 ||
            listen(services[i].listener, options->backlog) != 0)
            die_errno("listen at %s:%u", options->address, services[i].port);
        start_thread(serve, &services[i]);
    }
    start_thread(watch_held, NULL);
    puts("ready");
    fflush(stdout);
    for (;;) pause();
}
