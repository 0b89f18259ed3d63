// `stat --waits FILE`: one JSON object per line and ended wait, for matching against another witness of the
// same window. Threads: write() on the aggregator thread; made before and closed after it.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "base/result.h"
#include "model/model.h"
#include "session/target.h"

namespace gorotrace {

class WaitLog {
 public:
  [[nodiscard]] static Result<std::unique_ptr<WaitLog>> open(const std::string& path);
  void write(const Target& target, const Wait& wait);
  [[nodiscard]] Status close();  // says whether everything reached the file

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::string path_;
};

}  // namespace gorotrace
