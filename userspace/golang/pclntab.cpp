#include "golang/pclntab.h"

#include <algorithm>
#include <functional>
#include <mutex>

#include "base/seeded_hash.h"
#include "base/text.h"
#include "golang/moduledata.h"
#include "golang/pclntab_layout.h"

namespace gorotrace {
namespace {

constexpr int kMaxInlineDepth = 256;
// Of tables, for one pc: each inlined frame walks three. The longest of the runtime's own has a few thousand
// steps.
constexpr std::uint64_t kPcSteps = 1u << 22;
constexpr std::size_t kMaxSameName = 256;
constexpr std::size_t kMaxInlineNodes = 1u << 16;  // of one function
constexpr std::uint64_t kNameBytes = 1ull << 28;   // of all functions, whose names may be one long one
// Of all functions, steps of tables and nodes of trees together; prometheus (97 MB) takes 3 million steps.
constexpr std::uint64_t kInlineSteps = 1ull << 26;
constexpr std::size_t kMaxInlinedPairs = 1u << 23;  // 64 MB; prometheus needs 500,000

struct Located {
  PclntabLayout layout;
  Moduledata moduledata;
};

std::optional<Located> table_at(const ElfImage& image, std::uint64_t address, std::uint64_t size) {
  const auto offset = image.offset_of(address);
  if (!offset) return std::nullopt;
  std::uint64_t most = image.bytes_after(address);
  if (size != 0) most = std::min(size, most);
  const auto layout =
      PclntabLayout::parse(image.bytes_up_to(address, PclntabLayout::kHeaderSize), {*offset, most});
  if (!layout) return std::nullopt;
  const auto moduledata = find_moduledata(image, address, *layout);
  if (!moduledata) return std::nullopt;
  return Located{*layout, *moduledata};
}

// The header's magic at 8-byte alignment in [begin, end) of a segment: what is left without section names,
// and in 1.18-1.25 externally linked PIE, where the table lies inside .data.rel.ro.
std::optional<Located> scan(const ElfImage& image, const ElfImage::Segment& segment) {
  const std::uint64_t skip = (8 - segment.vaddr % 8) % 8;
  if (skip >= segment.filesz) return std::nullopt;
  std::optional<Located> found;
  image.each_piece(segment.vaddr + skip, segment.filesz - skip, 0, [&](std::uint64_t vaddr, Bytes piece) {
    for (std::uint64_t at = 0; at + 8 <= piece.size() && !found; at += 8) {
      std::uint64_t word;
      std::memcpy(&word, piece.data() + at, sizeof word);
      constexpr std::uint64_t kMask = 0x0000'ffff'ffff'fffe, kMagic = 0x0000'0000'ffff'fff0;
      if ((word & kMask) == kMagic) found = table_at(image, vaddr + at, 0);
    }
    return !found;
  });
  return found;
}

std::optional<Located> locate(const ElfImage& image, bool& too_old) {
  for (const char* name : {".gopclntab", ".data.rel.ro.gopclntab"}) {
    const auto section = image.section(name);
    if (!section) continue;
    if (PclntabLayout::too_old(image.bytes_up_to(section->vaddr, PclntabLayout::kHeaderSize))) too_old = true;
    if (auto found = table_at(image, section->vaddr, section->size)) return found;
  }
  if (too_old) return std::nullopt;
  for (const bool executable : {false, true}) {
    for (const ElfImage::Segment& s : image.segments()) {
      if (s.executable != executable) continue;
      if (auto found = scan(image, s)) return found;
    }
  }
  return std::nullopt;
}

// runtime.funcNamePiecesForPrint (1.21+): type arguments are written "[...]". Before 1.21 the linker did it.
// Since 1.27 a generic method of a generic type has two lists, "T[...].M[...]".
struct PrintedName {
  std::string function, type_arguments;
};
PrintedName name_for_print(std::string_view name, bool two_lists) {
  const std::size_t open = name.find('['), close = name.rfind(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close <= open)
    return {printable(name), ""};
  std::string middle = "[...]";
  int depth = 0;
  for (std::size_t i = open; two_lists && i < close; ++i) {
    depth += (name[i] == '[') - (name[i] == ']');
    if (depth != 0) continue;
    const std::size_t next = name.find('[', i);
    if (next != std::string_view::npos && next < close)
      middle.append(name.substr(i + 1, next - i - 1)).append("[...]");
    break;
  }
  return {printable(std::string(name.substr(0, open)) + middle + std::string(name.substr(close + 1))),
          printable(name.substr(open, close + 1 - open))};
}

}  // namespace

struct Pclntab::Impl {
  using View = FileWindow::View;

