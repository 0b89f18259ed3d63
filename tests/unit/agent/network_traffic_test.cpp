// What is received and sent of a network namespace, parsed, and our own.
#include "agent/network_traffic.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace gorotrace {
namespace {

constexpr const char* kNetstat =
    "TcpExt: SyncookiesSent InOctets\nTcpExt: 1 2\n"
    "IpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 123456 789\n";

TEST(NetworkTraffic, TrafficOfTheGroupThatIsMeant) {
  EXPECT_EQ(parse_ip_extension(kNetstat, "InOctets"), 123456);
  EXPECT_EQ(parse_ip_extension(kNetstat, "OutOctets"), 789);
  EXPECT_EQ(parse_ip_extension(kNetstat, "Other"), std::nullopt);
  EXPECT_EQ(parse_ip_extension("IpExt: InOctets\n", "InOctets"), std::nullopt);
  EXPECT_EQ(parse_ip_extension("", "InOctets"), std::nullopt);
}

TEST(NetworkTraffic, EachNamespaceHasItsOwn) {
  NetworkTraffic traffic;
  const IpBytes ours = traffic.of(getpid());
  ASSERT_TRUE(ours.received && ours.transmitted);
  EXPECT_EQ(traffic.of(getppid()).received, ours.received);  // of the same second
  EXPECT_FALSE(traffic.of(0x7fffffff).received);
}

}  // namespace
}  // namespace gorotrace
