#include "agent/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>

#include "base/number.h"
#include "base/small_file.h"
#include "base/text.h"
#include "probe/group_list.h"
#include "process/user_database.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/impl/preprocessor.h>
// "[=" breaks what it asserts there, or lets the optimiser assume, before it checks it.
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expr) static_assert(true)
#include <toml++/toml.h>

namespace gorotrace {
namespace {

constexpr std::size_t kMaxFile = 1u << 20;
constexpr std::size_t kMaxRules = 1000, kMostTopSites = 100;
constexpr GroupMask kRuleProbes = group_bit(GT_GROUP_LIFECYCLE) | group_bit(GT_GROUP_BLOCK);
// toml++ bounds how deep values lie in each other (256), and not of how many parts a key is: it calls itself
// for each, in the parser and when what it made is destroyed.
constexpr std::ptrdiff_t kMostDots = 32;
constexpr double kLeastPercent = 0.01, kMostPercent = 100;

// Says where a mistake is. The first one ends the parsing.
class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)) {}

  // "FILE:LINE: key"; key: "" where it is of none.
  [[nodiscard]] std::string place(std::uint32_t line, const std::string& key) const {
    return fmt::format("{}:{}{}{}", name_, line, key.empty() ? "" : ": ", key);
  }
  [[nodiscard]] std::unexpected<Error> error(std::uint32_t line, const std::string& key,
                                             const std::string& what) const {
    return fail(ErrorKind::kUsage, place(line, key) + ": " + what);
  }

  struct Key {
    const char* name;
    std::function<Status(const std::string& key, const toml::node& node)> take;
  };
  // Every key of the table must be one of these.
  [[nodiscard]] Status table(const toml::table& table, const std::string& prefix,
                             const std::vector<Key>& keys) const {
    for (const auto& [key, node] : table) {
      const std::string_view name = key.str();
      const auto found = std::ranges::find(keys, name, [](const Key& k) { return std::string_view(k.name); });
      if (found == keys.end()) {
        std::string known;
        for (const Key& k : keys) known += (known.empty() ? "" : ", ") + prefix + k.name;
        return error(key.source().begin.line, prefix + printable(name, 64),
                     "no such key; there are " + known);
      }
      if (auto taken = found->take(prefix + found->name, node); !taken) return taken;
    }
    return {};
  }

  [[nodiscard]] Status text(std::string& to, const std::string& key, const toml::node& node,
                            const char* allowed) const {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty() || value->find('\0') != std::string::npos)
      return error(node.source().begin.line, key, fmt::format("must be {}", allowed));
    to = *value;
    return {};
  }

  [[nodiscard]] Status flag(bool& to, const std::string& key, const toml::node& node) const {
    const auto value = node.value_exact<bool>();
    if (!value) return error(node.source().begin.line, key, "must be true or false");
    to = *value;
    return {};
  }

  [[nodiscard]] Status on_or_off(bool& to, const std::string& key, const toml::node& node) const {
    const auto word = node.value_exact<std::string>();
    const auto flag = node.value_exact<bool>();
    if (!flag && word != "on" && word != "off")
      return error(node.source().begin.line, key, "must be \"on\" or \"off\"");
    to = flag ? *flag : word == "on";
    return {};
  }

  [[nodiscard]] Status percent(double& to, const std::string& key, const toml::node& node,
                               const char* of = "one CPU") const {
    const auto value = node.value<double>();
    if (!node.is_number() || !value || !(*value >= kLeastPercent && *value <= kMostPercent))
      return error(
          node.source().begin.line, key,
          fmt::format("must be a number of percent of {}, from {} to {}", of, kLeastPercent, kMostPercent));
    to = *value;
    return {};
  }

  [[nodiscard]] Status number(std::size_t& to, std::size_t most, const std::string& key,
                              const toml::node& node) const {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > most)
      return error(node.source().begin.line, key, fmt::format("must be a whole number from 0 to {}", most));
    to = static_cast<std::size_t>(*value);
    return {};
  }

 private:
  std::string name_;
};

// HOST:PORT or :PORT, with a port from 0 to 65535; who listens knows what hosts there are.
bool is_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  const std::string host = text.substr(0, colon), port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (!bracketed && host.find_first_of(":[]") != std::string::npos) return false;
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos)
    return false;
  return std::stoul(port) <= 65535;
}

// A key is in one line, so that has at least as many dots. What is text of several lines counts as well, for
// where that ends takes a parser; a comment without a quote is none of it.
Status keys_are_short(const Reader& reader, std::string_view text) {
  for (std::uint32_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t first = line.find_first_not_of(" \t");
    const bool comment = first != std::string_view::npos && line[first] == '#' &&
                         line.find_first_of("\"'") == std::string_view::npos;
    if (!comment && std::ranges::count(line, '.') > kMostDots)
      return reader.error(number, "",
                          fmt::format("has more than {} dots; no key has more than two parts", kMostDots));
  }
  return {};
}