  const ElfImage& image;
  PclntabLayout layout;
  Moduledata moduledata;

  // (hash of name, index in functab), sorted: built by the first look-up of a name.
  mutable std::once_flag names_once;
  mutable std::vector<std::pair<std::uint32_t, std::uint32_t>> by_name;
  mutable std::uint8_t wrapper_id = 0;  // the greatest funcID of the table
  // (name offset, index in functab) of every node of every inline tree: built by the first
  // functions_inlining.
  mutable std::once_flag inlined_once;
  mutable std::vector<std::pair<std::uint32_t, std::uint32_t>> inlined;

  static std::uint32_t hash(std::string_view name) { return static_cast<std::uint32_t>(SeededHash{}(name)); }

  [[nodiscard]] std::optional<GoFunction> make_function(const View& view, std::uint32_t index) const {
    const auto f = layout.func(view, index);
    const auto begin = layout.entry_off(view, index), end = layout.entry_off(view, index + 1);
    if (!f || !begin || !end) return std::nullopt;
    return GoFunction{.entry = moduledata.text + *begin,
                      .end = moduledata.text + *end,
                      .name = std::string(layout.name(view, f->name_off)),
                      .func_id = f->func_id,
                      .flag = f->flag,
                      .index = index};
  }

  [[nodiscard]] std::optional<std::uint32_t> index_at(const View& view, std::uint64_t pc) const {
    if (pc < moduledata.text || pc >= moduledata.etext) return std::nullopt;
    return layout.find(view, pc - moduledata.text);
  }

  [[nodiscard]] PclntabLayout::Range inline_tree(const View& view, const PclntabLayout::Func& f) const {
    const auto off = layout.funcdata(view, f, kFuncdataInlTree);
    if (!off || moduledata.gofunc == 0) return {};
    const std::uint64_t address = moduledata.gofunc + *off;
    return {image.offset_of(address).value_or(0), image.bytes_after(address)};
  }

  // Both take a view of their own, and so come before that of who needs them.
  void need_names() const {
    std::call_once(names_once, [this] { index_names(View(image.file())); });
  }
  void need_inline_trees() const {
    std::call_once(inlined_once, [this] { index_inlined(View(image.file())); });
  }

  void index_names(const View& view) const {
    by_name.reserve(layout.count());
    std::uint64_t left = kNameBytes;
    for (std::uint32_t i = 0; i < layout.count() && left != 0; ++i) {
      const auto f = layout.func(view, i);
      if (!f) continue;
      const std::string_view name = layout.name(view, f->name_off);
      left -= std::min<std::uint64_t>(left, name.size());
      by_name.emplace_back(hash(name), i);
      wrapper_id = std::max(wrapper_id, f->func_id);
    }
    std::sort(by_name.begin(), by_name.end());
  }

