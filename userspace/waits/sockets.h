// /proc/PID/net/{tcp,tcp6,udp,udp6,unix}: the ends of sockets by inode, in the network namespace of that
// process (proc_pid_net(5), Documentation/networking/proc_net_tcp.rst). Paths of unix sockets are hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/seeded_hash.h"
#include "waits/wait_object.h"

namespace gorotrace::waits {

using Sockets = SeededMap<std::uint64_t, FileDescription::Socket>;

// Lines that are none are skipped. protocol: "tcp", "tcp6", "udp" or "udp6".
void parse_inet(std::string_view text, std::string_view protocol, Sockets& out);
void parse_unix(std::string_view text, Sockets& out);

}  // namespace gorotrace::waits
