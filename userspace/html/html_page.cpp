#include "html/html_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/random.h"
#include "base/text.h"
#include "html/assets.h"
#include "html/html_target.h"
#include "html/page_text.h"
#include "html/stack_dictionary.h"

namespace gorotrace {
namespace {

constexpr std::size_t kMostTargets = 64;

void capture_json(JsonWriter& out, const HtmlCapture& capture) {
  out.object([&] {
    out.field("file", printable(capture.file));
    out.field("version", capture.version);
    out.name_field("damage", capture.damage);
    out.field("records", capture.records);
    out.field("lost", capture.lost);
    out.field("from_ns", capture.from_ns);
    out.field("to_ns", capture.to_ns);
    const std::size_t shown = std::min(capture.targets.size(), kMostTargets);
    out.field("targets_left_out", capture.targets.size() - shown);
    StackDictionary stacks;
    const HtmlLimits limits = limits_of_one_in(shown);
    out.array_field("targets", [&] {
      for (std::size_t i = 0; i < shown; ++i) {
        const HtmlTarget& target = capture.targets[i];
        html_target_json(out, target, capture.realtime_at_0_ns, limits, stacks);
      }
    });
    stacks.write(out);
  });
}

// Of the first target, which the tab of a browser shows.
std::string title_of(const HtmlCapture& capture) {
  return capture.targets.empty()
             ? printable(capture.file, 256)
             : fmt::format("{} - {}", printable(capture.targets[0].facts.target.program(), 256),
                           printable(capture.file, 256));
}

}  // namespace

void write_html_page(const TextSink& out, const HtmlCapture& capture) {
  const std::string nonce = fmt::format("{:016x}{:016x}", random_u64(), random_u64());
  out(fmt::format(R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{1}</title>
<style nonce="{0}">
)",
                  nonce, html_text(title_of(capture))));
  out(page::library_style());
  out(page::style());
  out("</style>\n</head>\n");
  out(page::body());
  out("<details id=\"licence\"><summary>Licence of the chart library (dygraphs)</summary>\n<pre>");
  out(html_text(page::licence()));
  out("</pre></details>\n<script type=\"application/json\" id=\"capture\">");
  {
    JsonWriter json(json_in_html(out));
    capture_json(json, capture);
    json.end_line();
  }
  for (const std::string_view script : {page::library(), page::script()}) {
    out(fmt::format("</script>\n<script nonce=\"{}\">\n", nonce));
    out(script);
  }
  out("</script>\n</body>\n</html>\n");
}

}  // namespace gorotrace
