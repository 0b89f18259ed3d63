// Who waits now, and for how long: the longest first.

function waiterRows(summary) {
  const ended = (r) => {
    if (r.wakers.length === 0) return NO_FIGURE;
    const first = [...r.wakers].sort((a, b) => b.count - a.count)[0];
    return first.stack.length > 0 ? telling(stackOf(first.stack)).name : first.kind;
  };
  const rows = summary.blocking.filter((r) => r.blocked_now > 0);
  const woken = rows.some((r) => r.wakers.length > 0);
  return {name: "goroutines that wait now", rows, sortedBy: 1, empty: "Nobody waits.",
    key: (r) => rowKey(`${r.reason}\n${r.system}`, r.stack),
    columns: [
      {title: "waiters", hint: "goroutines that wait there now", value: (r) => r.blocked_now,
        cell: (r) => count(r.blocked_now)},
      {title: "oldest", hint: "how long the oldest of them has waited", value: (r) => r.oldest_ns,
        cell: (r) => (r.oldest_is_lower_bound && r.oldest_ns !== null ? "≥" : "") + duration(r.oldest_ns)},
      {title: "reason", text: true, value: (r) => r.reason, cell: (r) => r.reason || NO_FIGURE},
      ...(woken ? [{title: "others were woken by", text: true, value: ended,
        cell: (r) => el("span", {class: "function"}, ended(r))}] : []),
      {title: "where", text: true, value: (r) => telling(stackOf(r.stack)).name,
        cell: (r) => whereCell(stackOf(r.stack))}],
    text: (r) => `${r.reason} ${searchText(stackOf(r.stack))}`,
    details: (r) => stackList(stackOf(r.stack))};
}
