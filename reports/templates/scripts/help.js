"use strict";
// One popover for every explanation: of a column's head, of a note's number, of a cell.
{
  const card = document.getElementById("help");

  const open = (from, title, ...content) => {
    const heading = document.createElement("b");
    heading.textContent = title;
    card.replaceChildren(heading, ...content);
    card.showPopover();
    const place = from.getBoundingClientRect(), own = card.getBoundingClientRect();
    const below = place.bottom + 6, room = innerHeight - own.height - 8;
    const top = below <= room ? below : Math.max(8, place.top - own.height - 6);
    card.style.left = `${scrollX + Math.max(8, Math.min(place.left, document.documentElement.clientWidth - own.width - 8))}px`;
    card.style.top = `${scrollY + top}px`;
    card.focus({ preventScroll: true });
  };

  const line = (text) => Object.assign(document.createElement("p"), { textContent: text });
  const copied = (element) => {
    const box = document.createElement("div");
    box.append(...[...element.cloneNode(true).childNodes]);
    return box;
  };

  // Links to explanations on this page, which without scripts lead there.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.help, a.ref");
    const target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target) return;
    event.preventDefault();
    const title = target.tagName === "DD" ? target.previousElementSibling.textContent : `Note ${link.textContent}`;
    open(link, title, copied(target));
  });

  // Cells of a table: a click, or arrow keys and Enter; Tab passes the table in one step.
  const about = (table, cell) => {
    const row = cell.parentElement, heads = table.tHead.rows[0].cells, head = heads[cell.cellIndex];
    const name = row.cells[0].querySelector("b").textContent, small = row.cells[0].querySelector("small")?.textContent;
    const who = small ? `${name} (${small})` : name;
    if (cell.cellIndex === 0) return open(cell, name, line(row.dataset.title ?? ""), line(small ?? ""));
    const lines = [line(who)], value = cell.dataset.sort, unit = head.dataset.unit ?? "";
    if (value) lines.push(line(`${Number(value).toPrecision(7).replace(/\.?0+$/, "")} ${unit}`));
    for (const small of cell.querySelectorAll("small")) lines.push(line(small.textContent));
    const count = cell.dataset.n ?? head.dataset.n;
    if (count) lines.push(line(`n = ${count}`));
    for (const link of cell.querySelectorAll("a.ref")) {
      const note = copied(document.getElementById(link.hash.slice(1)));
      note.querySelector("b")?.remove();
      lines.push(line(note.textContent.replace(/^: /, "")));
    }
    return open(cell, head.dataset.name, ...lines);
  };
  for (const table of document.querySelectorAll("table.cells")) {
    const body = table.tBodies[0];
    const visible = (cell) => cell && cell.offsetParent !== null;
    let current = body.rows[0]?.cells[0];
    const go = (cell) => {
      current.tabIndex = -1;
      current = cell;
      current.tabIndex = 0;
    };
    if (current) current.tabIndex = 0;
    body.addEventListener("click", (event) => {
      const cell = event.target.closest("td, th");
      if (event.target.closest("a") || !getSelection().isCollapsed) return;
      go(cell);
      cell.focus({ preventScroll: true }); // where the focus returns from the popover
      about(table, cell);
    });
    body.addEventListener("keydown", (event) => {
      if (event.target !== current) return;
      const sideways = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[event.key];
      const up = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
      let cell = null;
      if (sideways) do cell = (cell ?? current)[sideways]; while (cell && !visible(cell));
      if (up) cell = current.parentElement[up]?.cells[current.cellIndex];
      if (event.key === "Enter" || event.key === " ") about(table, current);
      else if (cell) { go(cell); cell.focus(); }
      else return;
      event.preventDefault();
    });
  }
}
