// A capture file in every format of other tools: its bytes as the input has them, or sound chunks around
// messages that the input has. What is written is what a reader of the format takes.
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "check.h"
#include "export/capture_formats.h"
#include "export/go_trace.h"
#include "export/items_json.h"
#include "export/perfetto.h"
#include "input.h"
#include "recording/chunk_format.h"
#include "recording/replay.h"
#include "unit/export/decoded_trace.h"
#include "unit/export/trace_order.h"

using namespace gorotrace;
using fuzz::check;

namespace {

// Of an input of 16 KiB: names are told again with each of a few thousand stacks.
constexpr std::size_t kMostWritten = 64u << 20;

class Output {
 public:
  TextSink sink() {
    return [this](std::string_view text) {
      written_ += text;
      check(written_.size() <= kMostWritten, "an export is not much larger than its file");
    };
  }
  [[nodiscard]] const std::string& text() const { return written_; }

 private:
  std::string written_;
};

// --- the file

void add_chunk(std::string& file, std::string_view plain, unsigned sequence, bool begins) {
  std::string stored(ZSTD_compressBound(plain.size()), '\0');
  stored.resize(ZSTD_compress(stored.data(), stored.size(), plain.data(), plain.size(), 1));
  ChunkHeader header{.kind = static_cast<std::uint8_t>(ChunkKind::kMessages),
                     .flags = begins ? ChunkHeader::kBeginsSegment : std::uint8_t{0}};
  header.sequence = sequence;
  header.stored_bytes = static_cast<std::uint32_t>(stored.size());
  header.plain_bytes = static_cast<std::uint32_t>(plain.size());
  header.checksum = checksum({reinterpret_cast<const std::uint8_t*>(stored.data()), stored.size()});
  file += as_text(to_bytes(header));
  file += stored;
}

void add_message(std::string& plain, std::string_view message) {
  for (std::size_t size = message.size();; size >>= 7) {
    plain += static_cast<char>(size >= 0x80 ? 0x80 | (size & 0x7f) : size);
    if (size < 0x80) break;
  }
  plain += message;
}

// Pieces of the input, each behind its size; one of no size ends a segment, and the next byte says whether
// the chunk behind it is lost.
std::string made_file(fuzz::Input& input) {
  std::string file(as_text(to_bytes(FileHeader{.major = kFileVersion, .minor = 0})));
  std::string plain;
  unsigned sequence = 0;
  while (!input.rest().empty()) {
    if (const auto size = input.take<std::uint16_t>(); size != 0) {
      add_message(plain, as_text(input.take_bytes(size)));
      continue;
    }
    if (!plain.empty()) add_chunk(file, plain, sequence++, true);
    plain.clear();
    sequence += input.take<std::uint8_t>() & 1;
  }
  if (!plain.empty()) add_chunk(file, plain, sequence, true);
  return file;
}

// --- what is written of it

std::optional<TargetId> first_target(const std::string& path) {
  std::optional<TargetId> first;
  const auto item = [&](const FileItem& told) -> Status {
    const auto* of = std::get_if<Item>(&told);
    if (of != nullptr && !first && std::holds_alternative<TargetBegun>(of->what)) first = of->target;
    return {};
  };
  if (!read_items(path, {.item = item})) return std::nullopt;
  return first;
}

template <typename Export>
void give(const std::string& path, Export& to) {
  Status done;
  const auto read =
      read_items(path, {.item = [&](const FileItem& item) { return done ? done = to.take(item) : done; },
                        .gap = [&] { done = done ? to.gap() : done; }});
  if (!read) fuzz::check_printable(read.error().message, "an error is printable");
}

void go_trace(const std::string& path, TargetId target, const GoTraceOptions& options) {
  std::vector<Output> files;
  files.reserve(100'000);
  std::vector<bool> closed;
  GoTraceExport out(target, options,
                    {.open = [&](std::size_t n) -> Result<TextSink> {
                       check(n == files.size() && n < files.capacity(), "files are opened in order");
                       closed.push_back(false);
                       return files.emplace_back().sink();
                     },
                     .close = [&](std::size_t n) -> Status {
                       check(!closed.at(n), "a file is closed once");
                       closed[n] = true;
                       return {};
                     }});
  give(path, out);
  if (!out.finish()) return;
  for (std::size_t n = 0; n < files.size(); ++n) {
    check(closed[n], "every file is closed");
    const auto trace = export_test::decoded(files[n].text());
    check(trace.wrong.empty(), "a trace has the events of its format");
    check(export_test::TraceOrder::refuses(trace.threads).empty(), "a trace can be read to its end");
  }
}

void perfetto(const std::string& path, TargetId target, const TracePart& part) {
  Output written;
  PerfettoExport out(target, written.sink(), part);
  const auto noted = read_items(path, {.item = [&](const FileItem& item) {
                                  out.note(item);
                                  return Status{};
                                }});
  if (!noted) return;
  give(path, out);
  if (!out.finish()) return;
  protozero::pbf_reader trace(written.text());
  while (trace.next()) {
    check(trace.tag() == 1, "a trace is packets");
    for (protozero::pbf_reader packet = trace.get_message(); packet.next();) packet.skip();
  }
}

void json(const std::string& path) {
  Output written;
  ItemsJson out(written.sink());
  const auto read = read_items(path, {.item =
                                          [&](const FileItem& item) {
                                            out.take(item);
                                            return Status{};
                                          },
                                      .gap = [&] { out.gap(); }});
  if (!read) return;
  for (std::size_t at = 0, end = 0; at < written.text().size(); at = end + 1) {
    end = written.text().find('\n', at);
    check(end != std::string::npos, "a line has an end");
    const auto line =
        nlohmann::json::parse(written.text().begin() + static_cast<std::ptrdiff_t>(at),
                              written.text().begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    check(line.is_object(), "a line is an object");
  }
}

std::string unpacked(const std::string& profile) {
  std::string out;
  z_stream stream{};
  check(inflateInit2(&stream, 31) == Z_OK, "zlib begins");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(profile.data()));
  stream.avail_in = static_cast<unsigned>(profile.size());
  int went = Z_OK;
  for (std::string part(1u << 16, '\0'); went == Z_OK && out.size() <= kMostWritten;) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<unsigned>(part.size());
    went = inflate(&stream, Z_NO_FLUSH);
    out.append(part, 0, part.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  check(went == Z_STREAM_END && stream.avail_in == 0, "a profile is one gzip stream");
  return out;
}

// Names, a space, and a number that is more than 0.
void check_folded(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
    const std::string_view line = text.substr(0, text.find('\n'));
    check(line.size() < text.size(), "a line has an end");
    fuzz::check_printable(line, "a line is printable");
    const std::size_t space = line.rfind(' ');
    check(space != line.npos && space > 0, "a line has names and a weight");
    const std::string_view weight = line.substr(space + 1);
    check(!weight.empty() && weight.find_first_not_of("0123456789") == weight.npos && weight[0] != '0',
          "a weight is a number");
  }
}

void tables(const std::string& path, const PartWanted& part) {
  for (const auto& [format, name] : kEnumNames<CaptureFormat>) {
    const auto recording = replay(path, part, details_needed(format));
    if (!recording) {
      fuzz::check_printable(recording.error().message, "an error is printable");
      return;
    }
    for (const auto& target : recording->targets) {
      Output written;
      const ProfileTime time = time_of(*target, recording->clocks);
      if (!write_capture(format, *target, time, written.sink())) continue;
      if (!is_binary(format)) {
        check_folded(written.text());
        continue;
      }
      const std::string plain = unpacked(written.text());
      protozero::pbf_reader profile(plain);
      while (profile.next()) profile.skip();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto how = input.take<std::uint8_t>();
  const std::uint64_t from_ns = input.take<std::uint16_t>(), to_ns = input.take<std::uint16_t>();
  const std::string bytes = (how & 1) != 0 ? made_file(input) : std::string(as_text(input.rest()));
  const UniqueFd file(::memfd_create("capture", MFD_CLOEXEC));
  check(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
        "the input is there");
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  PartWanted wanted;
  TracePart part;
  if ((how & 2) != 0) {
    wanted = {from_ns, to_ns};
    part = {from_ns, to_ns};
  }
  json(path);
  tables(path, wanted);
  const auto target = first_target(path);
  if (!target) return 0;
  constexpr unsigned kVersions[] = {22, 23, 25, 26};
  go_trace(path, *target,
           {.version = kVersions[how >> 2 & 3], .events_per_file = (how >> 4 & 3) * 7ul, .part = part});
  perfetto(path, *target, part);
  return 0;
}
