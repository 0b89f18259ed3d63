#include "session/go_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "elf/image.h"
#include "golang/presence.h"

namespace gorotrace {
namespace {

std::string_view name_of_path(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 == 0
}

template <typename Matches>
std::vector<std::size_t> indices_of(const std::vector<std::string>& paths, Matches matches) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < paths.size(); ++i)
    if (matches(paths[i])) out.push_back(i);
  return out;
}

std::vector<std::size_t> named(const std::vector<std::string>& paths, std::string_view wanted) {
  const bool by_path = wanted.find('/') != std::string_view::npos;
  const auto subject = [by_path](std::string_view path) { return by_path ? path : name_of_path(path); };
  auto whole = indices_of(paths, [&](std::string_view path) { return subject(path) == wanted; });
  if (!whole.empty()) return whole;
  return indices_of(
      paths, [&](std::string_view path) { return subject(path).find(wanted) != std::string_view::npos; });
}

std::string choice(const std::vector<std::string>& paths, const std::vector<std::size_t>& among, pid_t pid) {
  std::string list;
  for (const std::size_t i : among) {
    const std::string_view name = name_of_path(paths[i]);
    const bool alone = std::ranges::count(paths, name, name_of_path) == 1;
    list += fmt::format("\n  -p {}:{}  {}", pid, alone ? name : paths[i], paths[i]);
  }
  return list;
}

}  // namespace

bool GoFiles::library_has_runtime(const CodeFile& file) {
  struct stat st{};
  if (::stat(file.open_path().c_str(), &st) != 0) return false;
  const auto [known, fresh] = libraries_.try_emplace(FileIdentity::of(st), false);
  if (fresh) {
    const auto image = ElfImage::open(file.open_path());
    known->second = image && has_loaded_runtime(**image);
  }
  return known->second;
}

std::vector<CodeFile> GoFiles::of(const Process& process) {
  std::vector<CodeFile> out;
  unopened_.clear();
  CodeFile executable = CodeFile::executable_of(process);
  if (const auto image = ElfImage::open(executable.open_path()); image && has_go(**image))
    out.push_back(std::move(executable));
  const auto mappings = process.mappings();
  if (!mappings) return out;
  for (SharedLibrary& library : shared_libraries(*mappings, process.executable())) {
    auto file = CodeFile::library_of(process, std::move(library));
    if (!file) {
      if (file.error().kind != ErrorKind::kUnsupported) unopened_.push_back(file.error());
    } else if (library_has_runtime(*file)) {
      out.push_back(*std::move(file));
    }
  }
  return out;
}

std::optional<CodeFile> GoFiles::at(const Process& process, std::string_view path) {
  const auto mappings = process.mappings();
  if (!mappings) return std::nullopt;
  auto libraries = shared_libraries(*mappings, process.executable());
  std::erase_if(libraries, [&](const SharedLibrary& library) { return library.path != path; });
  if (libraries.size() != 1) return std::nullopt;
  auto file = CodeFile::library_of(process, std::move(libraries.front()));
  if (!file || !library_has_runtime(*file)) return std::nullopt;
  return *std::move(file);
}

Result<ChosenFile> choose_go_file(const std::vector<std::string>& paths, bool executable_is_go,
                                  std::string_view wanted, pid_t pid) {
  const auto all = indices_of(paths, [](const auto&) { return true; });
  if (wanted.empty()) {
    if (!executable_is_go && paths.size() > 1)
      return fail(ErrorKind::kUsage, fmt::format("process {} has {} Go runtimes, choose one:{}", pid,
                                                 paths.size(), choice(paths, all, pid)));
    return ChosenFile{0, {paths.begin() + 1, paths.end()}};
  }
  const auto found = named(paths, wanted);
  if (found.size() == 1) return ChosenFile{found.front(), {}};
  const std::string what = printable(wanted, 256);
  if (found.empty())
    return fail(ErrorKind::kUsage, fmt::format("process {} has no Go runtime in a file named '{}'; it has:{}",
                                               pid, what, choice(paths, all, pid)));
  return fail(ErrorKind::kUsage,
              fmt::format("process {}: '{}' names {} files with a Go runtime; give more of the name, or of "
                          "the path:{}",
                          pid, what, found.size(), choice(paths, found, pid)));
}

}  // namespace gorotrace
