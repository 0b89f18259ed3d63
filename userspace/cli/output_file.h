// Where a command's result goes: stdout, or a file that is there whole or as it was before, also when we are
// killed meanwhile. What a path names that is no regular file (a pipe, /dev/null) is written to as it is.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "base/result.h"

namespace gorotrace {

class OutputFile {
 public:
  // "" or "-": stdout. kFailed, too: spare_recording().
  [[nodiscard]] static Result<OutputFile> open(const std::string& path);
  // A file that the caller has claimed himself (recording/claimed_file.h), or made.
  [[nodiscard]] static Result<OutputFile> open_ours(const std::string& path);
  OutputFile(OutputFile&&) = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  void write(std::string_view text);
  // Writes to this file, which must stay where it is meanwhile.
  [[nodiscard]] TextSink sink() {
    return [this](std::string_view text) { write(text); };
  }
  // Hands on what was written so far; false when nothing more can arrive, and commit() will say why.
  bool flush();
  // Says whether everything arrived. A reader of stdout that went away early is no error.
  [[nodiscard]] Status commit();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  OutputFile() = default;
  [[nodiscard]] Status write_beside(const std::string& path);
  [[nodiscard]] Status take_its_name();

  std::unique_ptr<std::FILE, Close> file_;  // nullptr: stdout
  std::string path_;
  bool beside_ = false;    // written without a name, or under another one, and not yet at path_
  std::string temporary_;  // that other name; "" = none
  int error_ = 0;          // errno of the first write that failed
};

// kFailed: a recording is being written to that file, which would go on in one that has no name any more.
[[nodiscard]] Status spare_recording(const std::string& output);

// kUsage: output is the file that is read, under whatever name: what it holds would be gone.
[[nodiscard]] Status spare_input(const std::string& input, const std::string& output);

// Writes a whole result to stdout; the exit code: kExitDone, or that of the failure, which is reported.
[[nodiscard]] int write_to_stdout(std::string_view text);
[[nodiscard]] int write_json_to_stdout(const std::function<void(JsonWriter&)>& write);

}  // namespace gorotrace