  void index_inlined(const View& view) const {
    std::uint64_t budget = kInlineSteps;
    for (std::uint32_t i = 0; i < layout.count() && budget != 0 && inlined.size() < kMaxInlinedPairs; ++i) {
      const auto f = layout.func(view, i);
      if (!f) continue;
      const auto tree = inline_tree(view, *f);
      if (tree.size == 0) continue;
      const std::int32_t most = layout.max_value(view, layout.pcdata(view, *f, kPcdataInlTreeIndex), budget);
      const auto nodes =
          std::min<std::size_t>(static_cast<std::size_t>(std::int64_t{most} + 1), kMaxInlineNodes);
      const std::size_t first = inlined.size();
      for (std::size_t n = 0; n < nodes && budget != 0; ++n, --budget) {
        const auto node = layout.inlined(view, tree, static_cast<std::int32_t>(n));
        if (!node) break;
        const std::pair entry{node->name_off, i};
        // Trees repeat the same few names; a short look back keeps most repetitions out.
        const std::size_t look = std::max(first, inlined.size() - std::min<std::size_t>(inlined.size(), 8));
        if (std::find(inlined.begin() + static_cast<std::ptrdiff_t>(look), inlined.end(), entry) ==
            inlined.end())
          inlined.push_back(entry);
      }
    }
  }

