#include "cli/trace_output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace gorotrace {
namespace {

bool takes_several(const std::string& path) {
  if (path.empty() || path == "-") return false;
  std::error_code unknown;
  const std::filesystem::file_status status = std::filesystem::status(path, unknown);
  return !std::filesystem::exists(status) || std::filesystem::is_regular_file(status);
}

// "trace.000.out" beside "trace.out"; "": there is none.
std::string any_numbered(const std::string& path) {
  const std::filesystem::path whole(path);
  const std::string stem = whole.stem().string() + ".", extension = whole.extension().string();
  const std::filesystem::path folder = whole.has_parent_path() ? whole.parent_path() : ".";
  std::error_code end;
  for (std::filesystem::directory_iterator at(folder, end), last; !end && at != last; at.increment(end)) {
    const std::string name = at->path().filename().string();
    if (name.size() < stem.size() + 3 + extension.size() || !name.starts_with(stem) ||
        !name.ends_with(extension))
      continue;
    const std::string_view number =
        std::string_view(name).substr(stem.size(), name.size() - stem.size() - extension.size());
    if (number.find_first_not_of("0123456789") == number.npos) return (whole.parent_path() / name).string();
  }
  return "";
}

}  // namespace

std::string numbered_path(const std::string& path, std::size_t n) {
  const std::filesystem::path whole(path);
  return whole.parent_path() /
         fmt::format("{}.{:03}{}", whole.stem().string(), n, whole.extension().string());
}

TraceOutput::TraceOutput(std::string path, std::string input)
    : path_(std::move(path)), input_(std::move(input)), numbered_(takes_several(path_)) {}

// Those of a longer export would stand behind ours as if they went on from it. That they are an export's is
// in their names alone: they are not ours to remove.
Status TraceOutput::check_free() const {
  const std::string there = any_numbered(path_);
  if (there.empty()) return {};
  if (auto spared = spare_input(input_, there); !spared) return spared;
  return fail(
      ErrorKind::kUsage,
      fmt::format("{} is there already, as of an earlier export: remove the files of that one, or give "
                  "another name than {}",
                  there, path_));
}

Result<TextSink> TraceOutput::open(std::size_t n) {
  if (n > 0 && !numbered_) {
    return fail(ErrorKind::kUsage,
                fmt::format("the recording makes more than one file: give -o FILE, a regular one{}",
                            path_.empty() || path_ == "-" ? "" : fmt::format(", and not {}", path_)));
  }
  const std::string name = numbered_ ? numbered_path(path_, n) : path_;
  if (auto spared = spare_input(input_, name); !spared) return std::unexpected(spared.error());
  if (n == 0 && numbered_) {
    if (auto spared = spare_recording(path_); !spared)
      return std::unexpected(spared.error());  // its name at last
    if (auto free = check_free(); !free) return std::unexpected(free.error());
  }
  auto file = OutputFile::open(name);
  if (!file) return std::unexpected(file.error());
  OutputFile& kept = *(open_[n] = std::make_unique<OutputFile>(std::move(*file)));
  count_ = n + 1;
  return kept.sink();
}

Status TraceOutput::close(std::size_t n) {
  const auto found = open_.find(n);
  if (found == open_.end()) return {};
  const Status written = found->second->commit();
  open_.erase(found);
  return written;
}

Result<std::string> TraceOutput::finish() {
  if (!numbered_) return path_.empty() || path_ == "-" ? "stdout" : path_;
  if (count_ > 1) return fmt::format("{} .. {}", numbered_path(path_, 0), numbered_path(path_, count_ - 1));
  if (count_ == 1 && std::rename(numbered_path(path_, 0).c_str(), path_.c_str()) != 0)
    return fail_errno(errno, "cannot create " + path_);
  return path_;
}

}  // namespace gorotrace
