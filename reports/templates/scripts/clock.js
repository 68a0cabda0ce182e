"use strict";
// One clock for all videos of a sequence. The video with the sound leads: nothing is ever done to
// its time while it plays. The others follow by small changes of their speed, and by a seek only
// where they are several frames away. The end is everyone's end: the clock starts them together.
class Clock extends EventTarget {
  static TICK = 50; // ms between corrections
  static NEAR = 0.06; // frames: a follower this near plays at the common speed
  static FAR = 0.2; // frames: a follower this far is corrected
  static LOST = 5; // frames: a follower this far is moved
  static CATCH_UP = 0.25; // seconds in which a correction takes back what is wrong
  static MOST = 0.4; // the largest change of speed, as a part of it
  static SEEK = 0.06; // seconds that a seek of a running video takes

  #start = 0; // number of the last start: what was started before it is void
  #timer = null;
  #moved = new Map(); // follower -> when it was last moved, ms
  #placed = new Map(); // video -> where it was last put, since it was last halted

  constructor(videos, fps, frames) {
    super();
    Object.assign(this, { videos, fps, frames, rate: 1, playing: false, starting: false, sound: 0, at: 0 });
    for (const video of videos) {
      video.loop = false;
      video.addEventListener("loadedmetadata", () => this.#measure());
      video.addEventListener("seeked", () => { if (!this.playing) this.#place(video); });
    }
    this.#measure();
  }

  get length() { return this.frames / this.fps; }

  /** Seconds from the start: the leader's while it plays. */
  get time() {
    const running = this.playing && !this.starting;
    return running ? (this.leader?.currentTime ?? this.at) : this.at;
  }

  get frame() { return Math.max(0, Math.min(this.frames - 1, Math.floor(this.time * this.fps + 1e-3))); }

  /** The video that the others follow: that with the sound, or the longest after its end. */
  get leader() {
    const own = this.videos[Math.max(this.sound, 0)];
    if (!own || !own.ended) return own;
    return this.videos.filter((one) => !one.ended).sort((a, b) => b.duration - a.duration)[0] ?? own;
  }

  /** Plays the sound of one video, or none for -1. */
  hear(index) {
    this.sound = index;
    this.videos.forEach((video, i) => { video.muted = i !== index; });
  }

  setRate(rate) {
    this.rate = rate;
    this.videos.forEach((video) => { video.playbackRate = rate; });
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  async play() {
    const start = ++this.#start;
    Object.assign(this, { playing: true, starting: true });
    if (this.at >= this.length - 0.75 / this.fps) this.at = 0;
    this.hear(this.sound);
    this.#tell("state");
    await Promise.all(this.videos.map((video) => this.#ready(video)));
    if (start !== this.#start) return;
    this.setRate(this.rate);
    const willing = this.videos.filter((video) => !this.#isOver(video, this.at));
    await Promise.allSettled(willing.map((video) => video.play()));
    if (start !== this.#start) return;
    this.starting = false;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), Clock.TICK);
    const paint = () => {
      if (start !== this.#start) return;
      this.#tell("frame");
      requestAnimationFrame(paint);
    };
    paint();
  }

  pause() {
    const frame = this.frame;
    this.#halt();
    this.playing = false;
    this.#go(frame);
    this.#tell("state");
  }

  /** Shows a frame, in the middle of its time, on all videos; goes on from there if it played. */
  seek(frame) {
    this.#halt();
    this.#go(Math.max(0, Math.min(this.frames - 1, Math.round(frame))));
    if (this.playing) this.play();
  }

  step(frames) {
    if (this.playing) this.pause();
    this.seek(this.frame + frames);
  }

  #halt() {
    this.#start++;
    clearInterval(this.#timer);
    this.starting = false;
    this.videos.forEach((video) => video.pause());
    this.#placed.clear();
  }

  #go(frame) {
    this.at = frame ? (frame + 0.5) / this.fps : 0;
    this.videos.forEach((video) => this.#place(video));
    this.#tell("frame");
  }

  /** Puts a video at the clock's time, also where it stands there by its word: it may yet move on. */
  #place(video) {
    const time = this.#within(video);
    if (video.seeking || video.readyState === 0 || this.#placed.get(video) === time) return;
    this.#placed.set(video, time);
    video.currentTime = time;
  }

  /** Where a video stands at the clock's time: a shorter one on its last frame. */
  #within(video) { return Math.min(this.at, Math.max(0, video.duration - 0.25 / this.fps)); }

  #isOver(video, time) { return time >= video.duration - 0.25 / this.fps; }

  /** Waits until a video can go on from the clock's time, at most some seconds. */
  #ready(video) {
    return new Promise((resolve) => {
      const events = ["seeked", "canplay", "loadedmetadata", "error"];
      const done = () => {
        events.forEach((name) => video.removeEventListener(name, look));
        clearTimeout(timer);
        resolve();
      };
      const look = () => {
        if (video.error) done();
        this.#place(video);
        if (!video.seeking && video.readyState >= 3) done();
      };
      const timer = setTimeout(done, 5000);
      events.forEach((name) => video.addEventListener(name, look));
      video.preload = "auto";
      if (video.readyState === 0 && video.networkState !== 2) video.load();
      look();
    });
  }

  #measure() {
    const known = this.videos.map((video) => video.duration).filter(Number.isFinite);
    if (!this.frames && known.length === this.videos.length)
      this.frames = Math.max(0, ...known.map((seconds) => Math.round(seconds * this.fps)));
    this.#tell("length");
  }

  #tick() {
    const leader = this.leader, now = leader.currentTime;
    if (now >= this.length - 0.25 / this.fps || leader.ended) return this.#again();
    if (leader.paused) return this.pause(); // by the system, or by a key of the keyboard
    leader.playbackRate = this.rate; // it may have been a follower until now
    for (const video of this.videos) if (video !== leader) this.#follow(video, now);
    return undefined;
  }

  #follow(video, now) {
    if (video.ended || video.seeking || this.#isOver(video, now)) return;
    if (video.paused) video.play().catch(() => {});
    const ahead = video.currentTime - now, frames = Math.abs(ahead) * this.fps, ms = performance.now();
    if (frames > Clock.LOST && ms - (this.#moved.get(video) ?? -Infinity) > 1000) {
      this.#moved.set(video, ms);
      video.currentTime = now + Clock.SEEK * this.rate;
      video.playbackRate = this.rate;
    } else if (frames > Clock.FAR) {
      const change = Math.max(-Clock.MOST, Math.min(Clock.MOST, -ahead / (Clock.CATCH_UP * this.rate)));
      video.playbackRate = this.rate * (1 + Math.round(100 * change) / 100);
    } else if (frames < Clock.NEAR) {
      video.playbackRate = this.rate;
    }
  }

  #again() {
    this.#halt();
    this.at = 0;
    this.play();
  }

  #tell(what) { this.dispatchEvent(new Event(what)); }
}
