// Whose code a function is, by its name, as userspace/golang/frame_class.cpp has it; STANDARD comes from there.

const RUNTIMES_ELSEWHERE = ["internal/poll.runtime_", "sync.runtime_"];  // by linkname

function whose(name) {
  const plain = name.split(/[[(]/, 1)[0], slash = Math.max(0, plain.lastIndexOf("/"));
  const dot = plain.indexOf(".", slash), path = dot < 0 ? plain : plain.slice(0, dot);
  if (path === "runtime" || path.startsWith("runtime/internal") || path.startsWith("internal/runtime") ||
    RUNTIMES_ELSEWHERE.some((begin) => name.startsWith(begin))) return "runtime";
  if (path.startsWith("plugin/unnamed-")) return "own";
  return STANDARD.includes(path.split("/", 1)[0]) || !name.includes(".") ? "standard" : "own";
}

// Frames of a stack of stat's JSON, leaf first; made once for each.
const framesOf = new WeakMap();
function stackOf(stack) {
  if (!framesOf.has(stack)) framesOf.set(stack, stack.map(({function: name, file, line, inlined}) =>
    ({name, file, line, inlined, whose: whose(name)})));
  return framesOf.get(stack);
}