Result<AgentRule> rule_of(const Reader& reader, const toml::node& node) {
  const std::uint32_t line = node.source().begin.line;
  const toml::table* table = node.as_table();
  if (table == nullptr) return reader.error(line, "rule", "must be tables, each under a line [[rule]]");
  AgentRule rule;
  rule.line = line;
  bool has_action = false, probes = false;
  std::uint32_t line_of_probes = 0;
  std::vector<Reader::Key> keys;
  keys.push_back({"action", [&](const std::string& key, const toml::node& value) -> Status {
                    const auto text = value.value_exact<std::string>();
                    if (text != "include" && text != "exclude" && text != "probe")
                      return reader.error(value.source().begin.line, key,
                                          "must be \"include\", \"exclude\" or \"probe\"");
                    rule.include = text != "exclude";
                    probes = text == "probe";
                    has_action = true;
                    return {};
                  }});
  for (const auto& [field, name] : kEnumNames<RuleField>) {
    keys.push_back({name, [&rule, &reader, field](const std::string& key, const toml::node& value) -> Status {
                      std::string pattern;
                      if (auto taken = reader.text(pattern, key, value,
                                                   "a glob pattern in quotes, such as \"/usr/bin/*\"");
                          !taken)
                        return taken;
                      if (const auto mistake = glob_mistake(pattern))
                        return reader.error(value.source().begin.line, key,
                                            fmt::format("must be a glob pattern, and \"{}\" {}",
                                                        printable(pattern, 64), *mistake));
                      rule.patterns.emplace_back(field, std::move(pattern));
                      return {};
                    }});
  }
  keys.push_back({"probes", [&](const std::string& key, const toml::node& value) -> Status {
                    line_of_probes = value.source().begin.line;
                    const auto text = value.value_exact<std::string>();
                    const auto groups = parse_groups(text.value_or("?"), kRuleProbes);
                    if (!groups || *groups == 0)
                      return reader.error(line_of_probes, key,
                                          "must be groups, in quotes: " + all_names<gt_group>(","));
                    rule.probes = *groups;
                    return {};
                  }});
  if (auto read = reader.table(*table, "rule.", keys); !read) return std::unexpected(read.error());
  if (!has_action)
    return reader.error(line, "rule.action", "must be given, \"include\", \"exclude\" or \"probe\"");
  if (!probes && line_of_probes != 0)
    return reader.error(line_of_probes, "rule.probes", "is for a rule with action = \"probe\"");
  if (probes && rule.probes == 0) rule.probes = kRuleProbes;
  if (rule.patterns.empty())
    return reader.error(line, "rule", "matches every process: give one of " + all_names<RuleField>(", "));
  return rule;
}

Status rules_of(const Reader& reader, const toml::node& node, std::vector<AgentRule>& rules) {
  const toml::array* array = node.as_array();
  if (array == nullptr)
    return reader.error(node.source().begin.line, "rule", "must be tables, each under a line [[rule]]");
  if (array->size() > kMaxRules)
    return reader.error(node.source().begin.line, "rule", fmt::format("more than {} of them", kMaxRules));
  for (const toml::node& one : *array) {
    auto rule = rule_of(reader, one);
    if (!rule) return std::unexpected(rule.error());
    // One session traces them all, with one set of probes.
    const auto other = std::ranges::find_if(rules, [&](const AgentRule& r) { return r.probes != 0; });
    if (rule->probes != 0 && other != rules.end() && other->probes != rule->probes)
      return reader.error(
          rule->line, "rule.probes",
          fmt::format("must be those of the rule in line {}: {}", other->line, group_list(other->probes)));
    rules.push_back(*std::move(rule));
  }
  return {};
}

// Of rules that were read.
std::vector<std::string> users_who_are_not_here(const Reader& reader, const toml::table& table,
                                                const IsUser& is_user) {
  std::vector<std::string> out;
  const toml::node* rules = table.get("rule");
  if (rules == nullptr || rules->as_array() == nullptr) return out;
  for (const toml::node& rule : *rules->as_array()) {
    const toml::node* user = rule.as_table() != nullptr ? rule.as_table()->get("user") : nullptr;
    const std::string name = user != nullptr ? user->value_or(std::string()) : "";
    if (name.empty() || !is_plain_text(name) || is_user(name)) continue;
    const auto warning = reader.error(
        user->source().begin.line, "rule.user",
        fmt::format("there is no user \"{}\" here, and so no process of theirs; a rule takes a name that "
                    "this machine knows, the number of a user without one, or a pattern",
                    printable(name, 64)));
    out.push_back(warning.error().message);
  }
  return out;
}

// What one key says of another.
Status consistent(const Reader& reader, const toml::table& table, const AgentConfig& config) {
  const auto line = [&](const char* key) {
    const toml::node* node = table.get(key);
    return node != nullptr ? node->source().begin.line : 1u;
  };
  if (config.tls_cert.empty() != config.tls_key.empty())
    return config.tls_key.empty()
               ? reader.error(line("tls_cert"), "tls_cert", "needs tls_key, too: the key of the certificate")
               : reader.error(line("tls_key"), "tls_key", "needs tls_cert, too: the certificate of the key");
  if (!config.client_ca.empty() && config.tls_cert.empty())
    return reader.error(line("client_ca"), "client_ca",
                        "needs tls_cert and tls_key, too: clients show certificates over TLS alone");
  return {};
}

}  // namespace

