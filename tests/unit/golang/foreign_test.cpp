// Go that is not what we read, made of a subject by changing a few bytes: what it is, and what to do, is
// said.
#include "golang/foreign.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "subjects.h"

namespace gorotrace::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

class Patched {
 public:
  explicit Patched(const std::string& subject) : bytes_(read_file(Subject{subject, ""}.path())) {}
  // Every place that has `was`; the rest of a longer one stays.
  Patched& replace(std::string_view was, std::string_view with) {
    std::size_t found = 0;
    for (auto at = bytes_.begin();; ++found) {
      at = std::search(at, bytes_.end(), was.begin(), was.end());
      if (at == bytes_.end()) break;
      at = std::copy(with.begin(), with.end(), at);
    }
    EXPECT_GT(found, 0u) << was;
    return *this;
  }
  Patched& put(std::size_t at, std::string_view text) {
    std::ranges::copy(text, bytes_.begin() + static_cast<std::ptrdiff_t>(at));
    return *this;
  }
  [[nodiscard]] std::unique_ptr<ElfImage> image() const {
    auto image = ElfImage::from_bytes(bytes_);
    if (!image) ADD_FAILURE() << image.error().message;
    return image ? std::move(*image) : nullptr;
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

TEST(Foreign, GosOwnIsNot) {
  for (const char* name : {"go1.18", "go" GOROTRACE_NEWEST_MINOR, "go" GOROTRACE_NEWEST_MINOR ".stripped",
                           "go" GOROTRACE_NEWEST_MINOR "-cgo", "go" GOROTRACE_NEWEST_MINOR "-pie.stripped"}) {
    const auto image = Patched(name).image();
    ASSERT_TRUE(image);
    EXPECT_EQ(foreign_by_headers(*image), std::nullopt) << name;
    EXPECT_EQ(foreign_by_contents(*image), std::nullopt) << name;
  }
}

TEST(Foreign, PackedByUpx) {
  const auto image = Patched("go" GOROTRACE_NEWEST_MINOR ".stripped").put(0x300, "UPX!").image();
  ASSERT_TRUE(image);
  EXPECT_THAT(foreign_by_headers(*image), Optional(HasSubstr("'upx -d'")));
}

TEST(Foreign, LinkedWithTheRuntimeElsewhere) {
  for (const char* name : {"go1.18", "go" GOROTRACE_NEWEST_MINOR ".stripped"}) {
    const auto own = Patched(name).image(),
               image = Patched(name).replace("runtime.rt0_go", "runtime.rt0_no").image();
    ASSERT_TRUE(own && image);
    EXPECT_EQ(foreign_by_functions(**Pclntab::make(*own)), std::nullopt) << name;
    EXPECT_THAT(foreign_by_functions(**Pclntab::make(*image)), Optional(HasSubstr("-linkshared"))) << name;
  }
}

TEST(Foreign, OfGccgo) {
  const auto shared = Patched("go" GOROTRACE_NEWEST_MINOR "-cgo").replace("libc.so.6", "libgo.so.").image();
  ASSERT_TRUE(shared);
  EXPECT_THAT(foreign_by_headers(*shared), Optional(HasSubstr("gccgo")));
  // Not written whole: the test itself is an executable that is looked at (version_test.cpp).
  const std::string version = std::string("go1.18 gcc") + "go (D";
  const auto whole =
      Patched("go" GOROTRACE_NEWEST_MINOR ".stripped").replace("runtime error: ", version).image();
  ASSERT_TRUE(whole);
  EXPECT_THAT(foreign_by_contents(*whole), Optional(HasSubstr("gccgo")));
}

TEST(Foreign, OfGccgoWithItsLibraryInTheFile) {
  const auto image = Patched("go" GOROTRACE_NEWEST_MINOR)
                         .replace(".note.go.buildid", std::string(".go_export\0\0\0\0\0\0", 16))
                         .image();
  ASSERT_TRUE(image);
  EXPECT_THAT(foreign_by_headers(*image), Optional(HasSubstr("gccgo")));
}

// As whoever looks for it does.
TEST(Foreign, WhoOnlySpeaksOfGccgoIsNot) {
  const auto image =
      Patched("go" GOROTRACE_NEWEST_MINOR ".stripped").replace("runtime error: ", " gccgo (Debian ").image();
  ASSERT_TRUE(image);
  EXPECT_EQ(foreign_by_contents(*image), std::nullopt);
}

TEST(Foreign, OfTinyGo) {
  const auto image =
      Patched("go" GOROTRACE_NEWEST_MINOR).replace("runtime.goexit0", "tinygo_swapTask").image();
  ASSERT_TRUE(image);
  EXPECT_THAT(foreign_by_contents(*image), Optional(HasSubstr("TinyGo")));
}

}  // namespace
}  // namespace gorotrace::testing
