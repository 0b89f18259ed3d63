// What the page keeps of each process while it is open: the last readings, and no more of them than KEPT.

const KEPT = 300;
const A_MINUTE = 60;  // s

class Readings {
  constructor() { this.all = []; }

  get last() { return this.all[this.all.length - 1]; }

  // at: seconds of the agent's clock. An agent that was started anew, or one that gave the same reading again: dropped.
  add(reading) {
    if (this.last && reading.at < this.last.at) this.all = [];
    if (this.last && reading.at === this.last.at) return;
    this.all.push(reading);
    if (this.all.length > KEPT) this.all.shift();
  }

  // The growth of a figure over the readings of the last `s` seconds, and how many seconds that was; null: not known.
  change(figure, s = Infinity) {
    const known = (reading) => reading[figure] !== null;
    const since = this.all.findLastIndex((reading) => reading.at < this.last.at - s) + 1;
    const from = this.all.find((reading, i) => i >= since && known(reading)), to = this.all.findLast(known);
    return !from || from === to ? null : {by: to[figure] - from[figure], s: to.at - from.at};
  }
}

// The agent's CPU time for a process, and what that has paid for its probes.
const costOfAll = (target) => target.cost_cpu_ns + (target.charged_ns || 0);

// The same as % of one CPU. An agent that was started anew counts from 0 again.
function costOf(readings) {
  const change = readings.change("cost_ns", A_MINUTE);
  return change && Math.max(0, 100 * change.by / 1e9 / change.s);
}

// The readings of every process of a list of targets; those of processes that have gone are dropped.
class NodeReadings {
  constructor() { this.of = new Map(); }

  add({time_ns, targets}) {
    const now = new Map();
    for (const target of targets) {
      const readings = this.of.get(target.id) || new Readings();
      if (target.read_ns !== null) readings.add({at: target.read_ns / 1e9, goroutines: target.goroutines,
        created: target.created, exited: target.exited, cost_ns: costOfAll(target)});
      now.set(target.id, readings);
    }
    this.of = now;
    this.time_ns = time_ns;
  }

  readings(id) { return this.of.get(id) || new Readings(); }

  growth(id) {
    const change = this.readings(id).change("goroutines");
    return change && change.by;
  }

  cost(id) { return costOf(this.readings(id)); }
}
