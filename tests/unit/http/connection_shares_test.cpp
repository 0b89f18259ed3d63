#include "http/connection_shares.h"

#include <gtest/gtest.h>

#include "http/listen_address.h"

namespace gorotrace {
namespace {

TEST(ConnectionShares, AreSoManyOfAllAndOfOneAddress) {
  ConnectionShares shares(3, 2);
  const auto one = parse_listen_address("10.0.0.1:1").value(),
             same = parse_listen_address("10.0.0.1:2").value(),
             other = parse_listen_address("[2001:db8::1]:1").value();
  const char id[6] = {};
  const auto opens = [&](int i, const ListenAddress& from) {
    shares.opened(&id[i], reinterpret_cast<const sockaddr*>(&from.address));
    return shares.has_share(&id[i]);
  };
  EXPECT_TRUE(opens(0, one));
  EXPECT_TRUE(opens(1, same));
  EXPECT_FALSE(opens(2, one));
  EXPECT_TRUE(opens(3, other));
  EXPECT_FALSE(opens(4, other)) << "of all";
  shares.closed(&id[2]);
  EXPECT_FALSE(opens(2, one)) << "it had none to give back";
  shares.closed(&id[2]);
  shares.closed(&id[0]);
  EXPECT_FALSE(shares.has_share(&id[0]));
  EXPECT_FALSE(shares.has_share(&id[4])) << "a share is not handed on";
  EXPECT_TRUE(opens(2, same));
  EXPECT_FALSE(opens(5, one));
}

TEST(ConnectionShares, OfAnUnknownAddressAreOfOne) {
  ConnectionShares shares(10, 1);
  const char id[2] = {};
  shares.opened(&id[0], nullptr);
  shares.opened(&id[1], nullptr);
  EXPECT_TRUE(shares.has_share(&id[0]));
  EXPECT_FALSE(shares.has_share(&id[1]));
  shares.closed(&id[1]);
  shares.closed(&id[0]);
  shares.opened(&id[1], nullptr);
  EXPECT_TRUE(shares.has_share(&id[1]));
}

}  // namespace
}  // namespace gorotrace
