#include "waits/sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <iterator>
#include <vector>

#include "base/number.h"
#include "base/text.h"

namespace gorotrace::waits {
namespace {

// include/net/tcp_states.h, from 1
constexpr std::string_view kTcpStates[] = {"ESTABLISHED", "SYN_SENT",  "SYN_RECV", "FIN_WAIT1",
                                           "FIN_WAIT2",   "TIME_WAIT", "CLOSE",    "CLOSE_WAIT",
                                           "LAST_ACK",    "LISTEN",    "CLOSING",  "NEW_SYN_RECV"};
constexpr std::size_t kMaxFields = 18;

template <typename Line>
void each_line(std::string_view text, Line line) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    line(text.substr(at, end - at));
    at = end + 1;
  }
}

std::vector<std::string_view> fields(std::string_view line) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; out.size() < kMaxFields && (at = line.find_first_not_of(' ', at)) != line.npos;) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    out.push_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

// "0100007F:1F90": the address in words of the host's byte order, the port as a number. "" for 0.0.0.0:0, an
// end that is not there.
std::optional<std::string> endpoint(std::string_view text, bool six) {
  const std::size_t colon = text.find(':');
  if (colon != (six ? 32u : 8u)) return std::nullopt;
  const auto port = whole_number<std::uint16_t>(text.substr(colon + 1), 16);
  std::array<std::uint32_t, 4> words{};
  bool any = false;
  for (std::size_t i = 0; i < colon / 8; ++i) {
    const auto word = whole_number<std::uint32_t>(text.substr(i * 8, 8), 16);
    if (!word) return std::nullopt;
    words[i] = *word;
    any = any || *word != 0;
  }
  if (!port) return std::nullopt;
  if (!any && *port == 0) return "";
  std::array<char, INET6_ADDRSTRLEN> shown{};
  if (::inet_ntop(six ? AF_INET6 : AF_INET, words.data(), shown.data(), shown.size()) == nullptr)
    return std::nullopt;
  return six ? fmt::format("[{}]:{}", shown.data(), *port) : fmt::format("{}:{}", shown.data(), *port);
}

}  // namespace

void parse_inet(std::string_view text, std::string_view protocol, Sockets& out) {
  const bool six = protocol.ends_with('6');
  each_line(text, [&](std::string_view line) {
    // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
    const auto f = fields(line);
    if (f.size() < 10) return;
    const auto local = endpoint(f[1], six), peer = endpoint(f[2], six);
    const auto state = whole_number<std::uint8_t>(f[3], 16);
    const auto inode = whole_number<std::uint64_t>(f[9], 10);
    if (!local || !peer || !state || !inode || *inode == 0) return;
    FileDescription::Socket socket{std::string(protocol), *local, *peer, ""};
    if (protocol.starts_with("tcp") && *state >= 1 && *state <= std::size(kTcpStates)) {
      socket.state = kTcpStates[*state - 1];
    }
    out.insert_or_assign(*inode, std::move(socket));
  });
}

void parse_unix(std::string_view text, Sockets& out) {
  each_line(text, [&](std::string_view line) {
    // Num RefCount Protocol Flags Type St Inode [Path]; a path may hold spaces.
    const auto f = fields(line);
    if (f.size() < 7) return;
    const auto flags = whole_number<std::uint32_t>(f[3], 16);
    const auto state = whole_number<std::uint32_t>(f[5], 16);
    const auto inode = whole_number<std::uint64_t>(f[6], 10);
    if (!flags || !state || !inode || *inode == 0) return;
    FileDescription::Socket socket{"unix", "", "", ""};
    if (f.size() > 7) {
      socket.local = printable(line.substr(static_cast<std::size_t>(f[7].data() - line.data())));
    }
    // net/unix/af_unix.c unix_seq_show: __SO_ACCEPTCON in flags; SS_CONNECTED.
    if ((*flags & (1u << 16)) != 0) {
      socket.state = "LISTEN";
    } else if (*state == 3) {
      socket.state = "CONNECTED";
    }
    out.insert_or_assign(*inode, std::move(socket));
  });
}

}  // namespace gorotrace::waits
