// The stacks that flame graphs are made of: of waits, of creations, and of who woke whom.

const flameFrame = (frame) => ({name: frame.name, place: place(frame), kind: frame.whose});
const flameLabel = (name, kind) => ({name, place: "", kind});
// Every stack begins with runtime.goexit, which says nothing.
const rootFirst = (stack) => stackOf(stack).filter((frame) => frame.name !== "runtime.goexit").reverse().map(flameFrame);
const others = (value) => ({names: [flameLabel("(rows that this page leaves out)", "label")], value});

function blockedPaths(target) {
  const paths = target.summary.blocking.map((row) => ({
    names: [...rootFirst(row.stack), flameLabel(row.reason || "(no reason)", "reason")], value: row.in_window_ns || 0}));
  return [...paths, others(target.rows.blocking.in_window_ns)];
}

// Waits that ended go to who ended them, by how often each did; what nobody ended was not woken.
function offwakePaths(target) {
  const paths = [];
  for (const row of target.summary.blocking) {
    const blocked = [...rootFirst(row.stack), flameLabel(row.reason || "(no reason)", "reason")];
    const all = row.in_window_ns || 0;
    const wakes = sum(row.wakers, (waker) => waker.count) + row.wakers_other;
    const woken = wakes > 0 ? Math.min(row.total_ns === null ? all : row.total_ns, all) : 0;
    for (const waker of row.wakers)
      paths.push({names: [...blocked, flameLabel(`woken by ${waker.kind}`, "waker"), ...rootFirst(waker.stack)],
        value: woken * waker.count / wakes});
    if (row.wakers_other > 0)
      paths.push({names: [...blocked, flameLabel("woken by others", "waker")], value: woken * row.wakers_other / wakes});
    if (all > woken) paths.push({names: [...blocked, flameLabel("not seen to be woken", "label")], value: all - woken});
  }
  return [...paths, others(target.rows.blocking.in_window_ns)];
}

function startOf(row) {
  return flameLabel(row.function, "own");
}

function createdPaths(target) {
  const paths = [];
  for (const row of target.summary.creation) {
    const seen = sum(row.stacks, (stack) => stack.created);
    for (const {stack, created} of row.stacks)
      paths.push({names: [...rootFirst(stack), startOf(row)], value: created});
    const rest = (row.created || 0) - seen;
    if (rest > 0) paths.push({names: [...rootFirst(row.site), startOf(row)], value: rest});
  }
  return [...paths, others(target.rows.creation.created)];
}

// By the go statements that led to them, the first one first.
function livePaths(target) {
  const paths = [];
  for (const row of target.summary.creation) {
    let rest = row.live;
    for (const origin of row.origins) {
      const names = [...origin.chain].reverse().flatMap((link) => {
        const stack = rootFirst(link.stack);
        return stack.length > 0 ? stack : rootFirst(link.site);
      });
      rest -= origin.live;
      if (origin.live > 0) paths.push({names: [...names, startOf(row)], value: origin.live});
    }
    if (rest > 0) paths.push({names: [...rootFirst(row.site), startOf(row)], value: rest});
  }
  return [...paths, others(target.rows.creation.live)];
}
