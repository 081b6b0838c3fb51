// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// A broker that is started anew for each run, in an empty folder.

#ifndef LOAD_CONTENDER_H
#define LOAD_CONTENDER_H

#include <map>
#include <string>
#include <vector>

#include "conformance/broker_file.h"
#include "conformance/process.h"
#include "tools/load/options.h"
#include "tools/load/report.h"

namespace load {

// In /tmp, as long as this lives.
class scratch_folder {
  public:
    scratch_folder();
    ~scratch_folder();
    scratch_folder(const scratch_folder &) = delete;
    scratch_folder &operator=(const scratch_folder &) = delete;
    const std::string &path() const { return path_; }

  private:
    std::string path_;
};

class contender {
  public:
    // written: the file of a description, a command line, or "floor". values: of @NAME@. Throws
    // std::runtime_error if it makes no sense.
    contender(const std::string &written, const std::map<std::string, std::string> &values,
              const std::string &scratch);

    // What it says of itself, or its name.
    std::string version();
    // Starts it, runs the mode, and ends it. Throws std::runtime_error if one of these fails.
    report run(const options &wanted);

  private:
    std::vector<std::string> fill(const std::vector<std::string> &words) const;
    // Fills in where it listens and what it is.
    void start(conformance::process *running, options *wanted);

    conformance::broker_description broker_;
    std::string scratch_;
    std::map<std::string, std::string> values_;
};

} // namespace load

#endif
