#include "recording/codec.h"

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "recording/checkpoint_fields.h"
#include "recording/facts_fields.h"
#include "recording/field_reader.h"
#include "recording/field_writer.h"
#include "recording/file_claims.h"
#include "recording/item_fields.h"
#include "recording/message.h"
#include "recording/sample_fields.h"
#include "recording/snapshot_fields.h"

namespace gorotrace {
namespace {

template <Kind kKind, typename T>
struct KindOf {
  static constexpr Kind kind = kKind;
  using Type = T;
};
using Kinds =
    std::tuple<KindOf<Kind::kAdvanced, Advanced>, KindOf<Kind::kTargetBegun, TargetBegun>,
               KindOf<Kind::kRecords, Records>, KindOf<Kind::kStackDefined, StackDefined>,
               KindOf<Kind::kFunctionDescribed, FunctionDescribed>, KindOf<Kind::kSnapshot, Snapshot>,
               KindOf<Kind::kSeenObjects, SeenObjects>, KindOf<Kind::kCountersRead, CountersRead>,
               KindOf<Kind::kGroupChanged, GroupChanged>, KindOf<Kind::kCostCharged, CostCharged>,
               KindOf<Kind::kLoss, Loss>, KindOf<Kind::kSampleClasses, SampleClasses>,
               KindOf<Kind::kSampleTick, SampleTick>, KindOf<Kind::kSamplesLost, SamplesLost>,
               KindOf<Kind::kSamplingEnded, SamplingEnded>, KindOf<Kind::kTargetEnded, TargetEnded>,
               KindOf<Kind::kTargetGone, TargetGone>, KindOf<Kind::kFramesNamed, FramesNamed>,
               KindOf<Kind::kFactsTold, FactsTold>, KindOf<Kind::kCheckpointTold, CheckpointTold>,
               KindOf<Kind::kClockPair, ClockPair>, KindOf<Kind::kMappingsTold, MappingsTold>,
               KindOf<Kind::kWindowKept, WindowKept>, KindOf<Kind::kValueDefined, ValueDefined>>;
using What = decltype(Item::what);
static_assert(std::tuple_size_v<Kinds> == std::variant_size_v<What> + std::variant_size_v<FileItem> - 1);

// visit(KindOf{}) of the one that `is` says so of; false when there is none.
template <typename Is, typename Visit>
constexpr bool with_kind(const Is& is, const Visit& visit) {
  return std::apply([&](auto... of) { return ((is(of) && (visit(of), true)) || ...); }, Kinds{});
}
template <typename T>
constexpr Kind kind_of() {
  Kind kind{};
  with_kind([](auto of) { return std::is_same_v<typename decltype(of)::Type, T>; },
            [&](auto of) { kind = of.kind; });
  return kind;
}

template <typename T>
void encode_as(TargetId target, std::uint64_t at_ns, const T& value, const MessageSink& out) {
  Parts parts(target, at_ns, kind_of<T>(), out);
  {
    FieldWriter io(parts);
    fields(io, value);
  }
  parts.finish();
}

struct Encode {
  const MessageSink& out;
  void operator()(const Item& item) const {
    std::visit([&](const auto& what) { encode_as(item.target, item.at_ns, what, out); }, item.what);
  }
  void operator()(const FramesNamed& named) const { encode_as(named.target, 0, named, out); }
  void operator()(const FactsTold& told) const { encode_as(told.target, 0, told, out); }
  void operator()(const CheckpointTold& told) const {
    encode_as(told.target, told.checkpoint.model.at_ns, told, out);
  }
  void operator()(const ClockPair& pair) const { encode_as(0, 0, pair, out); }
  void operator()(const MappingsTold& told) const { encode_as(told.target, 0, told, out); }
  void operator()(const WindowKept& kept) const { encode_as(0, 0, kept, out); }
};

template <typename T>
void begin_reading(T&) {}

bool is_known(Kind kind) {
  return with_kind([kind](auto of) { return of.kind == kind; }, [](auto) {});
}
// Empty yet, of a known kind.
FileItem begun(const ItemOfMessage& m) {
  FileItem item;
  with_kind([&m](auto of) { return of.kind == m.kind; },
            [&](auto of) {
              typename decltype(of)::Type value{};
              begin_reading(value);
              if constexpr (requires { value.target; }) value.target = m.target;
              if constexpr (requires { What(value); }) {
                item = Item{m.target, m.at_ns, std::move(value)};
              } else {
                item = std::move(value);
              }
            });
  return item;
}

struct ReadInto {
  const ItemOfMessage& message;
  void operator()(Item& item) const { std::visit(*this, item.what); }
  template <typename T>
  void operator()(T& value) const {
    FieldReader::read({message.fields.data(), message.fields.size()}, message.target, value);
  }
};

}  // namespace

void encode(const FileItem& item, const MessageSink& out) {
  std::visit(Encode{out}, item);
}

void encode(const Item& item, const MessageSink& out) {
  Encode{out}(item);
}

struct Decoder::Impl {
  // Of which parts are still to come.
  struct Open {
    ItemOfMessage last;  // without its fields
    FileItem item;
    [[nodiscard]] bool goes_on_with(const ItemOfMessage& m) const {
      return m.kind == last.kind && m.target == last.target && m.at_ns == last.at_ns &&
             m.part == last.part + 1;
    }
  };

  [[nodiscard]] Status take(const ItemOfMessage& message, const std::function<void(FileItem)>& out);
  void drop();

  std::optional<Open> open;
  bool dropping = false;  // what comes may be parts of an item that was counted as incomplete
  std::uint64_t incomplete = 0;
  std::size_t most_rows = ~std::size_t{0};
};

void Decoder::Impl::drop() {
  if (!open) return;
  open.reset();
  ++incomplete;
  dropping = true;
}

Status Decoder::Impl::take(const ItemOfMessage& message, const std::function<void(FileItem)>& out) {
  if (open && !open->goes_on_with(message)) drop();
  if (!is_known(message.kind)) {
    if (message.may_be_skipped) return {};
    return fail(
        ErrorKind::kUnsupported,
        "the capture file has items of a kind that this version does not know: read it with a newer one");
  }
  if (!open && message.part != 0) {
    if (!dropping) ++incomplete;
    dropping = message.more;
    return {};
  }
  dropping = false;
  FileItem item = open ? std::move(open->item) : begun(message);
  open.reset();
  std::visit(ReadInto{message}, item);
  if (rows_of(item) > most_rows) throw Damaged("it has more rows than the file has bytes for");
  if (!message.more) {
    out(std::move(item));
    return {};
  }
  open = Open{message, std::move(item)};
  open->last.fields = {};
  return {};
}

Decoder::Decoder() : impl_(std::make_unique<Impl>()) {}
Decoder::~Decoder() = default;

Status Decoder::take(std::string_view message, const std::function<void(FileItem)>& out) {
  try {
    if (message.size() > kMaxMessage) throw Damaged("it is too large");
    return impl_->take(read_message(message), out);
  } catch (const protozero::exception& e) {
    impl_->drop();
    return fail(ErrorKind::kFailed, std::string("a message of the capture file is damaged: ") + e.what());
  }
}

void Decoder::forget() {
  impl_->drop();
}

void Decoder::allow_rows(std::size_t rows) {
  impl_->most_rows = rows;
}

std::uint64_t Decoder::incomplete() const {
  return impl_->incomplete;
}

}  // namespace gorotrace
