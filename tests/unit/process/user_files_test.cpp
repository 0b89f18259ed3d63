#include "process/user_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "process/user_database.h"

namespace gorotrace {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "# a comment: of: colons\n"
    "+::::::\n"
    "short:x:7\n"
    "many:x:8:8:a:b:c:d\n"
    "text:x:eight:8::/:/bin/sh\n"
    ":x:9:9::/:/bin/sh\n"
    "shop:x:1000:1000:The shop,,,:/srv/shop:\n"
    "shop:x:1001:1001:another of that name:/:/bin/sh\n"
    "last:x:4294967295:1:::/bin/false";
constexpr std::string_view kGroup =
    "root:x:0:\n"
    "adm:x:4:shop,other\n"
    "shops:x:5:myshop,shopper\n"
    "shop:x:1000:shop\n"
    "bad:x:six:shop\n"
    "too:few:6\n"
    "www:x:33:other,shop\n"
    "again:x:33:shop";

std::optional<UserIds> named(std::string_view name, std::string_view group = kGroup) {
  return user_of_files(kPasswd, group, [&](std::string_view its, uid_t) { return its == name; });
}
std::optional<UserIds> numbered(uid_t uid) {
  return user_of_files(kPasswd, kGroup, [&](std::string_view, uid_t its) { return its == uid; });
}

TEST(UserFiles, AUserAndTheGroups) {
  const auto shop = named("shop");
  ASSERT_TRUE(shop);
  EXPECT_EQ(shop->uid, 1000u);
  EXPECT_EQ(shop->gid, 1000u);
  EXPECT_EQ(shop->groups, (std::vector<gid_t>{1000, 4, 33}));
  EXPECT_EQ(shop->home, "/srv/shop");
  EXPECT_EQ(shop->shell, "");
  EXPECT_EQ(numbered(1000)->name, "shop");
  EXPECT_EQ(numbered(1001)->groups, (std::vector<gid_t>{1001, 4, 1000, 33}));
  EXPECT_EQ(named("shop", "")->groups, std::vector<gid_t>{1000});
}

TEST(UserFiles, TheLastLineNeedsNoEnd) {
  ASSERT_TRUE(named("last"));
  EXPECT_EQ(numbered(4294967295u)->shell, "/bin/false");
}

TEST(UserFiles, LinesThatAreNone) {
  for (const char* name : {"short", "many", "text", "", "+", "# a comment", "nobody"})
    EXPECT_FALSE(named(name)) << name;
  for (const uid_t uid : {7u, 8u, 9u}) EXPECT_FALSE(numbered(uid)) << uid;
  EXPECT_FALSE(user_of_files("", "", [](std::string_view, uid_t) { return true; }));
}

// Who is in the file is known to the name service, too.
TEST(UserFiles, AsTheCLibraryReadsThem) {
  const auto text = [](const char* path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string passwd = text("/etc/passwd"), group = text("/etc/group");
  int compared = 0;
  for (uid_t uid = 0; uid < 100; ++uid) {
    const auto ours = user_of_files(passwd, group, [&](std::string_view, uid_t its) { return its == uid; });
    if (!ours) continue;
    const auto theirs = user_numbered(uid);
    ASSERT_TRUE(theirs) << uid;
    EXPECT_EQ(ours->name, theirs->name);
    EXPECT_EQ(ours->home, theirs->home);
    EXPECT_EQ(ours->gid, theirs->gid);
    EXPECT_EQ(name_of_user(uid), ours->name);
    EXPECT_EQ(user_named(ours->name)->uid, uid);
    ++compared;
  }
  EXPECT_GE(compared, 1);
}

}  // namespace
}  // namespace gorotrace
