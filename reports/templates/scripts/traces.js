"use strict";
// Values by frame of all rows: unpacked from the page, drawn with uPlot, tied to the clock.
class Traces {
  static ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  static DIGITS = 3; // as in traces.py
  static DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
  static BORDERS = ["solid", "dashed", "dotted", "double"]; // of the marks in the legend

  constructor(root, data, clock) {
    Object.assign(this, { data, clock, select: root.querySelector(".column"), box: root.querySelector(".chart") });
    this.hidden = new Map(); // row -> whether the reader hid or showed it
    this.select.addEventListener("change", () => this.draw());
    clock.addEventListener("frame", () => this.follow());
    new ResizeObserver(() => this.#fit()).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** The values of a packed line by frame, null where there is none. */
  static unpacked([first, low, high, text], frames) {
    const values = new Array(frames).fill(null), most = 64 ** Traces.DIGITS - 1;
    for (let at = 0; at < text.length; at += Traces.DIGITS) {
      const frame = first + at / Traces.DIGITS;
      if (text[at] === "." || frame >= frames) continue;
      let level = 0;
      for (let i = 0; i < Traces.DIGITS; i++) level = level * 64 + Traces.ALPHABET.indexOf(text[at + i]);
      values[frame] = low + ((high - low) * level) / most;
    }
    return values;
  }

  draw() {
    const column = this.data.columns[this.select.selectedIndex], style = getComputedStyle(this.box);
    const { frames, rows } = this.data, colour = (name) => style.getPropertyValue(name).trim();
    this.lines = column.rows.map((line) => (line ? Traces.unpacked(line, frames) : null));
    const shown = rows.map((row, index) => index).filter((index) => this.lines[index]);
    // A line that never changes says nothing about frames, and may lie far from all others.
    const flat = (index) => column.rows[index][1] === column.rows[index][2];
    const some = shown.some((index) => !flat(index));
    const text = (value) => (value == null ? "–" : column.digits === null ? value.toExponential(2) : value.toFixed(column.digits));
    const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 }, font: "12px system-ui, sans-serif" };
    this.plot?.destroy();
    this.head = null; // until uPlot is ready
    this.plot = new uPlot({
      width: this.#width(),
      height: 240,
      scales: { x: { time: false, range: [0, Math.max(1, frames - 1)] } },
      axes: [
        { ...axis, label: "frame", labelSize: 18, labelFont: axis.font, size: 34, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2500, 5000, 10000] },
        { ...axis, size: 62 },
      ],
      cursor: { drag: { x: false, y: false }, points: { size: 6 }, y: false },
      legend: { live: true, markers: { width: 3, dash: (_, index) => Traces.BORDERS[rows[shown[index - 1]]?.dash % 4] } },
      series: [
        { label: "frame", value: (_, value) => (value == null ? "–" : String(value)) },
        ...shown.map((index) => ({
          label: rows[index].label,
          show: this.hidden.has(index) ? !this.hidden.get(index) : !(some && flat(index)),
          stroke: colour(`--row-${rows[index].colour}`),
          dash: Traces.DASHES[rows[index].dash % 4],
          width: 1.75,
          points: { show: false },
          spanGaps: false,
          value: (_, value) => text(value),
        })),
      ],
      hooks: {
        ready: [(plot) => this.#tie(plot)],
        setSeries: [(_, index, change) => { if (index && "show" in change) this.hidden.set(shown[index - 1], !change.show); }],
        setSize: [() => this.follow()],
        setLegend: [() => this.follow()], // uPlot has just written what is below the pointer, or nothing
      },
    }, [Array.from({ length: frames }, (_, frame) => frame), ...shown.map((index) => this.lines[index])], this.box);
    this.box.setAttribute("aria-label", `${column.name} by frame; the values at the present frame stand below`);
  }

  /** Moves the line of the present frame, and the values of the legend unless a pointer is there. */
  follow() {
    if (!this.head || !this.plot) return;
    const frame = this.clock.frame;
    this.head.style.transform = `translateX(${this.plot.valToPos(frame, "x")}px)`;
    if (!(this.plot.cursor.left >= 0)) this.plot.setLegend({ idx: frame }, false);
  }

  #tie(plot) {
    this.head = Object.assign(document.createElement("div"), { className: "playhead" });
    plot.over.append(this.head);
    this.plot = plot;
    this.follow();
    const seek = (event) => {
      const left = event.clientX - plot.over.getBoundingClientRect().left;
      this.clock.seek(plot.posToVal(left, "x"));
    };
    plot.over.addEventListener("pointerdown", (event) => {
      plot.over.setPointerCapture(event.pointerId);
      seek(event);
    });
    plot.over.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });
    for (const head of plot.root.querySelectorAll(".u-legend .u-series:not(:first-child) th")) {
      Object.assign(head, { tabIndex: 0 });
      head.setAttribute("role", "button");
      head.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        head.click();
      });
    }
  }

  #width() { return Math.max(200, Math.floor(this.box.clientWidth)); }

  #fit() {
    if (!this.box.clientWidth) return;
    if (!this.plot) this.draw();
    else if (this.plot.width !== this.#width()) this.plot.setSize({ width: this.#width(), height: 240 });
  }
}
