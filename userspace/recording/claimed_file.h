// The file that a recorder is going to write, which is nobody else's meanwhile: two that write one file leave
// none that can be read. Not thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

// Of an open regular file, for as long as it is open: kFailed when another recorder has it. Where the file
// system has no locks nobody is kept out.
[[nodiscard]] Status claim(int fd, const std::string& path);

class ClaimedFile {
 public:
  // Open for writing, and as it was; made if it was not there. It may be a pipe, with a reader.
  [[nodiscard]] static Result<ClaimedFile> open(const std::string& path);
  ClaimedFile(ClaimedFile&&) noexcept = default;
  ClaimedFile& operator=(ClaimedFile&&) = delete;
  // Of one that was made and not taken nothing stays.
  ~ClaimedFile();

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] UniqueFd take() { return std::move(fd_); }  // with its lock

 private:
  ClaimedFile(UniqueFd fd, std::string path, bool made)
      : fd_(std::move(fd)), path_(std::move(path)), made_(made) {}

  UniqueFd fd_;
  std::string path_;
  bool made_;
};

}  // namespace gorotrace
