#include "cli/output_file.h"

#include <unistd.h>

#include <cerrno>

#include "cli/exit_codes.h"

namespace gorotrace {

Result<OutputFile> OutputFile::open(const std::string& path) {
  OutputFile out;
  if (path.empty() || path == "-") return out;
  out.path_ = path;
  out.written_to_ = path + ".part";
  out.file_.reset(std::fopen(out.written_to_.c_str(), "we"));
  if (!out.file_) return fail_errno(errno, "cannot create " + out.written_to_);
  return out;
}

OutputFile::~OutputFile() {
  if (file_) unlink(written_to_.c_str());
}

void OutputFile::write(std::string_view text) {
  if (error_ != 0) return;
  std::FILE* to = file_ ? file_.get() : stdout;
  if (std::fwrite(text.data(), 1, text.size(), to) != text.size()) error_ = errno;
}

bool OutputFile::flush() {
  if (error_ == 0 && std::fflush(file_ ? file_.get() : stdout) != 0) error_ = errno;
  return error_ == 0;
}

Status OutputFile::commit() {
  flush();
  if (!file_ && error_ == EPIPE) return {};
  if (error_ != 0)
    return fail_errno(error_, "cannot write " + (file_ ? written_to_ : std::string("to stdout")));
  if (file_ && std::rename(written_to_.c_str(), path_.c_str()) != 0)
    return fail_errno(errno, "cannot rename " + written_to_ + " to " + path_);
  file_.reset();
  return {};
}

int write_to_stdout(std::string_view text) {
  auto out = OutputFile::open("");
  if (!out) return report_error(out.error());
  out->write(text);
  if (auto written = out->commit(); !written) return report_error(written.error());
  return kExitDone;
}

}  // namespace gorotrace
