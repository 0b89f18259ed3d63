// A flame graph, root at the top: a frame is as wide as what was spent below it. Zoom: click, Enter. Back: Escape.
//
// paths: [{names: [{name, place, kind}], value}], root first. format(value) says a value. update(paths) of what it gives
// shows others: zoomed to the same frame, and with the focus on the same one, as far as they are still there.

const FLAME_ROW = 20;        // px
const FLAME_LEAST = 0.0008;  // of the width: narrower frames are not drawn
const FLAME_MOST_ROWS = 400;
const FLAME_LEAST_TEXT = 36;  // px: fewer letters say nothing

const keyOfFrame = (frame) => `${frame.kind}\n${frame.name}`;

function flameTree(paths) {
  const root = {name: "all", place: "", kind: "root", value: 0, children: new Map(), parent: null, depth: 0};
  for (const path of paths) {
    let at = root;
    root.value += path.value;
    for (const part of path.names) {
      const key = keyOfFrame(part);
      let child = at.children.get(key);
      if (!child) {
        child = {...part, value: 0, children: new Map(), parent: at, depth: at.depth + 1};
        at.children.set(key, child);
      }
      child.value += path.value;
      at = child;
    }
  }
  return root;
}

function hue(name) { // of a package: the same colour in every graph
  const dot = name.indexOf(".", name.lastIndexOf("/") + 1);
  let hash = 0;
  for (const c of dot < 0 ? name : name.slice(0, dot)) hash = (hash * 31 + c.codePointAt(0)) >>> 0;
  return hash % 6;
}

function flameGraph({name, paths, format, empty}) {
  let root = flameTree(paths);
  let zoomed = root, focused = root, words = "";
  const graph = el("div", {class: "flame", role: "tree", "aria-label": name});
  const detail = el("p", {class: "flame-detail", role: "status"});
  const search = el("input", {type: "search", placeholder: "Search functions …", "aria-label": `Search ${name}`,
    oninput: () => { words = search.value.toLowerCase(); render(); }});
  const found = el("span", {class: "shown", role: "status"});
  const reset = button("Reset zoom", {class: "reset"}, () => zoom(root));
  const block = el("div", {class: "flame-block"}, el("div", {class: "toolbar"}, search, found, reset), detail,
    el("div", {class: "flame-scrolls"}, graph));
  const nothing = note(empty);

  const matches = (node) => words !== "" && node.kind !== "root" && node.name.toLowerCase().includes(words);
  function matched(node) { // each value once, however deep it matches
    return matches(node) ? node.value : [...node.children.values()].reduce((total, c) => total + matched(c), 0);
  }
  function describe(node) {
    const share = (of) => (100 * node.value / of.value).toFixed(1) + " %";
    detail.replaceChildren(el("strong", {}, node.name), node.place ? ` ${node.place}` : "",
      ` · ${format(node.value)} · ${share(root)} of all`,
      zoomed !== root && zoomed !== node ? ` · ${share(zoomed)} of ${zoomed.name}` : "");
  }
  function zoom(node) {
    zoomed = focused = node;
    render();
    focusOn(node);
  }
  function focusOn(node) {
    if (!node) return;
    const old = graph.querySelector('[tabindex="0"]');
    if (old) old.tabIndex = -1;
    focused = node;
    node.element.tabIndex = 0;
    node.element.focus();
  }
  function draw(node, left, width) {
    if (width < FLAME_LEAST || node.depth - zoomed.depth > FLAME_MOST_ROWS) return;
    const above = node.depth < zoomed.depth;
    node.element = el("div", {role: "treeitem", tabindex: node === focused ? 0 : -1,
      "aria-level": node.depth + 1, "aria-expanded": node.children.size > 0 ? "true" : null,
      "aria-label": `${node.name}, ${format(node.value)}, ${(100 * node.value / root.value).toFixed(1)} %`,
      class: `frame ${node.kind} hue${hue(node.name)}` + (above ? " above" : "") +
        (words === "" ? "" : matches(node) ? " match" : " other"),
      style: {left: 100 * left + "%", width: 100 * width + "%", top: node.depth * FLAME_ROW + "px"}},
      width * wide > FLAME_LEAST_TEXT ? node.name : "");
    node.element.frame = node;
    graph.append(node.element);
    deepest = Math.max(deepest, node.depth);
    if (above) return;
    let at = left;
    for (const child of [...node.children.values()].sort((a, b) => b.value - a.value)) {
      const part = width * child.value / node.value;
      draw(child, at, part);
      at += part;
    }
  }
  let deepest = 0, wide = 0;
  function render() {
    block.hidden = root.value <= 0;
    nothing.hidden = !block.hidden;
    graph.replaceChildren();
    if (block.hidden) return;
    wide = graph.clientWidth || main.clientWidth;
    deepest = 0;
    forget(root);
    const line = [];
    for (let node = zoomed.parent; node; node = node.parent) line.unshift(node);
    for (const node of line) draw(node, 0, 1);
    draw(zoomed, 0, 1);
    if (!focused.element) focused = zoomed;
    focused.element.tabIndex = 0;
    graph.style.height = (deepest + 1) * FLAME_ROW + "px";
    reset.disabled = zoomed === root;
    found.textContent = words === "" ? "" :
      `${format(matched(root))}, ${(100 * matched(root) / root.value).toFixed(1)} %, lies below a match`;
    describe(focused);
  }
  function forget(node) {
    node.element = null;
    for (const child of node.children.values()) forget(child);
  }
  const widest = (node) => [...node.children.values()].filter((c) => c.element)
    .sort((a, b) => b.value - a.value)[0];
  function sibling(node, step) {
    const near = node.parent ? [...node.parent.children.values()].filter((c) => c.element)
      .sort((a, b) => b.value - a.value) : [node];
    return near[near.indexOf(node) + step];
  }
  const frameOf = (event) => event.target.closest(".frame") && event.target.closest(".frame").frame;
  graph.addEventListener("click", (event) => frameOf(event) && zoom(frameOf(event)));
  graph.addEventListener("mouseover", (event) => frameOf(event) && describe(frameOf(event)));
  graph.addEventListener("focusin", (event) => frameOf(event) && describe(frameOf(event)));
  graph.addEventListener("mouseleave", () => describe(focused));
  graph.addEventListener("keydown", (event) => {
    const node = frameOf(event);
    const act = node && {
      ArrowDown: () => focusOn(widest(node)), ArrowUp: () => focusOn(node.parent),
      ArrowRight: () => focusOn(sibling(node, 1)), ArrowLeft: () => focusOn(sibling(node, -1)),
      Enter: () => zoom(node), " ": () => zoom(node), Escape: () => zoom(root), Home: () => focusOn(root),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  // The frame of the new tree that is called as `node` is, and so are those above it; else the last of these.
  function again(node) {
    if (!node.parent) return root;
    const above = again(node.parent), depth = above.depth + 1;
    return depth === node.depth && above.children.get(keyOfFrame(node)) || above;
  }
  render();
  const both = el("div", {}, block, nothing);
  both.update = (next) => {
    const focus = graph.contains(document.activeElement);
    root = flameTree(next);
    [zoomed, focused] = [again(zoomed), again(focused)];
    render();
    if (focus && focused.element) focused.element.focus({preventScroll: true});
  };
  return both;
}
