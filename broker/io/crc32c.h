/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * CRC-32C (Castagnoli), the check sum of iSCSI, ext4 and Btrfs: polynomial 0x1EDC6F41, reflected,
 * begun and ended with all ones. "123456789" gives 0xE3069283.
 */
#ifndef BROKER_IO_CRC32C_H
#define BROKER_IO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* What crc32c() gives: a number that the bytes decide. No more is said of it. */
/*@ axiomatic CheckSum {
      logic integer crc_of{L}(integer crc, uint8_t *data, integer data_len)
        reads data[0 .. data_len - 1];
    }
 */

/* Goes on from crc, that of the bytes before data; 0 if there are none. */
/*@ requires \valid_read(data + (0 .. data_len - 1));
    assigns \nothing;
    ensures \result == crc_of(crc, data, data_len); */
uint32_t crc32c(uint32_t crc, const uint8_t *data, size_t data_len);
/* The same, as on a processor without an instruction for it: for tests. */
uint32_t crc32c_by_tables(uint32_t crc, const uint8_t *data, size_t data_len);

#endif
