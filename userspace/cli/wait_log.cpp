#include "cli/wait_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <string_view>

namespace gorotrace {

// An error stays in the stream until close().
WaitLog::WaitLog()
    : json_([this](std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), file_.get()); }) {}

Result<std::unique_ptr<WaitLog>> WaitLog::open(const std::string& path) {
  std::unique_ptr<WaitLog> log(new WaitLog);
  log->path_ = path;
  log->file_.reset(std::fopen(path.c_str(), "we"));
  if (!log->file_) return fail_errno(errno, "--waits: opening " + path);
  return log;
}

void WaitLog::write(const Target& target, const Wait& wait, StackNumbers& stacks) {
  const auto& reasons = target.binary().wait_reasons();
  json_.object([&] {
    json_.field("host_pid", target.process().pid());
    json_.field("goid", wait.goid);
    json_.field("reason", wait.in_syscall                ? "syscall"
                          : wait.reason < reasons.size() ? reasons[wait.reason]
                                                         : fmt::format("reason {}", wait.reason));
    json_.name_field("stack", stacks.name(wait.stack));
    json_.field("start_ns", wait.start_ns);
    json_.field("end_ns", wait.end_ns);
  });
  json_.end_line();
}

Status WaitLog::close() {
  const bool failed = std::ferror(file_.get()) != 0;
  const bool closed = std::fclose(file_.release()) == 0;
  if (failed || !closed)
    return fail(ErrorKind::kFailed, "--waits: not everything could be written to " + path_);
  return {};
}

}  // namespace gorotrace
