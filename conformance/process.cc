// SPDX-License-Identifier: Apache-2.0
// Copyright The Libella authors
//
// See process.h.

#include "conformance/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace conformance {
namespace {

constexpr int stop_ms = 5000;
constexpr int first_line_ms = 10000;
constexpr int step_ms = 10;

void pause_ms(long ms) {
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, nullptr);
}

// In the child: becomes the program, or writes why not to `report`. Calls only what may be called
// after fork() in a program with threads.
[[noreturn]] void become(char *const *argv, const char *dir, int log, int report) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    if (chdir(dir) == 0) {
        execvp(argv[0], argv);
    }
    const int failure = errno;
    const ssize_t ignored = write(report, &failure, sizeof failure);
    _exit(ignored == sizeof failure ? 127 : 126);
}

} // namespace

process::~process() {
    stop();
}

bool process::start(const std::vector<std::string> &argv, const std::string &dir,
                    const std::string &log, std::string *error) {
    stop();
    int report[2];
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (out < 0 || pipe2(report, O_CLOEXEC) != 0) {
        *error = log + ": " + strerror(errno);
        return false;
    }
    std::vector<char *> words;
    for (const std::string &word : argv) {
        words.push_back(const_cast<char *>(word.c_str()));
    }
    words.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
        become(words.data(), dir.c_str(), out, report[1]);
    }
    int failure = pid_ < 0 ? errno : 0;
    ::close(out);
    ::close(report[1]);
    if (pid_ > 0 && read(report[0], &failure, sizeof failure) != sizeof failure) {
        failure = 0; // exec closed the pipe
    }
    ::close(report[0]);
    if (failure != 0) {
        *error = argv[0] + ": " + strerror(failure);
        stop();
    }
    return failure == 0;
}

bool process::running() {
    int status = 0;
    if (pid_ <= 0 || waitpid(pid_, &status, WNOHANG) == 0) {
        return pid_ > 0;
    }
    pid_ = -1;
    outcome_ = WIFSIGNALED(status) ? std::string("killed by ") + strsignal(WTERMSIG(status))
                                   : "exit status " + std::to_string(WEXITSTATUS(status));
    return false;
}

void process::stop() {
    if (!running()) {
        return;
    }
    kill(pid_, SIGTERM);
    for (int waited = 0; waited < stop_ms && running(); waited += step_ms) {
        pause_ms(step_ms);
    }
    if (running()) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
        outcome_ = "did not end when it was asked to";
    }
}

std::string process_read_file(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream contents;
    contents << in.rdbuf();
    return contents.str();
}

std::string process_first_line(const std::vector<std::string> &argv, const std::string &scratch) {
    const std::string log = scratch + "/first-line.log";
    process program;
    std::string error;
    if (argv.empty() || !program.start(argv, scratch, log, &error)) {
        return {};
    }
    for (int waited = 0; waited < first_line_ms && program.running(); waited += step_ms) {
        pause_ms(step_ms);
    }
    program.stop();
    std::istringstream lines(process_read_file(log));
    std::string line;
    while (line.empty() && std::getline(lines, line)) {
    }
    ::unlink(log.c_str());
    return line;
}

unsigned process_free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto *generic = reinterpret_cast<struct sockaddr *>(&address);
    const bool found =
        bind(fd, generic, sizeof address) == 0 && getsockname(fd, generic, &size) == 0;
    ::close(fd);
    return found ? ntohs(address.sin_port) : 0;
}

} // namespace conformance