double AgentConfig::default_agent_percent() {
  constexpr double kPerFourCpus = 2;
  return std::max(kPerFourCpus * static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)) / 4, kPerFourCpus / 4);
}

bool is_user_here(const std::string& name) {
  if (user_named(name)) return true;
  const auto number = whole_number<uid_t>(name);
  return number && !name_of_user(*number);
}

Result<AgentConfig> parse_agent_config(std::string_view text, const std::string& name,
                                       const IsUser& is_user) {
  const std::string shown = printable(name);
  const Reader reader(shown);
  if (auto parsable = keys_are_short(reader, text); !parsable) return std::unexpected(parsable.error());
  const toml::parse_result parsed = toml::parse(text, shown);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return reader.error(error.source().begin.line, "", "not TOML: " + printable(error.description(), 256));
  }
  AgentConfig config;
  constexpr const char* kFile = "the path of a file, in quotes";
  const auto file = [&](std::string& to) {
    return [&reader, &to](const std::string& key, const toml::node& node) {
      return reader.text(to, key, node, kFile);
    };
  };
  const std::vector<Reader::Key> budget = {
      {"agent", [&](const std::string& key,
                    const toml::node& node) { return reader.percent(config.agent_percent, key, node); }},
      {"target", [&](const std::string& key,
                     const toml::node& node) { return reader.percent(config.target_percent, key, node); }},
      {"node",
       [&](const std::string& key, const toml::node& node) {
         return reader.percent(config.node_percent, key, node, "the node's CPUs");
       }},
      {"capture_budget", [&](const std::string& key, const toml::node& node) {
         return reader.percent(config.capture_percent, key, node, "the target's CPU time");
       }}};
  const std::vector<Reader::Key> metrics = {
      {"names",
       [&](const std::string& key, const toml::node& node) -> Status {
         const auto names = node.value_exact<std::string>();
         if (names != "prometheus" && names != "otel")
           return reader.error(node.source().begin.line, key, "must be \"prometheus\" or \"otel\"");
         config.otel_names = names == "otel";
         return {};
       }},
      {"top_sites", [&](const std::string& key, const toml::node& node) {
         return reader.number(config.top_sites, kMostTopSites, key, node);
       }}};
  const std::vector<Reader::Key> keys = {
      {"listen",
       [&](const std::string& key, const toml::node& node) -> Status {
         constexpr const char* kAddress =
             "\"HOST:PORT\", such as \"localhost:9464\", \"[::1]:9464\" or, for every address, \":9464\", "
             "with a "
             "port up to 65535";
         if (auto taken = reader.text(config.listen, key, node, kAddress); !taken) return taken;
         if (!is_address(config.listen))
           return reader.error(node.source().begin.line, key, fmt::format("must be {}", kAddress));
         return {};
       }},
      {"token_file", file(config.token_file)},
      {"tls_cert", file(config.tls_cert)},
      {"tls_key", file(config.tls_key)},
      {"client_ca", file(config.client_ca)},
      {"insecure_listen",
       [&](const std::string& key, const toml::node& node) {
         return reader.flag(config.insecure_listen, key, node);
       }},
      {"captures", [&](const std::string& key,
                       const toml::node& node) { return reader.on_or_off(config.captures, key, node); }},
      {"budget",
       [&](const std::string& key, const toml::node& node) -> Status {
         const toml::table* table = node.as_table();
         if (table == nullptr)
           return reader.error(node.source().begin.line, key, "must be a table, under a line [budget]");
         return reader.table(*table, "budget.", budget);
       }},
      {"metrics",
       [&](const std::string& key, const toml::node& node) -> Status {
         const toml::table* table = node.as_table();
         if (table == nullptr)
           return reader.error(node.source().begin.line, key, "must be a table, under a line [metrics]");
         return reader.table(*table, "metrics.", metrics);
       }},
      {"rule",
       [&](const std::string&, const toml::node& node) { return rules_of(reader, node, config.rules); }},
  };
  if (auto read = reader.table(parsed.table(), "", keys); !read) return std::unexpected(read.error());
  if (auto fits = consistent(reader, parsed.table(), config); !fits) return std::unexpected(fits.error());
  for (const auto& [key, node] : parsed.table()) {
    const std::string named(key.str());
    config.places.emplace(named, reader.place(key.source().begin.line, named));
  }
  for (const AgentRule& rule : config.rules) config.probes |= rule.probes;
  config.warnings = users_who_are_not_here(reader, parsed.table(), is_user);
  return config;
}

Result<AgentConfig> load_agent_config(const std::string& path) {
  const auto text = read_small_file(path, kMaxFile);
  if (!text) return std::unexpected(text.error());
  return parse_agent_config(*text, path);
}

}  // namespace gorotrace
