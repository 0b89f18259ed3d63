// The files of a flight recorder. The first window that is written has the name that was asked for; the
// others are numbered on from 2 (f.gtr, f.2.gtr, ...), past what is there already, and so is the first if
// somebody else has made a file of that name meanwhile. What was there as the recording began is kept, as
// FILE.old (recording/claimed_file.h). Each is whole or not there. Threads: control's; a
// thread of its own writes what comes while the recording goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"
#include "recording/rolling_chunks.h"

namespace gorotrace {

class WindowFiles {
 public:
  // Error: there is no such folder, it cannot be written to, or another recorder has the file; kUsage: the
  // path names what is no regular file. Nothing is there yet, and what is there stays until the first window
  // is written.
  [[nodiscard]] static Result<std::unique_ptr<WindowFiles>> make(std::string path);
  ~WindowFiles();
  WindowFiles(const WindowFiles&) = delete;
  WindowFiles& operator=(const WindowFiles&) = delete;

  // Writes the window; the file's name. Error: of the disk, or there is nothing to be written; another name
  // is taken next time only behind a success.
  [[nodiscard]] Result<std::string> write(const KeptChunks& kept, const WindowKept& told);
  // The same on the other thread, which calls `done` on itself. Not before the one before has called it.
  void write_later(KeptChunks kept, WindowKept told, std::function<void(Result<std::string>)> done);
  // What was there before, behind the first window; "": nothing was. Not while one is being written.
  [[nodiscard]] const std::string& kept_as() const { return kept_as_; }
  // Waits for that one.
  void finish();

 private:
  WindowFiles(std::string path, UniqueFd replaced) : path_(std::move(path)), replaced_(std::move(replaced)) {}
  [[nodiscard]] std::string numbered(std::size_t number) const;
  [[nodiscard]] Result<std::string> reserve();
  [[nodiscard]] Result<std::string> write_next(const KeptChunks& kept, const WindowKept& told);

  const std::string path_;
  const UniqueFd replaced_;  // by the first window, and claimed; none: nothing was there
  std::size_t next_ = 1;
  std::string kept_as_;
  std::thread thread_;
};

}  // namespace gorotrace
