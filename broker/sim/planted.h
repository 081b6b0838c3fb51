/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Which of the faults of planted.toml is switched on, in the copies of sources that plant.py made.
 */
#ifndef BROKER_SIM_PLANTED_H
#define BROKER_SIM_PLANTED_H

#ifdef __cplusplus
extern "C" {
#endif

/* 0: none. */
void planted_choose(int number);
int planted_is(int number);

#ifdef __cplusplus
}
#endif

#endif
