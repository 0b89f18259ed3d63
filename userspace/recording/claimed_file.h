// The file that a recorder is going to write, which is nobody else's meanwhile: two that write one file leave
// none that can be read. What it held stays, as FILE.old, in the place of an older FILE.old: perf record does
// the same. Not thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gorotrace {

// Of an open regular file, for as long as it is open: kFailed when another recorder has it. Where the file
// system has no locks nobody is kept out.
[[nodiscard]] Status claim(int fd, const std::string& path);

// What becomes of the file when it is replaced: the name that it would have then. "": nothing is kept, for it
// is not there, empty, or no regular file (a pipe, /dev/stdout). Error: it could not be given that name.
[[nodiscard]] Result<std::string> old_name(const std::string& path);
// Gives it that name, too, which comes back: both lead to it until something else takes the first one's place
// (where a file system has no links, nothing does meanwhile). "": nothing was there to be kept.
[[nodiscard]] Result<std::string> keep_old(const std::string& path);

class ClaimedFile {
 public:
  // Open for writing, and as it was; made if it was not there. It may be a pipe, with a reader. Error also
  // when what is there could not be kept.
  [[nodiscard]] static Result<ClaimedFile> open(const std::string& path);
  ClaimedFile(ClaimedFile&&) noexcept = default;
  ClaimedFile& operator=(ClaimedFile&&) = delete;
  // Of one that was made and not taken nothing stays.
  ~ClaimedFile();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // "": there is nothing to be kept.
  [[nodiscard]] const std::string& kept_as() const { return kept_as_; }
  // From here on it is empty, and what it held has its other name. Error: it is as it was.
  [[nodiscard]] Status begin_anew();
  [[nodiscard]] UniqueFd take() { return std::move(fd_); }  // with its lock

 private:
  ClaimedFile(UniqueFd fd, std::string path, std::string kept_as, bool made)
      : fd_(std::move(fd)), path_(std::move(path)), kept_as_(std::move(kept_as)), made_(made) {}

  UniqueFd fd_;
  std::string path_, kept_as_;
  bool made_;
};

}  // namespace gorotrace
