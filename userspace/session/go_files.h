// The Go runtimes of a process, each by the file it is in: the executable's, and those of Go shared libraries
// (-buildmode=c-shared) that it has loaded.
// Threads: one owner.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "elf/file_window.h"
#include "process/code_file.h"
#include "process/process.h"

namespace gorotrace {

class GoFiles {
 public:
  // The executable first, if it is Go. A library that cannot be opened is left out; unopened() has why.
  // Remembers which files are none, for the next process.
  [[nodiscard]] std::vector<CodeFile> of(const Process& process);
  // The library of that very path alone, and no other file is opened; nullopt: there is none, or several are
  // mapped (a file that was replaced).
  [[nodiscard]] std::optional<CodeFile> at(const Process& process, std::string_view path);
  [[nodiscard]] const std::vector<Error>& unopened() const { return unopened_; }

 private:
  [[nodiscard]] bool library_has_runtime(const CodeFile& file);

  std::map<FileIdentity, bool> libraries_;
  std::vector<Error> unopened_;  // of the last process
};

// Which of a process's files `wanted` names: by the name of the file, a part of it, or with a '/' a part of
// its path; whole names go before parts. "": the executable if it is Go, or else the only library. kUsage
// with the choice there is when it names none or several. There is at least one.
struct ChosenFile {
  std::size_t index = 0;
  std::vector<std::string> others;  // paths of those that were not meant because nothing was named
};
[[nodiscard]] Result<ChosenFile> choose_go_file(const std::vector<std::string>& paths, bool executable_is_go,
                                                std::string_view wanted, pid_t pid);

}  // namespace gorotrace
