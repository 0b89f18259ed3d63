// Charts over time. All of a target show the same stretch: zooming one zooms them all. target: {series: {from_ns, to_ns},
// begin_utc_ms, pauses, collections}. A row without figures breaks a line of a chart with `gaps`.
//
// Mouse: drag along the axis to zoom, double click for all. Keys: Left and Right move a cursor, + and - zoom at it,
// Escape or 0 shows all.

const NS = 1e9;

// Our legend is its own. The library's writes a style attribute, which the page's policy forbids.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

class Charts {
  constructor(target) {
    this.target = target;
    this.all = [];
    this.window = null;      // what is shown, in seconds; null: all
    this.zoomed = () => {};  // is told so
    this.measure();
  }

  measure() {
    const {from_ns, to_ns} = this.target.series;
    this.whole = to_ns.length > 0 ? [from_ns[0] / NS, to_ns[to_ns.length - 1] / NS] : [0, 1];
  }

  // rows: [seconds, figure, ...] each; series: [{label, colour}], colour: a CSS variable.
  add({title, rows, series, format, stacked, unit, gaps}) {
    const plot = el("div", {class: "plot"});
    const figures = series.map(() => el("b"));
    const time = el("time");
    // A key of several shows and hides its series.
    const keys = series.map((s, i) => el(series.length > 1 ? "button" : "span", {class: "key", type: "button",
      "aria-pressed": series.length > 1 ? "true" : null, onclick: series.length > 1 ? () => this.toggle(chart, i) : null},
    el("i", {class: "swatch", style: {background: `var(${s.colour})`}}), s.label, figures[i]));
    const values = el("div", {class: "values"}, keys, time);
    const figure = el("figure", {class: "chart", tabindex: 0, role: "group",
      "aria-label": `${title}. Left and Right move the cursor, plus and minus zoom, Escape shows all.`},
      el("figcaption", {}, title, unit ? el("span", {class: "unit"}, unit) : null), values, plot);
    const chart = {plot, keys, figures, time, rows, series, format, stacked, gaps, graph: null, at: null,
      visible: series.map(() => true)};
    figure.addEventListener("keydown", (event) => this.key(event, chart));
    this.all.push(chart);
    return figure;
  }

  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  // Once they are in the document, and again when its colours change.
  draw() {
    for (const chart of this.all) {
      if (chart.graph) chart.graph.destroy();
      chart.graph = new Dygraph(chart.plot, chart.rows, {
        labels: ["t", ...chart.series.map((s) => s.label)],
        colors: chart.series.map((s) => this.colour(s.colour)),
        stackedGraph: chart.stacked === true, fillGraph: chart.stacked === true, fillAlpha: 0.75,
        visibility: chart.visible, strokeWidth: chart.stacked ? 1 : 1.6, includeZero: true, xRangePad: 0,
        connectSeparatedPoints: !chart.stacked && !chart.gaps, gridLineColor: this.colour("--grid"),
        axisLineColor: this.colour("--line"), axisLabelFontSize: 12, animatedZooms: false, highlightCircleSize: 3,
        dateWindow: this.window || this.whole,
        axes: {x: {axisLabelFormatter: seconds, pixelsPerLabel: 60, axisLabelWidth: 80},
          y: {axisLabelFormatter: tick, axisLabelWidth: 62, pixelsPerLabel: 34}},
        highlightCallback: (event, x) => this.point(chart, x, false),
        unhighlightCallback: () => this.say(chart, null),
        zoomCallback: (from, to) => this.zoom(from, to),
        underlayCallback: (context, area, graph) => this.shade(context, area, graph),
      });
    }
  }

  // The stretch of target.series is another one. rows: of each chart, as they were added. A part that was zoomed to stays.
  update(rows) {
    this.measure();
    this.all.forEach((chart, i) => {
      const cursor = chart.at === null ? null : chart.rows[chart.at][0];
      chart.rows = rows[i];
      if (chart.graph) chart.graph.updateOptions({file: chart.rows, dateWindow: this.window || this.whole});
      if (cursor !== null) this.say(chart, this.nearest(chart, cursor));
    });
  }

  // Behind the lines: when collections went on, and when the world stood still.
  shade(context, area, graph) {
    for (const [spans, colour, least] of [[this.target.collections, "--marking", 0], [this.target.pauses, "--pause", 1]]) {
      context.fillStyle = this.colour(colour);
      for (const [from, to] of spans) {
        const left = Math.max(area.x, graph.toDomXCoord(from / NS));
        const right = Math.min(area.x + area.w, Math.max(graph.toDomXCoord(to / NS), left + least));
        if (right > left) context.fillRect(left, area.y, right - left, area.h);
      }
    }
  }

  toggle(chart, i) {
    chart.visible[i] = !chart.visible[i];
    chart.keys[i].setAttribute("aria-pressed", String(chart.visible[i]));
    chart.graph.setVisibility(i, chart.visible[i]);
  }

  zoom(from, to) {
    const [first, last] = this.whole, least = (last - first) / 1000;
    from = Math.max(first, from);
    to = Math.min(last, to);
    if (!(to - from >= least)) return;
    this.window = from <= first && to >= last ? null : [from, to];
    for (const chart of this.all) chart.graph.updateOptions({dateWindow: this.window || this.whole});
    this.zoomed(this.window);
  }

  point(from, x, select) {
    for (const chart of this.all) {
      const row = this.nearest(chart, x);
      this.say(chart, row);
      if (row !== null && (select || chart !== from)) chart.graph.setSelection(row);
    }
  }

  nearest(chart, x) {
    let best = null;
    chart.rows.forEach((row, i) => {
      if (best === null || Math.abs(row[0] - x) < Math.abs(chart.rows[best][0] - x)) best = i;
    });
    return best;
  }

  // The legend, with the figures at a moment.
  say(chart, index) {
    chart.at = index;
    const row = index === null ? null : chart.rows[index];
    const begin = this.target.begin_utc_ms;
    chart.time.textContent = row === null ? ""
      : seconds(row[0]) + (begin === null ? "" : ` · ${utc(begin + row[0] * 1000, true)}`);
    chart.figures.forEach((figure, i) => {
      figure.textContent = row === null || row[i + 1] === null ? "" : chart.format(row[i + 1]);
    });
  }

  key(event, chart) {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const [from, to] = this.window || this.whole;
    const x = chart.at === null ? (from + to) / 2 : Math.min(to, Math.max(from, chart.rows[chart.at][0]));
    const move = (step) => {
      const at = chart.at === null ? this.nearest(chart, x) : chart.at + step;
      const row = chart.rows[Math.min(chart.rows.length - 1, Math.max(0, at))];
      if (!row) return;
      if (row[0] < from || row[0] > to) this.zoom(row[0] - (to - from) / 2, row[0] + (to - from) / 2);
      this.point(chart, row[0], true);
    };
    const scale = (factor) => {
      this.zoom(x - (x - from) * factor, x + (to - x) * factor);
      this.point(chart, x, true);
    };
    const act = {ArrowLeft: () => move(-1), ArrowRight: () => move(1), "+": () => scale(0.5), "=": () => scale(0.5),
      "-": () => scale(2), Escape: () => this.zoom(...this.whole), 0: () => this.zoom(...this.whole)}[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
