/* The stream that every program of bench/peers sends and expects: one block, repeated for ever. */
#ifndef BLOCK_H
#define BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A prime, so that two segments or buffers never begin at the same place of the block. */
#define BLOCK_OCTETS 1048573
/* The longest piece that block_at() lets be read in one go, octets. */
#define BLOCK_PIECE (256 * 1024)

/* The block, and as much of it again as a piece may reach beyond its end. */
static uint8_t block[BLOCK_OCTETS + BLOCK_PIECE];

/* Octet i is the top octet of the state of xorshift32 after i + 1 steps. */
static inline void block_fill(void)
{
    uint32_t x = 2463534242u;
    for (size_t i = 0; i < BLOCK_OCTETS; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        block[i] = (uint8_t)(x >> 24);
    }
    memcpy(block + BLOCK_OCTETS, block, BLOCK_PIECE);
}

/* The stream from position `at` on; BLOCK_PIECE octets may be read. */
static inline const uint8_t *block_at(uint64_t at)
{
    return block + at % BLOCK_OCTETS;
}

/* Whether `length` octets at `data` are what the stream has from position `at` on. */
static inline bool block_matches(const void *data, size_t length, uint64_t at)
{
    const uint8_t *octets = data;
    while (length > 0) {
        size_t piece = length < BLOCK_PIECE ? length : BLOCK_PIECE;
        if (memcmp(octets, block_at(at), piece) != 0) return false;
        octets += piece;
        at += piece;
        length -= piece;
    }
    return true;
}

#endif
