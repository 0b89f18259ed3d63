#include "base/small_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "base/unique_fd.h"

namespace gorotrace {

Result<std::string> read_small_file(const std::string& path, std::size_t most) {
  const std::string name = printable(path, 256);
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return fail_errno(errno, "cannot open " + name);
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return fail_errno(errno, "cannot read " + name);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::kUsage, name + ": not a regular file");
  std::string out(most + 1, '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t got = read(file.get(), out.data() + have, out.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "cannot read " + name);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  if (have > most)
    return fail(ErrorKind::kUsage,
                fmt::format("{}: larger than {} bytes, so it is another file", name, most));
  out.resize(have);
  return out;
}

}  // namespace gorotrace
