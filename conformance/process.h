// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A program that is started, watched and ended. It refuses to know that it is a broker.

#ifndef CONFORMANCE_PROCESS_H
#define CONFORMANCE_PROCESS_H

#include <sys/types.h>

#include <string>
#include <vector>

namespace conformance {

class process {
  public:
    process() = default;
    process(const process &) = delete;
    process &operator=(const process &) = delete;
    // Ends the program if it still runs.
    ~process();

    // Starts argv[0], found as a shell would, in the folder `dir`. What it prints goes to the end
    // of the file `log`. It is killed when the calling thread ends. False with the reason.
    bool start(const std::vector<std::string> &argv, const std::string &dir,
               const std::string &log, std::string *error);
    bool running();
    // While it runs.
    pid_t pid() const { return pid_; }
    // How it ended, in words; of a program that was started and does not run any more.
    const std::string &outcome() const { return outcome_; }
    // SIGTERM, and SIGKILL if that did not help within 5 s.
    void stop();

  private:
    pid_t pid_ = -1;
    std::string outcome_;
};

// The first line that is not empty of what the program prints; empty if there is none or it can't
// be started. Does not wait for it for more than 10 s.
std::string process_first_line(const std::vector<std::string> &argv, const std::string &scratch);
std::string process_read_file(const std::string &path);

// A port of the loopback interface that nobody uses now; 0 if there is none.
unsigned process_free_port();

} // namespace conformance

#endif
