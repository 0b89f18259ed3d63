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
    const known = this.all.filter((reading) => reading[figure] !== null && reading.at >= this.last.at - s);
    if (known.length < 2) return null;
    const from = known[0], to = known[known.length - 1];
    return {by: to[figure] - from[figure], s: to.at - from.at};
  }
}

// The readings of every process of a list of targets; those of processes that have gone are dropped.
class NodeReadings {
  constructor() { this.of = new Map(); }

  add({time_ns, targets}) {
    const now = new Map();
    for (const target of targets) {
      const readings = this.of.get(target.id) || new Readings();
      if (target.read_ns !== null) readings.add({at: target.read_ns / 1e9, goroutines: target.goroutines,
        created: target.created, exited: target.exited, cost_ns: target.cost_cpu_ns});
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

  // The agent's CPU time, % of one CPU.
  cost(id) {
    const change = this.readings(id).change("cost_ns", A_MINUTE);
    return change && 100 * change.by / 1e9 / change.s;
  }
}
