// What gorotrace top --connect is answered: as HTTP, in pieces, and the documents in it, up to the screen.
// The first byte says how large the pieces are, and the size of the screen.
#include <algorithm>
#include <optional>
#include <string>

#include "check.h"
#include "report/columns.h"
#include "top/documents.h"
#include "top/http_answer.h"
#include "top/rolling_stat.h"
#include "top/top_screen.h"

using namespace gorotrace;

namespace {

std::optional<std::string> body_of(std::string_view text, std::size_t piece) {
  HttpAnswerReader reader;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const auto whole = reader.take(text.substr(at, piece));
    if (!whole) return std::nullopt;
    if (*whole) break;
  }
  auto answer = reader.end();
  if (!answer) return std::nullopt;
  fuzz::check(answer->status >= 200 && answer->status <= 599, "a status is one");
  fuzz::check(answer->body.size() <= text.size(), "a body is no longer than the answer");
  return std::move(answer->body);
}

void show(TopScreen& screen, std::size_t lines, std::size_t columns) {
  for (const PictureLine& line : screen.draw(lines, columns).lines) {
    fuzz::check(line_width(line) <= columns, "a line fits the screen");
    fuzz::check_printable(line_text(line), "what is shown is printable");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] % 16 + 1U, columns = data[0], lines = data[0] % 32;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto body = body_of(text, piece);
  fuzz::check(body == body_of(text, text.size() + 1), "the pieces in which an answer comes do not matter");
  const std::string_view document = body ? std::string_view(*body) : text;
  TopUpdate list, process;
  list.node = parse_node(document);
  process.id = "1-1";
  process.stat = parse_stat(document);
  if (list.node) {
    for (const TopProcess& p : list.node->processes)
      fuzz::check(p.id.find_first_not_of("0123456789-") == std::string::npos, "an id is one");
  }
  if (process.stat) {
    RollingStat rolling(std::chrono::nanoseconds(1));
    TopStat later = rolling.take(*process.stat);
    later.window_ns = std::max<std::uint64_t>(later.window_ns, later.window_ns + 7);
    later = rolling.take(later);
    process.stat = later;
  }
  TopScreen node({.source = "node", .only = std::nullopt}), one({.source = "", .only = "1-1"});
  node.take(std::move(list));
  one.take(std::move(process));
  show(node, lines, columns);
  for (const char* tab : {"1", "2", "3"}) {
    one.press({KeyPress::Kind::kText, tab});
    show(one, lines, columns);
    one.press({KeyPress::Kind::kEnter});
    show(one, lines, columns);
    one.press({KeyPress::Kind::kEscape});
  }
  return 0;
}
