// gorotrace dump: every goroutine of a process now, in the formats of the runtime's own goroutine profile.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/dump_growth.h"
#include "cli/dump_observe.h"
#include "cli/exit_codes.h"
#include "cli/open_target.h"
#include "cli/option_values.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "export/dump_formats.h"
#include "process/hold.h"
#include "report/dump_text.h"
#include "report/frames.h"
#include "report/growth_report.h"
#include "session/dump.h"
#include "session/profile_mappings.h"

namespace gorotrace {
namespace {

struct DumpArguments {  // as typed
  std::string target, format, output, min_wait, watch, observe, probes = "none", sample_cpu = "5%",
                                                                budget = "10%";
  std::vector<std::string> where, created_by, diff;
  bool group = false, waiters = false, json = false, system = false;
  std::size_t limit = 0;
};

constexpr std::string_view kFormats = "text, pprof, folded, json";

struct DumpPlan {  // as meant
  DumpFormat format = DumpFormat::kText;
  DumpFilter filter;
  std::optional<std::chrono::nanoseconds> watch;
  std::optional<ObserveOptions> observe;
};

Result<DumpFormat> understand_format(const DumpArguments& a) {
  const std::string json(name_of(DumpFormat::kJson));
  if (a.json && !a.format.empty() && a.format != json)
    return fail(ErrorKind::kUsage,
                fmt::format("--json and --format {} are two formats: give one of them", printable(a.format)));
  const std::string name = a.json             ? json
                           : a.format.empty() ? std::string(name_of(DumpFormat::kText))
                                              : a.format;
  if (a.group && a.waiters)
    return fail(ErrorKind::kUsage, "--group and --waiters are two forms of text: give one of them");
  if ((a.group || a.waiters) && name != name_of(DumpFormat::kText)) {
    const std::string given = a.json ? "--json" : "--format " + printable(name, 64);
    std::string text = fmt::format("{} is a form of text, {} is none: give one of them",
                                   a.group ? "--group" : "--waiters", given);
    if (a.waiters && name == json)
      text += "; JSON says of every goroutine what it waits on (waits_on) anyway";
    return fail(ErrorKind::kUsage, text);
  }
  if (a.waiters) return DumpFormat::kWaiters;
  if (a.group) return DumpFormat::kGroup;
  const auto format = value_named<DumpFormat>(name);
  if (!format || *format == DumpFormat::kGroup || *format == DumpFormat::kWaiters)
    return fail(ErrorKind::kUsage, fmt::format("--format: \"{}\" is not a format; give one of {}",
                                               printable(name, 64), kFormats));
  if (is_profile(*format) && a.limit != 0)
    return fail(ErrorKind::kUsage, "--limit: a profile without a part of its samples would look complete");
  if (*format == DumpFormat::kPprof && a.output.empty() && isatty(STDOUT_FILENO) == 1)
    return fail(ErrorKind::kUsage, "--format pprof is binary: give -o FILE or a pipe");
  return *format;
}

Result<std::chrono::nanoseconds> window(const std::string& text, const char* option,
                                        std::chrono::milliseconds shortest) {
  const auto duration = parse_duration(text);
  if (!duration) return wrap(duration.error(), option);
  if (*duration < shortest || *duration > std::chrono::hours(24)) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("{}: give between {} and 24h", option,
                    format_duration(static_cast<std::uint64_t>(std::chrono::nanoseconds(shortest).count()))));
  }
  return *duration;
}

Result<std::optional<ObserveOptions>> understand_observe(const DumpArguments& a) {
  if (a.observe.empty()) {
    if (a.probes != "none") return fail(ErrorKind::kUsage, "--probes watch: give --observe and how long");
    return std::nullopt;
  }
  if (!a.watch.empty() || !a.diff.empty())
    return fail(ErrorKind::kUsage, "--observe comes before one dump, --watch and --diff compare several");
  ObserveOptions o;
  const auto length = window(a.observe, "--observe", std::chrono::milliseconds(100));
  if (!length) return std::unexpected(length.error());
  o.window = *length;
  const auto groups = parse_groups(a.probes, 0);
  if (!groups) return wrap(groups.error(), "--probes");
  o.groups = *groups;
  const auto sampling = parse_cpu_share(a.sample_cpu);
  if (!sampling) return wrap(sampling.error(), "--sample-cpu");
  o.sample_cpu = *sampling;
  auto budget = Budget::parse(a.budget);
  if (!budget) return wrap(budget.error(), "--budget");
  o.budget = *budget;
  o.budget.phases = false;  // a wait is proven by who watches all the time
  if (o.groups == 0 && o.sample_cpu == 0)
    return fail(ErrorKind::kUsage, "--observe needs --probes or --sample-cpu; both are off");
  return o;
}

