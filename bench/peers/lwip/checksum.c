/* The sum of the Internet checksum (RFC 1071), in the place that lwIP has for one of the platform's. */
#include <arch/cc.h>
#include <stdint.h>
#include <string.h>

unsigned short fast_checksum(const void *data, int length)
{
    const uint8_t *octets = data;
    uint64_t sum = 0;
    /* 32-bit words in a 64-bit sum: the carries need no look before 16 GiB, and the compiler makes vectors of it. */
    for (; length >= 32; octets += 32, length -= 32) {
        uint32_t words[8];
        memcpy(words, octets, sizeof words);
        for (int i = 0; i < 8; i++) sum += words[i];
    }
    for (; length >= 2; octets += 2, length -= 2) {
        uint16_t word;
        memcpy(&word, octets, sizeof word);
        sum += word;
    }
    if (length == 1) {
        uint16_t word = 0;
        memcpy(&word, octets, 1);
        sum += word;
    }
    while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
    return (unsigned short)sum;
}
