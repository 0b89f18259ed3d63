#include "export/pprof.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <protozero/pbf_reader.hpp>

#include "dump_fixture.h"
#include "export/gzip.h"

namespace gorotrace {
namespace {

using report_test::FakeDump;

std::string gunzip(const std::string& data) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  std::string out;
  std::array<char, 4096> buffer;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  EXPECT_EQ(status, Z_STREAM_END);
  inflateEnd(&stream);
  return out;
}

TEST(Gzip, RoundTrip) {
  std::string data;
  for (int i = 0; i < 200'000; ++i) data += std::to_string(i * 7919);
  for (const std::string& text : {std::string(), std::string("x"), data}) {
    const auto packed = gzip(text);
    ASSERT_TRUE(packed);
    EXPECT_EQ(gunzip(*packed), text);
  }
}

struct Read {
  std::vector<std::string> strings, functions, comments;
  std::vector<std::int64_t> counts, start_lines;
  std::vector<std::vector<std::uint64_t>> samples;
  std::vector<std::size_t> lines;  // per location
  std::vector<std::uint64_t> mapping_of;
};

Read read(const std::string& data) {
  Read out;
  std::vector<std::uint64_t> names, comments;
  protozero::pbf_reader profile(data);
  while (profile.next()) {
    switch (profile.tag()) {
      case 2: {
        auto sample = profile.get_message();
        out.samples.emplace_back();
        while (sample.next()) {
          if (sample.tag() == 1) {
            for (const auto id : sample.get_packed_uint64()) out.samples.back().push_back(id);
          } else if (sample.tag() == 2) {
            for (const auto n : sample.get_packed_int64()) out.counts.push_back(n);
          } else {
            sample.skip();
          }
        }
        break;
      }
      case 4: {
        auto location = profile.get_message();
        out.lines.push_back(0);
        out.mapping_of.push_back(0);
        while (location.next()) {
          if (location.tag() == 2) {
            out.mapping_of.back() = location.get_uint64();
            continue;
          }
          if (location.tag() == 4) ++out.lines.back();
          location.skip();
        }
        break;
      }
      case 5: {
        auto function = profile.get_message();
        while (function.next()) {
          if (function.tag() == 2) {
            names.push_back(static_cast<std::uint64_t>(function.get_int64()));
          } else if (function.tag() == 5) {
            out.start_lines.push_back(function.get_int64());
          } else {
            function.skip();
          }
        }
        break;
      }
      case 6:
        out.strings.push_back(profile.get_string());
        break;
      case 13:
        comments.push_back(static_cast<std::uint64_t>(profile.get_int64()));
        break;
      default:
        profile.skip();
    }
  }
  for (const std::uint64_t n : names) out.functions.push_back(out.strings.at(n));
  for (const std::uint64_t n : comments) out.comments.push_back(out.strings.at(n));
  return out;
}

TEST(Pprof, OneSamplePerStackOneLocationPerPc) {
  FakeDump fake;
  const std::uint64_t leaf = fake.function("runtime.gopark"), f = fake.function("main.generic[...].func1"),
                      exit = fake.function("runtime.goexit");
  fake.innermost(f).type_arguments = "[go.shape.map[int]string]";
  fake.innermost(f).start_line = 40;
  fake.inline_into(f, "main.inner", 3);
  for (const std::uint64_t goid : {1, 2}) fake.goroutine(goid, {leaf, f, exit});
  GoroutineSnapshot& running = fake.goroutine(4, {});
  running.status = GStatus::kRunning;
  running.startpc = f;
  StackTable symbols = fake.symbols();
  const DumpView view(fake.dump, symbols);
  const auto packed = pprof_profile(view, select(view, {}), {{0x1100, 0x1200, 0, "/usr/bin/server", "abcd"}});
  ASSERT_TRUE(packed);
  const Read profile = read(gunzip(*packed));
  EXPECT_EQ(profile.strings.at(0), "");
  EXPECT_EQ(profile.counts, (std::vector<std::int64_t>{2, 1}));
  ASSERT_EQ(profile.samples.size(), 2u);
  EXPECT_EQ(profile.samples[0].size(), 2u);  // runtime.goexit is no location
  EXPECT_EQ(profile.lines, (std::vector<std::size_t>{1, 2, 1, 1}));
  EXPECT_EQ(profile.mapping_of, (std::vector<std::uint64_t>{0, 1, 0, 0}));
  EXPECT_EQ(
      profile.functions,
      (std::vector<std::string>{"runtime.gopark", "main.inner", "main.generic[go.shape.map[int]string].func1",
                                "[stack unavailable: running]", "main.generic[...].func1"}));
  EXPECT_EQ(profile.start_lines, (std::vector<std::int64_t>{0, 0, 40, 0, 0}));
  ASSERT_FALSE(profile.comments.empty());
  EXPECT_EQ(profile.comments[0].rfind("gorotrace: 3 goroutines", 0), 0u);
}

}  // namespace
}  // namespace gorotrace
