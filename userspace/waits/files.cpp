#include "waits/files.h"

#include <fmt/format.h>

#include "base/number.h"
#include "base/text.h"
#include "process/procfs.h"

namespace gorotrace::waits {
namespace {

constexpr std::size_t kMaxTable = 64u << 20;  // bytes of one of /proc/PID/net: 400,000 sockets

// "socket:[123]"
std::optional<std::uint64_t> inode_in(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(']')) return std::nullopt;
  name.remove_prefix(prefix.size());
  name.remove_suffix(1);
  return whole_number<std::uint64_t>(name);
}

}  // namespace

SharedFile FileTable::describe(std::int32_t fd) {
  const auto [at, fresh] = known_.try_emplace(fd);
  if (fresh) at->second = std::make_shared<const FileDescription>(look_up(fd));
  return at->second;
}

FileDescription FileTable::look_up(std::int32_t fd) {
  using Kind = FileDescription::Kind;
  FileDescription file;
  if (process_ == nullptr || fd < 0) return file;
  const auto link = procfs::read_link(process_->task(), fmt::format("fd/{}", fd));
  if (!link) return file;
  file.name = printable(*link);
  // A path of the file system begins with '/': nobody can name a file "socket:[1]" here.
  if (const auto inode = inode_in(*link, "socket:[")) {
    file.kind = Kind::kSocket;
    const auto at = sockets().find(*inode);
    if (at != sockets().end()) file.socket = at->second;
  } else if (inode_in(*link, "pipe:[")) {
    file.kind = Kind::kPipe;
  } else if (link->starts_with("anon_inode:")) {
    file.kind = Kind::kAnonymous;
  } else if (link->starts_with('/')) {
    file.kind = Kind::kFile;
  }
  return file;
}

const Sockets& FileTable::sockets() {
  if (sockets_) return *sockets_;
  sockets_.emplace();
  for (const char* protocol : {"tcp", "tcp6", "udp", "udp6", "unix"}) {
    const auto text = procfs::read_file(process_->task(), std::string("net/") + protocol, kMaxTable);
    if (!text) continue;
    if (std::string_view(protocol) == "unix") {
      parse_unix(*text, *sockets_);
    } else {
      parse_inet(*text, protocol, *sockets_);
    }
  }
  return *sockets_;
}

}  // namespace gorotrace::waits
