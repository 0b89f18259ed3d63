// `stat --waits FILE`: one JSON object per line and ended wait, for matching against another witness of the
// same window. Threads: write() on the aggregator thread; made before and closed after it.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "base/json_writer.h"
#include "base/result.h"
#include "model/model.h"
#include "report/stack_numbers.h"
#include "session/target.h"

namespace gorotrace {

class WaitLog {
 public:
  [[nodiscard]] static Result<std::unique_ptr<WaitLog>> open(const std::string& path);
  // `stacks`: the names that the target's summary gives them too.
  void write(const Target& target, const Wait& wait, StackNumbers& stacks);
  [[nodiscard]] Status close();  // says whether everything reached the file

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  WaitLog();

  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
  JsonWriter json_;
};

}  // namespace gorotrace
