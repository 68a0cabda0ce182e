"use strict";
// Buttons, keys and the scrubber of one sequence, bound to its clock, its stage and its plot.
class Player {
  static RATES = [0.25, 0.5, 1, 2];

  constructor(root) {
    const data = JSON.parse(root.querySelector("script").textContent);
    const find = (name) => root.querySelector(name);
    const videos = [...root.querySelectorAll("video")];
    this.root = root;
    this.clock = new Clock(videos, data.fps, data.frames);
    if (data.columns.length) this.traces = new Traces(root, data, this.clock);
    if (!videos.length) return;
    this.stage = new Stage(root, this.clock);
    Object.assign(this, { scrub: find(".scrub"), time: find(".time"), button: find(".play"), rate: find(".rate") });
    for (const video of videos) video.controls = false;
    this.button.addEventListener("click", () => this.clock.toggle());
    find(".back").addEventListener("click", () => this.clock.step(-1));
    find(".on").addEventListener("click", () => this.clock.step(1));
    find(".full").addEventListener("click", () => this.fullScreen());
    this.scrub.addEventListener("input", () => this.clock.seek(Number(this.scrub.value)));
    this.rate.addEventListener("change", () => this.clock.setRate(Number(this.rate.value)));
    find(".sound").addEventListener("change", (event) => this.clock.hear(event.target.selectedIndex < videos.length ? event.target.selectedIndex : -1));
    root.addEventListener("keydown", (event) => this.#press(event));
    this.clock.addEventListener("frame", () => this.#show());
    this.clock.addEventListener("length", () => this.#show());
    this.clock.addEventListener("state", () => this.#state());
    this.#show();
    this.#state();
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }

  speed(by) {
    const place = Player.RATES.indexOf(this.clock.rate) + by;
    this.rate.value = Player.RATES[Math.max(0, Math.min(Player.RATES.length - 1, place))];
    this.clock.setRate(Number(this.rate.value));
  }

  #show() {
    const { frame, frames, fps } = this.clock, seconds = frame / fps;
    const clock = `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, "0")}`;
    this.scrub.max = Math.max(0, frames - 1);
    this.scrub.value = frame;
    this.scrub.setAttribute("aria-valuetext", `frame ${frame}, ${seconds.toFixed(2)} s`);
    this.time.textContent = `${clock}  frame ${frame} / ${Math.max(0, frames - 1)}`;
  }

  #state() {
    this.button.textContent = this.clock.playing ? "Pause" : "Play";
    this.button.classList.toggle("playing", this.clock.playing);
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target, range = target.matches("input[type=range]");
    const pan = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    const act = {
      " ": target.matches("button, select, summary, input:not(.scrub)") ? null : () => this.clock.toggle(),
      ArrowLeft: range && target !== this.scrub ? null : () => this.clock.step(-1),
      ArrowRight: range && target !== this.scrub ? null : () => this.clock.step(1),
      "[": () => this.speed(-1),
      "]": () => this.speed(1),
      f: () => this.fullScreen(),
      F: () => this.fullScreen(),
    }[event.key];
    if (target.matches("select") && event.key !== "[" && event.key !== "]") return;
    if (event.shiftKey && pan && !range) this.stage.pan(...pan);
    else if (act && !(event.shiftKey && pan)) act();
    else return;
    event.preventDefault();
  }
}

for (const root of document.querySelectorAll(".player")) {
  const details = root.closest("details");
  const start = () => { root.player ??= new Player(root); };
  if (!details || details.open) start();
  else details.addEventListener("toggle", start, { once: true });
}
// The videos of one sequence at a time: sounds of two would mix.
for (const root of document.querySelectorAll(".player")) {
  root.addEventListener("play", () => {
    for (const other of document.querySelectorAll(".player")) if (other !== root && other.player?.clock.playing) other.player.clock.pause();
  }, { capture: true });
}
