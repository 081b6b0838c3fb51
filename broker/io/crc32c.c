/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * By the processor's own instruction where there is one; else eight bytes a step, through eight
 * tables ("slicing by 8"); see crc32c.h. tables[k][b] is what byte b does to the register when k
 * more bytes come behind it.
 *
 * The instruction takes three cycles, and one can begin in each: so three blocks are gone through
 * side by side. What BLOCK_SIZE or twice as many bytes of zeros do to a register, which is to
 * multiply it by a power of x, puts the three together.
 */
#include "broker/io/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL_REFLECTED 0x82F63B78u
#define SLICES 8

static uint32_t tables[SLICES][256];
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

static void make_tables(void) {
    for (uint32_t byte = 0; byte < 256u; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1u) != 0u ? POLYNOMIAL_REFLECTED : 0u);
        tables[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256u; byte++) {
        for (int slice = 1; slice < SLICES; slice++) {
            const uint32_t before = tables[slice - 1][byte];
            tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xffu];
        }
    }
}

static uint32_t read_u32_little(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t by_tables(uint32_t crc, const uint8_t *data, size_t data_len) {
    while (data_len >= SLICES) {
        const uint32_t low = crc ^ read_u32_little(data);
        const uint32_t high = read_u32_little(data + 4);
        crc = tables[7][low & 0xffu] ^ tables[6][low >> 8 & 0xffu] ^ tables[5][low >> 16 & 0xffu] ^
              tables[4][low >> 24] ^ tables[3][high & 0xffu] ^ tables[2][high >> 8 & 0xffu] ^
              tables[1][high >> 16 & 0xffu] ^ tables[0][high >> 24];
        data += SLICES;
        data_len -= SLICES;
    }
    while (data_len-- > 0u)
        crc = (crc >> 8) ^ tables[0][(crc ^ *data++) & 0xffu];
    return crc;
}

#ifdef __x86_64__
/* Bytes; four times three blocks are a frame of the journal, but for its end. */
#define BLOCK_SIZE 168u
#define X_TO_THE_0 0x80000000u

static uint32_t one_block_on;
static uint32_t two_blocks_on;

/* x to the power of n modulo the polynomial, the highest power in the lowest bit. */
static uint32_t power_of_x(uint32_t n) {
    uint32_t power = X_TO_THE_0;
    while (n-- > 0u)
        power = (power >> 1) ^ ((power & 1u) != 0u ? POLYNOMIAL_REFLECTED : 0u);
    return power;
}

/* A product of two registers is read with x too many, and crc32di multiplies by x to the 32nd. */
static void make_multipliers(void) {
    one_block_on = power_of_x(8u * BLOCK_SIZE - 33u);
    two_blocks_on = power_of_x(16u * BLOCK_SIZE - 33u);
}

static uint64_t read_u64(const uint8_t *at) {
    uint64_t word = 0;
    memcpy(&word, at, sizeof word);
    return word;
}

__attribute__((target("sse4.2,pclmul"))) static uint64_t product(uint64_t a, uint64_t b) {
    typedef long long pair __attribute__((vector_size(16)));
    const pair all =
        __builtin_ia32_pclmulqdq128((pair){(long long)a, 0}, (pair){(long long)b, 0}, 0);
    return (uint64_t)all[0];
}

/* Three blocks. */
__attribute__((target("sse4.2,pclmul"))) static uint32_t three_blocks(uint32_t crc,
                                                                      const uint8_t *data) {
    uint64_t first = crc;
    uint64_t second = 0;
    uint64_t third = 0;
    for (uint32_t i = 0; i < BLOCK_SIZE; i += 8u) {
        first = __builtin_ia32_crc32di(first, read_u64(data + i));
        second = __builtin_ia32_crc32di(second, read_u64(data + BLOCK_SIZE + i));
        third = __builtin_ia32_crc32di(third, read_u64(data + 2u * BLOCK_SIZE + i));
    }
    const uint64_t before = product(first, two_blocks_on) ^ product(second, one_block_on);
    return (uint32_t)(__builtin_ia32_crc32di(0, before) ^ third);
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t
by_instruction(uint32_t crc, const uint8_t *data, size_t data_len) {
    for (; data_len >= 3u * BLOCK_SIZE; data += 3u * BLOCK_SIZE, data_len -= 3u * BLOCK_SIZE)
        crc = three_blocks(crc, data);
    for (; data_len >= sizeof(uint64_t); data += sizeof(uint64_t), data_len -= sizeof(uint64_t))
        crc = (uint32_t)__builtin_ia32_crc32di(crc, read_u64(data));
    while (data_len-- > 0u)
        crc = __builtin_ia32_crc32qi(crc, *data++);
    return crc;
}
static bool has_instruction(void) {
    return __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("pclmul") != 0;
}
#else
static uint32_t by_instruction(uint32_t crc, const uint8_t *data, size_t data_len) {
    return by_tables(crc, data, data_len);
}
static bool has_instruction(void) {
    return false;
}
static void make_multipliers(void) {}
#endif

static uint32_t (*best)(uint32_t crc, const uint8_t *data, size_t data_len) = by_tables;

static void choose(void) {
    make_tables();
    make_multipliers();
    if (has_instruction())
        best = by_instruction;
}

uint32_t crc32c(uint32_t crc, const uint8_t *data, size_t data_len) {
    (void)pthread_once(&chosen, choose);
    return ~best(~crc, data, data_len);
}

uint32_t crc32c_by_tables(uint32_t crc, const uint8_t *data, size_t data_len) {
    (void)pthread_once(&chosen, choose);
    return ~by_tables(~crc, data, data_len);
}
