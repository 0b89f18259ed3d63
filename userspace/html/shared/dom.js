// Elements, made without markup: children are nodes or text.

const main = document.getElementById("main");

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function section(id, title, ...children) {
  return el("section", {id, "aria-labelledby": id + "-title"},
    el("h2", {id: id + "-title"}, title), ...children);
}

function note(...children) {
  return el("p", {class: "note"}, ...children);
}

function button(label, attributes, onclick) {
  return el("button", {type: "button", ...attributes, onclick}, label);
}

function card(title, value, more, kind) {
  return el("div", {class: "card" + (kind ? " " + kind : "")}, el("dt", {}, title), el("dd", {}, value),
    more ? el("dd", {class: "more"}, more) : null);
}

// One of several: an ARIA tab list, which arrows go through. `tabs`: {label, show} each; show() gives the content.
function tabList(label, tabs) {
  const panel = el("div", {class: "tab-panel", role: "tabpanel"});
  const buttons = tabs.map((tab, i) => button(tab.label, {role: "tab", "aria-selected": "false", tabindex: -1},
    () => choose(i)));
  function choose(chosen) {
    buttons.forEach((b, i) => {
      b.setAttribute("aria-selected", String(i === chosen));
      b.tabIndex = i === chosen ? 0 : -1;
    });
    panel.setAttribute("aria-label", tabs[chosen].label);
    panel.replaceChildren(tabs[chosen].show());
  }
  const list = el("div", {class: "tabs", role: "tablist", "aria-label": label, onkeydown: (event) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
    choose(next);
    buttons[next].focus();
  }}, buttons);
  choose(0);
  return el("div", {}, tabs.length > 1 ? list : null, panel);
}
