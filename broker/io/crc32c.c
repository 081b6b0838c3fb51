/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * By the processor's own instruction where there is one; else eight bytes a step, through eight
 * tables ("slicing by 8"); see crc32c.h. tables[k][b] is what byte b does to the register when k
 * more bytes come behind it.
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
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *data,
                                                                 size_t data_len) {
    while (data_len >= sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, data, sizeof word);
        crc = (uint32_t)__builtin_ia32_crc32di(crc, word);
        data += sizeof word;
        data_len -= sizeof word;
    }
    while (data_len-- > 0u)
        crc = __builtin_ia32_crc32qi(crc, *data++);
    return crc;
}
static bool has_instruction(void) {
    return __builtin_cpu_supports("sse4.2") != 0;
}
#else
static uint32_t by_instruction(uint32_t crc, const uint8_t *data, size_t data_len) {
    return by_tables(crc, data, data_len);
}
static bool has_instruction(void) {
    return false;
}
#endif

static uint32_t (*best)(uint32_t crc, const uint8_t *data, size_t data_len) = by_tables;

static void choose(void) {
    make_tables();
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
