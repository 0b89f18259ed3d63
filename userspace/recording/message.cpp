#include "recording/message.h"

#include <protozero/pbf_builder.hpp>
#include <protozero/pbf_message.hpp>

namespace gorotrace {
namespace {

using Wire = protozero::pbf_wire_type;

constexpr TargetId kMaxTarget = 0xffffff;  // target_id(): 16 bits of slot, 8 of generation

std::uint64_t varint(protozero::pbf_message<Envelope>& in) {
  if (!in.has_wire_type(Wire::varint)) throw Damaged("a field is of another type");
  return in.get_uint64();
}

bool flag(protozero::pbf_message<Envelope>& in) {
  const std::uint64_t value = varint(in);
  if (value > 1) throw Damaged("a number is out of its range");
  return value != 0;
}

}  // namespace

ItemOfMessage read_message(std::string_view message) {
  ItemOfMessage out;
  bool known = false;
  protozero::pbf_message<Envelope> in(message.data(), message.size());
  while (in.next()) {
    switch (in.tag()) {
      case Envelope::kTarget: {
        const std::uint64_t target = varint(in);
        if (target > kMaxTarget) throw Damaged("a number is out of its range");
        out.target = static_cast<TargetId>(target);
        break;
      }
      case Envelope::kAtNs:
        out.at_ns = varint(in);
        break;
      case Envelope::kMayBeSkipped:
        out.may_be_skipped = flag(in);
        break;
      case Envelope::kPart:
        out.part = varint(in);
        break;
      case Envelope::kMore:
        out.more = flag(in);
        break;
      default: {
        const auto tag = static_cast<protozero::pbf_tag_type>(in.tag());
        if (tag < kFirstKind) {  // a later version's
          in.skip();
          break;
        }
        if (known) throw Damaged("two items in one message");
        if (!in.has_wire_type(Wire::length_delimited)) throw Damaged("a field is of another type");
        known = true;
        out.kind = static_cast<Kind>(tag);
        const protozero::data_view fields = in.get_view();
        out.fields = {fields.data(), fields.size()};
      }
    }
  }
  if (!known) throw Damaged("no item in a message");
  return out;
}

void Parts::hand_out(bool more) {
  std::string message;
  protozero::pbf_builder<Envelope> out(message);
  message.reserve(fields_.size() + 32);
  if (head_.target != 0) out.add_uint32(Envelope::kTarget, head_.target);
  if (head_.at_ns != 0) out.add_uint64(Envelope::kAtNs, head_.at_ns);
  if (head_.may_be_skipped) out.add_bool(Envelope::kMayBeSkipped, true);
  if (head_.part != 0) out.add_uint64(Envelope::kPart, head_.part);
  if (more) out.add_bool(Envelope::kMore, true);
  out.add_message(static_cast<Envelope>(head_.kind), fields_);
  out_(message);
  fields_.clear();
  ++head_.part;
}

}  // namespace gorotrace
