// Where an export of one or several files goes: to the name that was given if it is one, else to that name
// with a number in front of its extension: "trace.out", or "trace.000.out", "trace.001.out". Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/text_sink.h"
#include "cli/output_file.h"

namespace gorotrace {

// "trace.out" and 7: "trace.007.out"; "trace": "trace.007".
[[nodiscard]] std::string numbered_path(const std::string& path, std::size_t n);

class TraceOutput {
 public:
  // path: "" or "-" is stdout. That, or what is no regular file, takes one file alone. input: what is read.
  TraceOutput(std::string path, std::string input);

  // kUsage, too: it would write over the input, or files with such numbers are there already.
  [[nodiscard]] Result<TextSink> open(std::size_t n);
  [[nodiscard]] Status close(std::size_t n);  // it is there whole from here on
  // Behind the last: where all of it is, "trace.out" or "trace.000.out .. trace.004.out".
  [[nodiscard]] Result<std::string> finish();

 private:
  [[nodiscard]] Status check_free() const;

  const std::string path_, input_;
  const bool numbered_;
  std::size_t count_ = 0;
  std::map<std::size_t, std::unique_ptr<OutputFile>> open_;
};

}  // namespace gorotrace