  struct Function {  // inlined or not
    std::uint32_t name_off, start_line;
    std::uint8_t func_id;
  };
  [[nodiscard]] Frame make_frame(const View& view, const PclntabLayout::Func& f, const Function& function,
                                 std::uint64_t pc_off, std::uint64_t& steps) const {
    Frame frame;
    auto [name, type_arguments] = name_for_print(layout.name(view, function.name_off), moduledata.go127);
    frame.function = std::move(name);
    frame.type_arguments = std::move(type_arguments);
    frame.wrapper = function.func_id == wrapper_id;
    frame.start_line = static_cast<int>(std::min<std::uint32_t>(function.start_line, INT32_MAX));
    frame.entry = moduledata.text + f.entry_off;
    frame.pc = frame.entry + pc_off;
    // As runtime.funcline1: a place without a file has no line either.
    const auto number = layout.value(view, f.pcfile, pc_off, steps),
               line = layout.value(view, f.pcln, pc_off, steps);
    if (!number || !line || *line < 0) return frame;
    frame.file = printable(layout.file(view, f, *number));
    if (!frame.file.empty()) frame.line = *line;
    return frame;
  }
};

Pclntab::Pclntab(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pclntab::~Pclntab() = default;

Result<std::unique_ptr<Pclntab>> Pclntab::make(const ElfImage& image) {
  bool too_old = false;
  auto located = locate(image, too_old);
  if (!located && too_old)
    return fail(ErrorKind::kUnsupported, "built by Go 1.17 or older; rebuild it with Go 1.18 or newer");
  if (!located)
    return fail(
        ErrorKind::kUnsupported,
        "not a Go executable: it has no Go line table (pclntab) with a matching runtime.firstmoduledata");
  return std::unique_ptr<Pclntab>(
      new Pclntab(std::make_unique<Impl>(image, located->layout, located->moduledata)));
}

std::uint64_t Pclntab::text() const {
  return impl_->moduledata.text;
}
std::uint64_t Pclntab::etext() const {
  return impl_->moduledata.etext;
}
std::uint64_t Pclntab::moduledata() const {
  return impl_->moduledata.address;
}
std::uint64_t Pclntab::types() const {
  return impl_->moduledata.types;
}
std::size_t Pclntab::function_count() const {
  return impl_->layout.count();
}

std::optional<GoFunction> Pclntab::function_at(std::uint64_t pc) const {
  const Impl::View view(impl_->image.file());
  const auto index = impl_->index_at(view, pc);
  return index ? impl_->make_function(view, *index) : std::nullopt;
}

std::optional<GoFunction> Pclntab::function(std::size_t index) const {
  if (index >= impl_->layout.count()) return std::nullopt;
  return impl_->make_function(Impl::View(impl_->image.file()), static_cast<std::uint32_t>(index));
}

std::optional<GoFunction> Pclntab::function_named(std::string_view name) const {
  impl_->need_names();
  const Impl::View view(impl_->image.file());
  std::optional<GoFunction> wrapper;
  const std::uint32_t hash = Impl::hash(name);
  auto it = std::lower_bound(impl_->by_name.begin(), impl_->by_name.end(), std::pair{hash, 0u});
  for (std::size_t n = 0; it != impl_->by_name.end() && it->first == hash && n < kMaxSameName; ++it, ++n) {
    auto f = impl_->make_function(view, it->second);
    if (!f || f->name != name) continue;
    if (f->func_id != impl_->wrapper_id) return f;
    wrapper = std::move(f);
  }
  return wrapper;  // a name that only a wrapper has (methods promoted through embedding) is that wrapper
}

void Pclntab::read_inline_trees() const {
  impl_->need_inline_trees();
}

std::vector<GoFunction> Pclntab::functions_inlining(std::string_view name) const {
  read_inline_trees();
  const Impl::View view(impl_->image.file());
  // The same string may occur more than once: the linker shares names per symbol, and an ABI has its own.
  std::vector<std::uint32_t> offsets;
  const Bytes names = view.at(impl_->layout.names().begin, impl_->layout.names().size);
  const std::string wanted = std::string(name) + '\0';
  const std::string_view all(reinterpret_cast<const char*>(names.data()), names.size());
  for (std::size_t at = all.find(wanted); at != std::string_view::npos && offsets.size() < kMaxSameName;
       at = all.find(wanted, at + 1)) {
    if (at == 0 || all[at - 1] == '\0') offsets.push_back(static_cast<std::uint32_t>(at));
  }
  std::vector<GoFunction> out;
  std::optional<std::uint32_t> last;
  for (const auto& [name_off, index] : impl_->inlined) {
    if (last == index || std::find(offsets.begin(), offsets.end(), name_off) == offsets.end()) continue;
    last = index;
    if (auto f = impl_->make_function(view, index)) out.push_back(*std::move(f));
  }
  return out;
}

std::vector<Frame> Pclntab::frames(std::uint64_t pc) const {
  impl_->need_names();
  const Impl::View view(impl_->image.file());
  std::vector<Frame> out;
  const auto index = impl_->index_at(view, pc);
  const auto f = index ? impl_->layout.func(view, *index) : std::nullopt;
  const auto entry_off = index ? impl_->layout.entry_off(view, *index) : std::nullopt;
  if (!f || !entry_off) return {Frame{}};
  const std::uint64_t entry = impl_->moduledata.text + *entry_off;
  const auto tree = impl_->inline_tree(view, *f);
  const std::uint32_t indexes = impl_->layout.pcdata(view, *f, kPcdataInlTreeIndex);
  std::uint64_t steps = kPcSteps;
  // runtime/symtabinl.go, inlineUnwinder: each node says at which pc of the function its call stood.
  std::uint64_t pc_off = pc - entry;
  for (int depth = 0; depth < kMaxInlineDepth && tree.size != 0; ++depth) {
    const auto node =
        impl_->layout.inlined(view, tree, impl_->layout.value(view, indexes, pc_off, steps).value_or(-1));
    if (!node) break;
    out.push_back(
        impl_->make_frame(view, *f, {node->name_off, node->start_line, node->func_id}, pc_off, steps));
    out.back().inlined = true;
    pc_off = node->parent_pc;
  }
  out.push_back(impl_->make_frame(view, *f, {f->name_off, f->start_line, f->func_id}, pc_off, steps));
  // Half read is not read: a part that fell out would make another function's frame.
  if (impl_->image.fault()) return {Frame{}};
  return out;
}

std::optional<std::int32_t> Pclntab::sp_delta(std::uint64_t pc) const {
  const Impl::View view(impl_->image.file());
  const auto index = impl_->index_at(view, pc);
  const auto f = index ? impl_->layout.func(view, *index) : std::nullopt;
  const auto entry_off = index ? impl_->layout.entry_off(view, *index) : std::nullopt;
  if (!f || !entry_off) return std::nullopt;
  std::uint64_t steps = kPcSteps;
  const auto value = impl_->layout.value(view, f->pcsp, pc - impl_->moduledata.text - *entry_off, steps);
  return value && *value >= 0 ? value : std::nullopt;
}

}  // namespace gorotrace
