// Takes a profile in pprof's format apart.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <map>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <utility>
#include <vector>

namespace gorotrace {

inline std::string gunzip(const std::string& data) {
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

struct Read {
  std::vector<std::string> strings, functions, comments;
  std::vector<std::int64_t> counts, start_lines;
  std::vector<std::vector<std::uint64_t>> samples;  // locations
  std::vector<std::vector<std::int64_t>> values;    // of each sample
  std::vector<std::map<std::string, std::string>> labels;
  std::vector<std::size_t> lines;  // per location
  std::vector<std::uint64_t> mapping_of, addresses;
  std::vector<std::vector<std::uint64_t>> functions_of;  // per location, ids
  std::vector<std::pair<std::string, std::string>> types;

  // Names of a sample, leaf first.
  [[nodiscard]] std::vector<std::string> stack(std::size_t sample) const {
    std::vector<std::string> out;
    for (const std::uint64_t location : samples.at(sample)) {
      for (const std::uint64_t f : functions_of.at(location - 1)) out.push_back(functions.at(f - 1));
    }
    return out;
  }
};

inline Read read(const std::string& data) {
  Read out;
  std::vector<std::uint64_t> names, comments;
  std::vector<std::pair<std::size_t, std::pair<std::uint64_t, std::uint64_t>>> labels;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> types;
  protozero::pbf_reader profile(data);
  while (profile.next()) {
    switch (profile.tag()) {
      case 1: {
        auto type = profile.get_message();
        types.emplace_back();
        while (type.next()) {
          const auto at = static_cast<std::uint64_t>(type.get_int64());
          (type.tag() == 1 ? types.back().first : types.back().second) = at;
        }
        break;
      }
      case 2: {
        auto sample = profile.get_message();
        out.samples.emplace_back();
        out.values.emplace_back();
        out.labels.emplace_back();
        while (sample.next()) {
          if (sample.tag() == 1) {
            for (const auto id : sample.get_packed_uint64()) out.samples.back().push_back(id);
          } else if (sample.tag() == 2) {
            for (const auto n : sample.get_packed_int64()) {
              out.counts.push_back(n);
              out.values.back().push_back(n);
            }
          } else if (sample.tag() == 3) {
            auto label = sample.get_message();
            std::pair<std::uint64_t, std::uint64_t> at;
            while (label.next()) {
              if (label.tag() == 1)
                at.first = static_cast<std::uint64_t>(label.get_int64());
              else
                at.second = static_cast<std::uint64_t>(label.get_int64());
            }
            labels.emplace_back(out.samples.size() - 1, at);
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
        out.addresses.push_back(0);
        out.functions_of.emplace_back();
        while (location.next()) {
          if (location.tag() == 2) {
            out.mapping_of.back() = location.get_uint64();
            continue;
          }
          if (location.tag() == 3) {
            out.addresses.back() = location.get_uint64();
            continue;
          }
          if (location.tag() == 4) {
            ++out.lines.back();
            auto line = location.get_message();
            while (line.next()) {
              if (line.tag() == 1)
                out.functions_of.back().push_back(line.get_uint64());
              else
                line.skip();
            }
            continue;
          }
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
  for (const auto& [sample, at] : labels)
    out.labels.at(sample)[out.strings.at(at.first)] = out.strings.at(at.second);
  for (const auto& [type, unit] : types) out.types.emplace_back(out.strings.at(type), out.strings.at(unit));
  for (const std::uint64_t n : names) out.functions.push_back(out.strings.at(n));
  for (const std::uint64_t n : comments) out.comments.push_back(out.strings.at(n));
  return out;
}

}  // namespace gorotrace
