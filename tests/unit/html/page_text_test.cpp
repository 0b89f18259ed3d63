#include "html/page_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json_writer.h"

namespace gorotrace {
namespace {

TEST(PageText, markup_becomes_text) {
  EXPECT_EQ(html_text("</title><img src=\"x\" onerror='a()'> & more"),
            "&lt;/title&gt;&lt;img src=&quot;x&quot; onerror=&#39;a()&#39;&gt; &amp; more");
  EXPECT_EQ(html_text(""), "");
}

std::string in_html(std::string_view json, std::size_t piece) {
  std::string out;
  const TextSink to = [&out](std::string_view text) { out += text; };
  const TextSink safe = json_in_html(to);
  for (; !json.empty(); json.remove_prefix(std::min(piece, json.size()))) safe(json.substr(0, piece));
  return out;
}

TEST(PageText, json_cannot_end_its_script_wherever_a_piece_ends) {
  const std::string json = R"({"a":"</script><!--<script>","b":[1,">"]})";
  for (std::size_t piece = 1; piece <= json.size(); ++piece)
    EXPECT_EQ(in_html(json, piece),
              R"({"a":"\u003c/script\u003e\u003c!--\u003cscript\u003e","b":[1,"\u003e"]})");
}

}  // namespace
}  // namespace gorotrace
