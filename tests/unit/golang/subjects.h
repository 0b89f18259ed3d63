// The Go binaries the tests of this folder look at (built by CMakeLists.txt) and what they print.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "golang/binary.h"

namespace gorotrace::testing {

struct Subject {
  std::string name;     // "go1.22-pie.stripped"
  std::string version;  // "1.22.12"

  [[nodiscard]] std::string path() const;
  [[nodiscard]] bool has(std::string_view part) const { return name.find(part) != std::string::npos; }
  [[nodiscard]] bool stripped() const { return has(".stripped"); }
  [[nodiscard]] bool hello() const { return name.starts_with("patch-") || name.starts_with("hello-"); }
  [[nodiscard]] bool arm64() const { return has("-arm64"); }
  [[nodiscard]] bool unoptimized() const { return has("-unoptimized"); }
  friend std::ostream& operator<<(std::ostream& out, const Subject& s) { return out << s.name; }
};

[[nodiscard]] const std::vector<Subject>& all_subjects();
template <typename Predicate>
[[nodiscard]] std::vector<Subject> subjects_where(Predicate predicate) {
  std::vector<Subject> out;
  for (const Subject& s : all_subjects()) {
    if (predicate(s)) out.push_back(s);
  }
  return out;
}
[[nodiscard]] std::string subject_name(const ::testing::TestParamInfo<Subject>& info);

// Fails the test when it cannot be opened.
[[nodiscard]] std::unique_ptr<GoBinary> open_subject(const std::string& name);
// Its standard output, by lines, each split at tabs.
[[nodiscard]] std::vector<std::vector<std::string>> run_program(const std::string& command);
[[nodiscard]] std::vector<std::uint8_t> read_file(const std::string& path);

}  // namespace gorotrace::testing
