#include "subjects.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

namespace gorotrace::testing {

std::string Subject::path() const {
  return std::string(GOROTRACE_SUBJECTS) + "/" + name;
}

const std::vector<Subject>& all_subjects() {
  static const std::vector<Subject> subjects{
#define X(name, version) Subject{name, version},
#include "subjects.inc"
#undef X
  };
  return subjects;
}

std::string subject_name(const ::testing::TestParamInfo<Subject>& info) {
  std::string out = info.param.name;
  std::replace_if(out.begin(), out.end(), [](char c) { return c == '.' || c == '-'; }, '_');
  return out;
}

std::unique_ptr<GoBinary> open_subject(const std::string& name) {
  auto binary = GoBinary::open(Subject{name, ""}.path());
  if (!binary) {
    ADD_FAILURE() << binary.error().message;
    return nullptr;
  }
  return std::move(*binary);
}

std::vector<std::vector<std::string>> run_program(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"),
                                                   [](FILE* f) { return ::pclose(f); });
  std::string all;
  char buffer[65536];
  while (pipe) {
    const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe.get());
    if (n == 0) break;
    all.append(buffer, n);
  }
  std::vector<std::vector<std::string>> out;
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) {
    auto& fields = out.emplace_back();
    std::istringstream rest(line);
    for (std::string field; std::getline(rest, field, '\t');) fields.push_back(field);
  }
  return out;
}

std::vector<std::uint8_t> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace gorotrace::testing