Result<DumpPlan> understand(const DumpArguments& a) {
  DumpPlan p;
  if (a.target.empty() == a.diff.empty())
    return fail(ErrorKind::kUsage, "give -p PID, or --diff and two files");
  const bool chosen = !a.where.empty() || !a.created_by.empty() || !a.min_wait.empty() || a.system;
  if (!a.diff.empty() && (chosen || !a.watch.empty()))
    return fail(ErrorKind::kUsage,
                "--diff compares files as they are: choose goroutines when they are written");
  const auto format = understand_format(a);
  if (!format) return std::unexpected(format.error());
  p.format = *format;
  if (!a.watch.empty()) {
    const auto length = window(a.watch, "--watch", std::chrono::seconds(1));
    if (!length) return std::unexpected(length.error());
    p.watch = *length;
  }
  const auto observe = understand_observe(a);
  if (!observe) return std::unexpected(observe.error());
  p.observe = *observe;
  if ((p.watch || !a.diff.empty()) && p.format != DumpFormat::kText && p.format != DumpFormat::kJson)
    return fail(ErrorKind::kUsage, "--watch and --diff write text or JSON");
  for (const std::string& condition : a.where) {
    if (auto added = p.filter.add(condition); !added)
      return fail(added.error().kind,
                  fmt::format("--where: {}; give {}", added.error().message, dump_conditions()));
  }
  if (!a.min_wait.empty()) {
    const auto wait = parse_duration(a.min_wait);
    if (!wait) return wrap(wait.error(), "--min-wait");
    p.filter.min_wait_ns = static_cast<std::uint64_t>(wait->count());
  }
  p.filter.created_by = a.created_by;
  p.filter.system = a.system;
  return p;
}

bool to_stdout(const DumpArguments& arguments) {
  return arguments.output.empty() || arguments.output == "-";
}

template <typename Options>
Options text_options(std::size_t limit, const CommonOptions& common, bool to_stdout) {
  const Screen out = screen(common.colour);
  Options options;
  options.limit = limit;
  options.width = to_stdout ? out.name_width() : kNoWidth;
  options.colour = to_stdout && out.colour;
  return options;
}

int report_growth(const Result<Growth>& growth, DumpFormat format, const DumpArguments& arguments,
                  const CommonOptions& common, OutputFile& out) {
  if (!growth) return report_error(growth.error());
  if (format == DumpFormat::kJson) {
    JsonWriter json(out.sink());
    growth_json(json, *growth);
    json.end_line();
  } else {
    const auto options = text_options<GrowthOptions>(arguments.limit, common, to_stdout(arguments));
    out.write(for_locale(growth_text(*growth, options)));
  }
  if (auto written = out.commit(); !written) return report_error(written.error());
  return kExitDone;
}

int report_dump(const Target& target, Dump& dump, const DumpPlan& plan, const DumpArguments& arguments,
                const CommonOptions& common, OutputFile& out) {
  dump.held = what_holds(target.process().pid());
  StackTable symbols = dump_symbols(target);
  const DumpView view(dump, symbols);
  const Selection selection = select(view, plan.filter);
  const auto options = text_options<DumpFormatOptions>(arguments.limit, common, to_stdout(arguments));
  // The others are forms that programs read, in UTF-8.
  const TextSink plain = out.sink(),
                 sink = plan.format != DumpFormat::kWaiters ? plain : [&](std::string_view text) {
                   plain(for_locale(std::string(text)));
                 };
  const auto mappings = [&target] { return profile_mappings(target); };
  if (auto written = write_dump(plan.format, view, selection, options, mappings, sink); !written)
    return report_error(written.error());
  if (auto written = out.commit(); !written) return report_error(written.error());
  if (is_profile(plan.format)) {
    for (const std::string& note : dump_notes(view, selection)) tell(note);
  }
  // Told apart from the formats' own notes: names were looked up until a moment ago.
  if (const auto changed = target.file_notice()) tell(*changed);
  return kExitDone;
}

int run_dump(const DumpArguments& arguments, const CommonOptions& common) {
  auto plan = understand(arguments);
  if (!plan) return report_error(plan.error());
  if (!arguments.diff.empty()) {
    auto out = OutputFile::open(arguments.output);
    if (!out) return report_error(out.error());
    return report_growth(growth_between(arguments.diff[0], arguments.diff[1]), plan->format, arguments,
                         common, *out);
  }
  auto target = open_target(arguments.target);
  if (!target) return report_error(target.error());
  const GoBinary& go = (*target)->binary();
  if (auto known = plan->filter.find_reasons(go.wait_reasons(), go.version().text); !known)
    return report_error(wrap(known.error(), "--where").error());
  auto out = OutputFile::open(arguments.output);
  if (!out) return report_error(out.error());
  if (plan->watch)
    return report_growth(watch_growth(**target, plan->filter, *plan->watch), plan->format, arguments, common,
                         *out);

  const WaitsWanted waits = shows_objects(plan->format) ? WaitsWanted::kHolders : WaitsWanted::kLabels;
  if (plan->observe) {
    auto observed = observe(std::move(*target), *plan->observe, waits);
    if (!observed) return report_error(observed.error());
    return report_dump(observed->session->target(0), observed->dump, *plan, arguments, common, *out);
  }
  auto dump = take_dump_with_moved(**target, waits);
  if (!dump) return report_error(dump.error());
  return report_dump(**target, *dump, *plan, arguments, common, *out);
}

}  // namespace

