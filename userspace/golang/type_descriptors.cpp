#include "golang/type_descriptors.h"

#include <algorithm>

#include "golang/code.h"

namespace gorotrace {
namespace {
namespace descriptor {

// internal/abi/type.go (up to 1.20 runtime/type.go): Type has 48 bytes, its kind in byte 23; behind it a
// pointer and a slice have the element's type, a struct PkgPath and the slice of its fields, each a name, a
// type and an offset.
constexpr std::uint64_t kKind = 23, kBehindType = 48, kFields = 56, kFieldCount = 64, kFieldBytes = 24;
constexpr unsigned kKindMask = 31, kPointer = 22, kSlice = 23, kStruct = 25;
constexpr std::uint64_t kMaxFields = 512;    // runtime.p, the largest of ours, has about 100
constexpr std::size_t kMaxCandidates = 256;  // addresses in one function; runtime.procresize has a dozen
constexpr std::size_t kMaxName = 127;        // the length's varint then has one byte
constexpr int kMaxIndirections = 3;

// Who allocates the struct (runtime/proc.go, chan.go; 1.18-1.27; malg may be inlined), and a field that of
// all structs allocated there it alone has.
struct Allocated {
  const char* name;
  const char* function;
  const char* mark;
};
constexpr Allocated kAllocated[] = {
    {"runtime.g", "runtime.malg", "atomicstatus"},         {"runtime.g", "runtime.newproc1", "atomicstatus"},
    {"runtime.g", "runtime.oneNewExtraM", "atomicstatus"}, {"runtime.p", "runtime.procresize", "schedtick"},
    {"runtime.hchan", "runtime.makechan", "dataqsiz"},
};
struct Reachable {
  const char* name;
  const char* from;
  const char* field;
};
constexpr Reachable kReachable[] = {
    {"runtime.m", "runtime.g", "m"},
    {"runtime.sudog", "runtime.g", "waiting"},
    {"runtime.timer", "runtime.g", "timer"},
    {"runtime.ancestorInfo", "runtime.g", "ancestors"},
    {"runtime.synctestBubble", "runtime.g", "bubble"},
};

}  // namespace descriptor
}  // namespace

TypeDescriptors::TypeDescriptors(const ElfImage& image, const Pclntab& pclntab)
    : image_(image), pclntab_(pclntab) {
  for (const auto& a : descriptor::kAllocated) find(a.name, a.function, a.mark);
  for (const auto& r : descriptor::kReachable) {
    const auto from = structs_.find(r.from);
    const auto led = from == structs_.end() ? std::nullopt : field(from->second, r.field);
    if (const std::uint64_t found = led ? struct_behind(led->type) : 0; found != 0)
      structs_.emplace(r.name, found);
  }
}

std::optional<std::uint64_t> TypeDescriptors::member_offset(std::string_view struct_name,
                                                            std::string_view path) const {
  const auto known = structs_.find(struct_name);
  if (known == structs_.end()) return std::nullopt;
  std::uint64_t type = known->second, offset = 0;
  for (;;) {
    const std::size_t dot = path.find('.');
    const auto found = field(type, path.substr(0, dot));
    if (!found) return std::nullopt;
    offset += found->offset;
    if (dot == std::string_view::npos) return offset;
    type = found->type;
    path.remove_prefix(dot + 1);
  }
}

void TypeDescriptors::find(const char* name, const char* function, const char* mark) {
  const auto f = pclntab_.function_named(function);
  if (!f || has(name)) return;
  std::size_t looked_at = 0;
  for (const DataRef& r : data_refs(image_, *f)) {
    if (!r.address_taken()) continue;
    if (++looked_at > descriptor::kMaxCandidates) return;
    if (field(r.address, mark)) {
      structs_.emplace(name, r.address);
      return;
    }
  }
}

std::optional<TypeDescriptors::Field> TypeDescriptors::field(std::uint64_t type,
                                                             std::string_view name) const {
  if (kind(type) != descriptor::kStruct) return std::nullopt;
  const auto fields = image_.word_at(type + descriptor::kFields),
             count = image_.word_at(type + descriptor::kFieldCount);
  if (!fields || !count || *count > descriptor::kMaxFields) return std::nullopt;
  for (std::uint64_t at = *fields; at != *fields + *count * descriptor::kFieldBytes;
       at += descriptor::kFieldBytes) {
    const auto its_name = image_.word_at(at), its_type = image_.word_at(at + 8),
               offset = image_.word_at(at + 16);
    if (!its_name || !its_type || !offset) return std::nullopt;
    if (named(*its_name, name)) return Field{*its_type, *offset};
  }
  return std::nullopt;
}

std::uint64_t TypeDescriptors::struct_behind(std::uint64_t type) const {
  for (int i = 0; i <= descriptor::kMaxIndirections; ++i) {
    const unsigned what = kind(type);
    if (what == descriptor::kStruct) return type;
    if (what != descriptor::kPointer && what != descriptor::kSlice) return 0;
    type = image_.word_at(type + descriptor::kBehindType).value_or(0);
  }
  return 0;
}

unsigned TypeDescriptors::kind(std::uint64_t type) const {
  const auto byte = image_.bytes_at(type + descriptor::kKind, 1);
  return byte.empty() ? 0 : byte[0] & descriptor::kKindMask;
}

// Name (internal/abi/type.go): a byte of flags, the length, the text.
bool TypeDescriptors::named(std::uint64_t name, std::string_view wanted) const {
  if (wanted.size() > descriptor::kMaxName) return false;
  const auto bytes = image_.bytes_at(name + 1, 1 + wanted.size());
  return bytes.size() == 1 + wanted.size() && bytes[0] == wanted.size() &&
         std::equal(wanted.begin(), wanted.end(), bytes.begin() + 1);
}

}  // namespace gorotrace
