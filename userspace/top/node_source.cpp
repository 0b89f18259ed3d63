#include <utility>

#include "agent/agent.h"
#include "base/clock.h"
#include "http/targets_json.h"
#include "top/sources.h"

namespace gorotrace {
namespace {

class NodeSource : public TopSource {
 public:
  explicit NodeSource(std::unique_ptr<Agent> agent) : agent_(std::move(agent)) {}
  ~NodeSource() override { agent_->stop(); }

  Result<std::string> targets() override {
    agent_->refresh();
    const std::vector<AgentTarget> targets = agent_->targets();
    const std::vector<std::string> notices = agent_->notices();
    TargetList list;
    list.time_ns = monotonic_ns();
    list.ready = agent_->ready();
    list.notices = notices;
    list.targets = targets;
    return json_text([&](JsonWriter& out) { targets_json(out, list); });
  }

  Result<std::optional<std::string>> stat(const std::string& id) override {
    auto summary = agent_->stat(id);
    if (!summary) return std::unexpected(summary.error());
    return std::optional(*std::move(summary));
  }

 private:
  std::unique_ptr<Agent> agent_;
};

}  // namespace

Result<std::unique_ptr<TopSource>> node_source(AgentConfig config) {
  auto agent = Agent::start(std::move(config));
  if (!agent) return std::unexpected(agent.error());
  return std::make_unique<NodeSource>(*std::move(agent));
}

}  // namespace gorotrace
