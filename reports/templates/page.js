document.documentElement.classList.add("scripts");
const board = document.getElementById("leaderboard");
board.querySelectorAll("th button").forEach((button) => button.addEventListener("click", () => {
  const head = button.closest("th"), column = Number(button.dataset.column) + 1;
  const down = head.getAttribute("aria-sort") !== "descending";
  board.querySelectorAll("th").forEach((th) => th.setAttribute("aria-sort", "none"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = (row) => {
    const cell = row.cells[column];
    return column === 0 ? cell.textContent.trim() : (cell.dataset.sort === "" ? null : Number(cell.dataset.sort));
  };
  const rows = [...board.tBodies[0].rows].sort((a, b) => {
    const x = key(a), y = key(b);
    if (x === null || y === null) return (x === null) - (y === null);
    const order = typeof x === "string" ? x.localeCompare(y) : x - y;
    return down ? -order : order;
  });
  board.tBodies[0].append(...rows);
}));
document.getElementById("all")?.addEventListener("change", (event) => board.classList.toggle("all", event.target.checked));
document.querySelectorAll(".sequence").forEach((section) => {
  const videos = [...section.querySelectorAll("video")], select = section.querySelector(".sound");
  const play = section.querySelector(".play");
  const unmute = () => videos.forEach((video, i) => { video.muted = i !== select.selectedIndex; });
  select.addEventListener("change", unmute);
  const toggle = (video) => { unmute(); video.paused ? video.play() : video.pause(); };
  videos.forEach((video) => {
    video.controls = false;
    video.tabIndex = 0;
    video.addEventListener("click", () => toggle(video));
    video.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); toggle(video); } });
  });
  play.addEventListener("click", () => {
    const start = videos[0].paused;
    unmute();
    videos.forEach((video) => { if (start) { video.currentTime = 0; video.play(); } else { video.pause(); } });
    play.textContent = start ? "Pause all" : "Play all";
  });
});
