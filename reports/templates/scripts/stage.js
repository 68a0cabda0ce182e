"use strict";
// How the videos of a sequence are seen: side by side or two on each other, and one zoom for all.
class Stage {
  static MOUTH = { zoom: 3, x: 50, y: 66 }; // lower middle of a head portrait, percent
  static MOST = 8;

  constructor(root, clock) {
    const find = (name) => root.querySelector(name);
    Object.assign(this, { root, clock, stage: find(".stage"), figures: [...root.querySelectorAll("figure")] });
    Object.assign(this, { zoomRange: find(".zoom"), mouth: find(".mouth"), x: 50, y: 50 });
    this.zoomRange.addEventListener("input", () => this.look(Number(this.zoomRange.value), this.x, this.y));
    this.mouth.addEventListener("click", () => {
      const { zoom, x, y } = Stage.MOUTH;
      if (this.zoom === 1) this.look(zoom, x, y); else this.look(1, 50, 50);
    });
    this.pair = ["a", "b"].map((name) => find(`.${name}`));
    this.pair[1].selectedIndex = Math.min(1, this.figures.length - 1);
    this.view = find(".view");
    this.split = find(".split");
    this.gain = find(".gain");
    for (const input of [...this.pair, this.view, this.gain]) input.addEventListener("change", () => this.arrange());
    this.split.addEventListener("input", () => this.arrange());
    this.stage.addEventListener("pointerdown", (event) => this.#grab(event));
    this.look(1, 50, 50);
    this.arrange();
  }

  /** Enlarges all videos about one point of the picture, in percent of its sides. */
  look(zoom, x, y) {
    const within = (value) => Math.max(0, Math.min(100, value));
    Object.assign(this, { zoom: Math.max(1, Math.min(Stage.MOST, zoom)), x: within(x), y: within(y) });
    this.stage.style.setProperty("--zoom", this.zoom);
    this.stage.style.setProperty("--x", `${this.x}%`);
    this.stage.style.setProperty("--y", `${this.y}%`);
    this.stage.classList.toggle("zoomed", this.zoom > 1);
    this.zoomRange.value = this.zoom;
    this.mouth.setAttribute("aria-pressed", String(this.zoom > 1));
    this.mouth.textContent = this.zoom > 1 ? "Whole picture" : "Zoom on the mouth";
  }

  /** Moves what is seen, in parts of what is seen. */
  pan(dx, dy) {
    if (this.zoom > 1) this.look(this.zoom, this.x + (100 * dx) / (this.zoom - 1), this.y + (100 * dy) / (this.zoom - 1));
  }

  arrange() {
    const mode = this.view.value, chosen = this.pair.map((select) => select.selectedIndex);
    this.stage.dataset.view = mode;
    this.stage.style.setProperty("--split", `${this.split.value}%`);
    this.stage.style.setProperty("--gain", this.gain.value);
    for (const part of this.root.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(mode);
    this.figures.forEach((figure, index) => {
      figure.classList.toggle("under", mode !== "beside" && index === chosen[0]);
      figure.classList.toggle("over", mode !== "beside" && index === chosen[1] && index !== chosen[0]);
    });
  }

  /** A drag moves the zoomed picture, or the edge of a wipe; a click plays or pauses. */
  #grab(down) {
    if (down.button !== 0 || !down.target.closest(".frame")) return;
    const box = down.target.closest(".frame").getBoundingClientRect();
    let [x, y, moved] = [down.clientX, down.clientY, false];
    const move = (event) => {
      const dx = event.clientX - x, dy = event.clientY - y;
      if (!moved && Math.hypot(dx, dy) < 5) return;
      moved = true;
      [x, y] = [event.clientX, event.clientY];
      if (this.zoom > 1) this.pan(-dx / box.width, -dy / box.height);
      else if (this.view.value === "wipe") {
        this.split.value = (100 * (x - box.left)) / box.width;
        this.arrange();
      }
    };
    const up = (event) => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("pointercancel", up);
      if (!moved && event.type === "pointerup") this.clock.toggle();
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("pointercancel", up);
  }
}
