/* SPDX-License-Identifier: Apache-2.0
 * Copyright The Libella authors
 *
 * Bytes as a script of events for the broker's core: lawful clients that are unlucky, wild clients
 * that send anything, time that jumps. What comes out is held against a shadow of what MQTT
 * promises (shadow.h). The same bytes always tell the same story, so a finding is its own
 * reproduction.
 */
#ifndef FUZZ_CORE_SCRIPT_H
#define FUZZ_CORE_SCRIPT_H

#include <cstddef>
#include <cstdint>
#include <string>

/* Plays the script to its end, then lets every faithful client come back and drain. Returns the
 * promise that was broken, empty if none was. steps, if given, is set to the number of events the
 * core took. */
std::string core_script_run(const uint8_t *script, size_t size, uint64_t *steps = nullptr);

#endif
