/* Streams in one direction, a thread for each connection; and the ping-pong of one octet. */
#include "load.h"
#include "block.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct stream {
    pthread_t thread;
    int fd;
    uint64_t octets;
    bool verify;
};

static void wait_for_end(int fd, uint8_t *buffer)
{
    ssize_t length = read(fd, buffer, BLOCK_PIECE);
    if (length < 0) die_errno("waiting for the server to close");
    if (length > 0) die("the server sent %zd octets where its end was expected", length);
}

static void *send_stream(void *argument)
{
    const struct stream *stream = argument;
    uint8_t *buffer = malloc(BLOCK_PIECE);
    for (uint64_t at = 0; at < stream->octets;) {
        uint64_t left = stream->octets - at;
        ssize_t written = write(stream->fd, block_at(at), left < BLOCK_PIECE ? left : BLOCK_PIECE);
        if (written < 0) die_errno("write after %llu octets", (unsigned long long)at);
        at += (uint64_t)written;
    }
    shutdown(stream->fd, SHUT_WR);
    wait_for_end(stream->fd, buffer);
    free(buffer);
    return NULL;
}

static void *receive_stream(void *argument)
{
    const struct stream *stream = argument;
    uint8_t *buffer = malloc(BLOCK_PIECE);
    const uint64_t request = htole64(stream->octets);
    write_all(stream->fd, &request, sizeof request);
    uint64_t at = 0;
    for (;;) {
        ssize_t length = read(stream->fd, buffer, BLOCK_PIECE);
        if (length < 0) die_errno("read after %llu octets", (unsigned long long)at);
        if (length == 0) break;
        if (stream->verify && !block_matches(buffer, (size_t)length, at))
            die("the octets from %llu on are not those of the stream", (unsigned long long)at);
        at += (uint64_t)length;
    }
    if (at != stream->octets)
        die("the server closed after %llu of %llu octets", (unsigned long long)at, (unsigned long long)stream->octets);
    free(buffer);
    return NULL;
}

/* Runs `body` for each connection, all of them opened before; the first takes what the division leaves. */
static void run_streams(const struct options *options, uint16_t port, void *(*body)(void *))
{
    const struct sockaddr_in to = address_of(options->words[0], port);
    const uint64_t octets = number(options->words[1], 1, UINT64_MAX >> 1, "OCTETS");
    const uint64_t count = options->connections > 0 ? (uint64_t)options->connections : 1;
    struct stream *streams = calloc(count, sizeof *streams);
    block_fill();
    for (uint64_t i = 0; i < count; i++) {
        streams[i].fd = tcp_connect(options, i, &to);
        streams[i].octets = octets / count + (i == 0 ? octets % count : 0);
        streams[i].verify = !options->no_verify;
    }
    const double cpu = cpu_seconds(), start = now();
    if (count == 1) {
        body(&streams[0]);
    } else {
        for (uint64_t i = 0; i < count; i++)
            if (pthread_create(&streams[i].thread, NULL, body, &streams[i]) != 0) die("no thread could be made");
        for (uint64_t i = 0; i < count; i++) pthread_join(streams[i].thread, NULL);
    }
    printf("{\"octets\":%llu,\"seconds\":%.6f,\"cpu\":%.6f}\n", (unsigned long long)octets, now() - start,
           cpu_seconds() - cpu);
}

void run_send(const struct options *options)
{
    run_streams(options, PORT_DISCARD, send_stream);
}

void run_receive(const struct options *options)
{
    run_streams(options, PORT_SOURCE, receive_stream);
}

void run_pingpong(const struct options *options)
{
    const struct sockaddr_in to = address_of(options->words[0], PORT_ECHO);
    const size_t count = number(options->words[1], 1, 100000000, "COUNT");
    const size_t unmeasured = count < 1000 ? count / 10 : 100;
    const int on = 1;
    double *times = malloc(count * sizeof *times);
    int fd = tcp_connect(options, 0, &to);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t i = 0; i < count + unmeasured; i++) {
        const uint8_t sent = (uint8_t)i;
        uint8_t back;
        const double start = now();
        write_all(fd, &sent, 1);
        ssize_t length = read(fd, &back, 1);
        if (length < 0) die_errno("read of echo %zu", i);
        if (length == 0) die("the server closed instead of echo %zu", i);
        if (back != sent) die("echo %zu is %u, not %u", i, back, sent);
        if (i >= unmeasured) times[i - unmeasured] = (now() - start) * 1e6;
    }
    close(fd);
    sort_doubles(times, count);
    printf("{\"count\":%zu,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n", count, percentile(times, count, 0.5),
           percentile(times, count, 0.99), percentile(times, count, 0.999));
}
