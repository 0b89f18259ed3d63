#include "cli/wait_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <nlohmann/json.hpp>

namespace gorotrace {

Result<std::unique_ptr<WaitLog>> WaitLog::open(const std::string& path) {
  auto log = std::make_unique<WaitLog>();
  log->path_ = path;
  log->file_.reset(std::fopen(path.c_str(), "we"));
  if (!log->file_) return fail_errno(errno, "--waits: opening " + path);
  return log;
}

void WaitLog::write(const Target& target, const Wait& wait) {
  const auto& reasons = target.binary().wait_reasons();
  const std::string reason = wait.in_syscall                ? "syscall"
                             : wait.reason < reasons.size() ? reasons[wait.reason]
                                                            : fmt::format("reason {}", wait.reason);
  const nlohmann::json line = {
      {"host_pid", target.process().pid()}, {"goid", wait.goid},    {"reason", reason}, {"stack", wait.stack},
      {"start_ns", wait.start_ns},          {"end_ns", wait.end_ns}};
  const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  (void)std::fwrite(text.data(), 1, text.size(), file_.get());  // an error stays in the stream until close()
}

Status WaitLog::close() {
  const bool failed = std::ferror(file_.get()) != 0;
  const bool closed = std::fclose(file_.release()) == 0;
  if (failed || !closed)
    return fail(ErrorKind::kFailed, "--waits: not everything could be written to " + path_);
  return {};
}

}  // namespace gorotrace