void add_dump_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<DumpArguments>();
  CLI::App* dump =
      app.add_subcommand("dump", "every goroutine of a running process now: stacks, states, waits");
  dump->footer(
      "Example: gorotrace dump -p 4242 --group\n"
      "         gorotrace dump -p 4242 --where 'reason=chan receive' --min-wait 1m --limit 50\n"
      "         gorotrace dump -p 4242 --observe 5s --min-wait 4s\n"
      "         gorotrace dump -p 4242 --waiters\n"
      "         gorotrace dump -p 4242 --watch 30s\n"
      "         gorotrace dump -p 4242 --format pprof -o goroutine.pb.gz && go tool pprof goroutine.pb.gz\n"
      "The process is not stopped, and nothing is attached to it without --probes.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 target not supported.");
  dump->add_option("-p,--pid,PID", arguments->target, kTargetHelp)->type_name("TARGET");
  dump->add_flag("--group", arguments->group,
                 "count identical stacks, most frequent first, like goroutine?debug=1");
  dump->add_flag("--waiters", arguments->waiters,
                 "channels, mutexes, WaitGroups, descriptors by how many goroutines wait on them");
  dump->add_option("--format", arguments->format,
                   "text, like goroutine?debug=2; pprof, for go tool pprof; folded, for flame graphs; json "
                   "(dump.schema.json, installed in share/gorotrace)")
      ->type_name("FORMAT")
      ->option_text("text pprof folded json")
      ->default_str(name_of(DumpFormat::kText));
  dump->add_flag("--json", arguments->json, "the same as --format json");
  dump->add_option("-o,--output", arguments->output, "write to this file instead of stdout")
      ->type_name("FILE");
  dump->add_option(
          "--where", arguments->where,
          "only goroutines with 'reason=chan receive' (the header's words, or a part of them), "
          "state=running, "
          "function=PART OF A NAME in the stack, label=KEY=VALUE, or goid=NUMBER; conditions of one kind are "
          "alternatives, those of different kinds must all hold; repeatable")
      ->type_name("CONDITION")
      ->option_text("reason= state= function= label= goid=")
      ->allow_extra_args(false);
  dump->add_option(
          "--created-by", arguments->created_by,
          "only goroutines whose go statement is in a function with this in its name, or leads back to "
          "one, as far as creators are known; repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
  dump->add_option("--min-wait", arguments->min_wait,
                   "only goroutines known to have waited this long (1m30s)")
      ->type_name("TIME");
  dump->add_option("--observe", arguments->observe,
                   "watch the process for this long before the dump (5s), to know how long its goroutines "
                   "have been waiting; by sampling, 100 times a second, or by --probes")
      ->type_name("TIME");
  dump->add_option("--probes", arguments->probes,
                   "while observing: groups of " + all_names<gt_group>(",") +
                       "; block sees waits, syscall system calls, to the nanosecond")
      ->type_name("GROUPS")
      ->option_text(all_names<gt_group>(" ") + " none")
      ->capture_default_str();
  dump->add_option("--sample-cpu", arguments->sample_cpu,
                   "while observing: share of one CPU of gorotrace for sampling, or none")
      ->type_name("SHARE")
      ->capture_default_str();
  dump->add_option("--budget", arguments->budget, "while observing: what probes may cost, as in stat")
      ->type_name("SHARE")
      ->capture_default_str();
  dump->add_option("--limit", arguments->limit, "goroutines, groups or rows at most, 0 for all")
      ->type_name("N")
      ->check(refuse_count)
      ->capture_default_str();
  dump->add_option(
          "--watch", arguments->watch,
          "take eleven samples in this long (30s): which stacks and creation sites grew, which of them never "
          "shrank; --min-wait then knows only what garbage collections tell")
      ->type_name("TIME");
  dump->add_option("--diff", arguments->diff,
                   "what grew between two files of --format json, the earlier first, written with the same "
                   "--where and the like; of one process, or of two of one program")
      ->expected(2)
      ->type_name("BEFORE AFTER");
  dump->add_flag("--system", arguments->system, "show the runtime's own goroutines too");
  dump->callback([arguments, &common, &exit] { exit = run_dump(*arguments, common); });
}

}  // namespace gorotrace
