// Which view an address means: "#/" the node, "#/targets/ID" one process.

// The process's id; null: the node.
function processOf(hash) {
  const found = /^#\/targets\/(\d+-\d+(?:-[0-9a-f]+)?)$/.exec(hash);
  return found && found[1];
}

// Links into the page itself: the address keeps naming the view.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (!link || link.getAttribute("href").startsWith("#/")) return;
  const to = document.getElementById(link.getAttribute("href").slice(1));
  event.preventDefault();
  if (!to) return;
  if (!to.hasAttribute("tabindex")) to.tabIndex = -1;
  to.scrollIntoView();
  to.focus({preventScroll: true});
});
