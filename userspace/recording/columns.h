// Rows of a message as packed columns: what follows what in one column hardly differs, so that it takes
// little once it is compressed. A description, columns(io), says once which member of a row is which column:
//
//   template <ColumnsOf<SampleSite> Io>
//   void columns(Io& io) {
//     io.key(1, member<&SampleSite::gopc>);
//     io.column(2, member<&SampleSite::startpc>);
//     io.flags(3, member<&SampleSite::system>);
//   }
//
// io.key() is the first one, always there, and tells how many rows there are. A column of nothing but 0 is
// left out, for a row that is made has 0 there (kNoneIsZero: kNone). Pure, not thread-safe.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <protozero/types.hpp>
#include <protozero/varint.hpp>
#include <utility>

namespace gorotrace {

using FieldNumber = protozero::pbf_tag_type;

// What is written, so that a block of the widest rows and a full part are one message; and what is read: more
// is damage. It bounds what the bytes of a message may become (a row takes one at least).
inline constexpr std::size_t kBlockRows = 4096, kMaxBlockRows = 16384;

enum class Coding : std::uint8_t {
  kPlain,
  kDelta,       // to the row before, modulo 2^64
  kFixed,       // 8 bytes: of numbers that are hashes
  kNoneIsZero,  // 32 bits; 0xffffffff, which is kNone, as 0, others as one more
};

// Stateful: of one column.
class Coder {
 public:
  explicit Coder(Coding coding) : coding_(coding) {}
  [[nodiscard]] std::uint64_t written(std::uint64_t value) {
    if (coding_ == Coding::kNoneIsZero) return (value + 1) & kWord;
    if (coding_ != Coding::kDelta) return value;
    return protozero::encode_zigzag64(static_cast<std::int64_t>(value - std::exchange(last_, value)));
  }
  [[nodiscard]] std::uint64_t read(std::uint64_t word) {
    if (coding_ == Coding::kNoneIsZero) return word == 0 ? kWord : word - 1;
    if (coding_ != Coding::kDelta) return word;
    return last_ += static_cast<std::uint64_t>(protozero::decode_zigzag64(word));
  }

 private:
  static constexpr std::uint64_t kWord = 0xffffffff;
  Coding coding_;
  std::uint64_t last_ = 0;
};

// Of a row, or of a member of it.
template <auto... kPath>
struct Member {
  template <typename Row>
  [[nodiscard]] constexpr auto& operator()(Row& row) const {
    return (row.*....*kPath);
  }
};
template <auto... kPath>
inline constexpr Member<kPath...> member{};

template <typename Io, typename OfRow>
concept ColumnsOf = std::same_as<typename Io::Row, OfRow>;

}  // namespace gorotrace
