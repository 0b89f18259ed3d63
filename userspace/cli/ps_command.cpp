// gorotrace ps: the Go processes of this machine, each of their Go runtimes, and whether it can be traced.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/crew.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output_file.h"
#include "cli/ps_rows.h"
#include "golang/buildinfo.h"
#include "golang/presence.h"
#include "session/go_files.h"
#include "session/target.h"

namespace gorotrace {
namespace {

GoRow row_of(const ProcessRow& process, const CodeFile& file, BinaryCache& binaries) {
  GoRow row;
  row.process = process;
  if (!file.is_executable()) row.library = file.path();
  const auto target = Target::open({process.pid, file.path()}, binaries);
  if (!target) {
    const auto image = ElfImage::open(file.open_path());
    const auto info = image ? read_buildinfo(**image) : std::nullopt;
    if (info && info->version) row.version = info->version->text;
    row.unsupported = target.error().message;
    return row;
  }
  const GoBinary& go = (*target)->binary();
  row.version = go.version().text;
  row.module = go.main_module() + (go.main_version().empty() ? "" : "@" + go.main_version());
  row.link = name_of(go.link_mode());
  row.stripped = go.stripped();
  if (auto reader = (*target)->counter_reader()) {
    if (const auto counters = reader->read()) row.goroutines = counters->live;
  }
  return row;
}

using Rows = std::vector<GoRow>;

struct Caches {
  GoFiles files;
  BinaryCache binaries;
};

// None: no Go. A process that may not be read has its executable looked at, if that may be.
Rows describe(const ProcessRow& process, Caches& caches) {
  Rows rows;
  const auto opened = Process::open(process.pid);
  if (opened) {
    for (const CodeFile& file : caches.files.of(**opened))
      rows.push_back(row_of(process, file, caches.binaries));
    return rows;
  }
  const auto image = ElfImage::open(fmt::format("/proc/{}/exe", process.task));
  if (!image || !has_go(**image)) return rows;
  GoRow& row = rows.emplace_back();
  row.process = process;
  if (const auto info = read_buildinfo(**image); info && info->version) row.version = info->version->text;
  row.unsupported = opened.error().message;
  return rows;
}

// A process can hold up whoever reads its memory for ever (base/crew.h): the caches then stay with the thread
// that reads it.
class Descriptions {
 public:
  void add(const ProcessRow& process) {
    const auto task = std::make_shared<std::packaged_task<Rows()>>(
        [process, caches = caches_] { return describe(process, *caches); });
    Late late{process, task->get_future()};
    if (!crew_.add([task] { (*task)(); })) (*task)();
    if (late.rows.wait_for(kOthersWait) == std::future_status::ready) return take(late.rows.get());
    caches_ = std::make_shared<Caches>();
    late_.push_back(std::move(late));
  }
  // However many of them do: those that are late are waited for together.
  Rows all() {
    crew_.leave(kPatience);
    for (Late& late : late_) {
      if (late.rows.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
        take(late.rows.get());
        continue;
      }
      GoRow& row = rows_.emplace_back();
      row.process = late.process;
      row.unsupported = "it holds up who reads its memory";
    }
    return std::move(rows_);
  }

 private:
  static constexpr std::chrono::milliseconds kOthersWait{200};
  static constexpr std::chrono::seconds kPatience{5};
  struct Late {
    ProcessRow process;
    std::future<Rows> rows;
  };
  void take(Rows rows) { std::ranges::move(rows, std::back_inserter(rows_)); }

  std::shared_ptr<Caches> caches_ = std::make_shared<Caches>();
  Rows rows_;
  std::vector<Late> late_;
  Crew crew_{"gt-ps"};
};

void write_json(JsonWriter& out, const GoRow& r) {
  out.object([&] {
    out.field("pid", r.process.pid);
    out.field("namespace_pid", r.process.namespace_pid);
    out.field("user", r.process.user);
    out.name_field("container", r.process.container);
    out.field("command", r.process.comm);
    out.field("exe", r.process.executable);
    out.field("runtime_file", r.library.empty() ? r.process.executable : r.library);
    out.field("go_version", r.version);
    out.name_field("module", r.module);
    out.field("link_mode", r.link);
    out.field("stripped", r.stripped);
    out.field("goroutines", r.goroutines);
    out.field("supported", r.unsupported.empty());
    out.name_field("reason", r.unsupported);
  });
  out.end_line();
}

struct PsArguments {  // as typed
  std::vector<std::string> names, where;
  std::string sort = "pid";
  bool json = false;
};

int run_ps(const PsArguments& arguments, const CommonOptions& common) {
  PsFilter filter;
  for (const std::string& name : arguments.names) filter.add_name(name);
  for (const std::string& condition : arguments.where) {
    if (auto added = filter.add(condition); !added)
      return report_error(wrap(added.error(), "--where").error());
  }
  const auto order = parse_ps_order(arguments.sort);
  if (!order) return report_error(wrap(order.error(), "--sort").error());
  const ProcessList processes = list_processes();
  Descriptions descriptions;
  for (const ProcessRow& process : processes.rows) descriptions.add(process);
  Rows rows = descriptions.all();
  std::erase_if(rows, [&](const GoRow& row) { return !filter.matches(row); });
  sort_rows(rows, *order);
  auto out = OutputFile::open("");
  if (!out) return report_error(out.error());
  if (arguments.json) {
    JsonWriter json(out->sink());
    for (const GoRow& row : rows) write_json(json, row);
  } else {
    out->write(for_locale(ps_text(rows, screen(common.colour))));
  }
  if (auto written = out->commit(); !written) return report_error(written.error());
  if (rows.empty() && !arguments.json) {
    const bool all = arguments.names.empty() && arguments.where.empty();
    tell(all ? "no Go process runs here" : "no Go process matches");
  }
  if (!processes.forbidden.empty()) tell(forbidden_text(processes.forbidden, geteuid() == 0));
  return kExitDone;
}

}  // namespace

void add_ps_command(CLI::App& app, const CommonOptions& common, int& exit) {
  auto arguments = std::make_shared<PsArguments>();
  CLI::App* ps = app.add_subcommand("ps", "the Go processes of this machine");
  ps->footer(
      "Example: sudo gorotrace ps\n"
      "         sudo gorotrace ps --sort -goroutines --where go=1.21 --where user=www\n"
      "Exit codes: 0 done, 1 failed, 2 usage.");
  ps->add_option("NAME", arguments->names,
                 "only processes with this in their command or module; several: any of them")
      ->type_name("NAME");
  ps->add_option("--where", arguments->where,
                 "only processes with this part in a column: " + all_names<PsColumn>(", ") +
                     " (go=1.21), or supported=yes, supported=no; conditions on one column are alternatives, "
                     "those on several must all hold; repeatable")
      ->type_name("CONDITION")
      ->option_text(all_names<PsColumn>("= ") + "= supported=yes supported=no")
      ->allow_extra_args(false);
  ps->add_option("--sort", arguments->sort, "sort by this column; -COLUMN: the greatest first")
      ->type_name("COLUMN")
      ->option_text(all_names<PsColumn>(" ") + " -" + all_names<PsColumn>(" -"))
      ->capture_default_str();
  ps->add_flag("--json", arguments->json, "one JSON object per line");
  ps->callback([arguments, &common, &exit] { exit = run_ps(*arguments, common); });
}

}  // namespace gorotrace
