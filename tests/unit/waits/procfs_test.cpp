// Text of /proc about sockets and system calls, as the kernel writes it and as nobody should.
#include <asm/unistd.h>
#include <gmock/gmock.h>

#include "waits/sockets.h"
#include "waits/syscalls.h"

namespace gorotrace::waits {
namespace {

TEST(Sockets, InetLinesAreRead) {
  Sockets sockets;
  parse_inet(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 "
      "100\n"
      "   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 02:000000 00000000  1000        0 4712 2 0 "
      "20\n",
      "tcp", sockets);
  ASSERT_EQ(sockets.size(), 2u);
  EXPECT_EQ(sockets[4711].local, "127.0.0.1:8080");
  EXPECT_EQ(sockets[4711].peer, "");
  EXPECT_EQ(sockets[4711].state, "LISTEN");
  EXPECT_EQ(sockets[4712].peer, "127.0.0.1:8080");
  EXPECT_EQ(sockets[4712].state, "ESTABLISHED");
}

TEST(Sockets, SixIsShownInBrackets) {
  Sockets sockets;
  parse_inet(
      "   0: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07 0:0 0:0 0 0 0 "
      "9\n",
      "udp6", sockets);
  EXPECT_EQ(sockets[9].local, "[::1]:53");
  EXPECT_EQ(sockets[9].state, "");
}

TEST(Sockets, LinesThatAreNoneAreSkipped) {
  for (const std::string_view text :
       {"", "\n\n", "0: 0100007F:1F90", "0: 0100007F:FFFFF 00000000:0000 0A 0:0 0:0 0 0 0 5",
        "0: 0100007:1F90 00000000:0000 0A 0:0 0:0 0 0 0 5",
        "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 0",
        "0: 0100007F:1F90 00000000:0000 ZZ 0:0 0:0 0 0 0 5",
        "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 99999999999999999999"}) {
    Sockets sockets;
    parse_inet(text, "tcp", sockets);
    EXPECT_TRUE(sockets.empty()) << text;
  }
}

TEST(Sockets, UnixPathsAreMadePrintable) {
  Sockets sockets;
  parse_unix(
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "ffff: 00000002 00000000 00010000 0001 01 21 /run/a b\x1b[2J\n"
      "ffff: 00000003 00000000 00000000 0001 03 22\n"
      "ffff: 00000003 00000000 00000000 0001 03 23 @abstract\n",
      sockets);
  ASSERT_EQ(sockets.size(), 3u);
  EXPECT_EQ(sockets[21].local, "/run/a b\uFFFD[2J");
  EXPECT_EQ(sockets[21].state, "LISTEN");
  EXPECT_EQ(sockets[22].state, "CONNECTED");
  EXPECT_EQ(sockets[23].local, "@abstract");
}

TEST(Syscalls, AThreadInASystemCallIsRead) {
  const auto call = parse_syscall("0 0x3 0xc000012000 0x7 0x0 0x0 0x0 0xc00004ee18 0x47f2a0\n");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->number, 0u);
  EXPECT_EQ(call->arguments[0], 3u);
  EXPECT_EQ(call->arguments[2], 7u);
  EXPECT_EQ(call->sp, 0xc00004ee18u);
  EXPECT_EQ(call->pc, 0x47f2a0u);
}

TEST(Syscalls, AThreadThatIsInNoneGivesNothing) {
  for (const std::string_view text : {"running\n", "-1 0x7ffe 0x4711\n", "", "0 0x3", "0 3 4 5 6 7 8 9 10",
                                      "99999999999999999999999 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x0"}) {
    EXPECT_FALSE(parse_syscall(text)) << text;
  }
}

TEST(Syscalls, NamesAreThoseOfThisMachine) {
  EXPECT_EQ(syscall_name(__NR_read), "read");
  EXPECT_EQ(syscall_name(__NR_epoll_pwait), "epoll_pwait");
  EXPECT_EQ(syscall_name(1u << 30), "");
  EXPECT_TRUE(takes_descriptor("read"));
  EXPECT_FALSE(takes_descriptor("futex"));
}

}  // namespace
}  // namespace gorotrace::waits
