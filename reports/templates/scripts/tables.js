"use strict";
// Tables that sort by a click on a head, best value first; cells without a value stay last.
for (const table of document.querySelectorAll("table.sorts")) {
  const heads = [...table.tHead.rows[0].cells];
  for (const head of heads) {
    const button = head.querySelector("button.sort");
    button?.addEventListener("click", () => {
      const up = head.dataset.direction === "down" || head.dataset.direction === "text";
      const turned = head.getAttribute("aria-sort") === (up ? "ascending" : "descending");
      const ascending = up !== turned;
      heads.forEach((one) => one.hasAttribute("aria-sort") && one.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const key = (row) => {
        const cell = row.cells[head.cellIndex], value = cell.dataset.sort;
        if (head.dataset.direction === "text") return cell.textContent.trim();
        return value === undefined || value === "" ? null : Number(value);
      };
      const rows = [...table.tBodies[0].rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        const order = typeof a === "string" ? a.localeCompare(b) : a - b;
        return ascending ? order : -order;
      });
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  }
}

// Choosers of columns: a rule of style for each hidden column, so that no cell is touched.
for (const chooser of document.querySelectorAll(".chooser")) {
  const tables = chooser.dataset.tables.split(" ").map((id) => document.getElementById(id)).filter(Boolean);
  const boxes = [...chooser.querySelectorAll("input[value]")];
  const families = [...chooser.querySelectorAll("input.family")];
  const style = document.head.appendChild(document.createElement("style"));
  const own = (family) => [...family.closest("fieldset").querySelectorAll("input[value]")];
  const show = () => {
    const hidden = new Set(boxes.filter((box) => !box.checked).map((box) => box.value));
    style.textContent = tables.flatMap((table) => [...table.tHead.rows[0].cells]
      .filter((head) => hidden.has(head.dataset.name))
      .map((head) => `#${CSS.escape(table.id)} tr > :nth-child(${head.cellIndex + 1}) { display: none; }`)).join("\n");
    for (const family of families) {
      const count = own(family).filter((box) => box.checked).length;
      family.checked = count === own(family).length;
      family.indeterminate = count > 0 && count < own(family).length;
    }
    chooser.querySelector(".count").textContent = `${boxes.length - hidden.size} of ${boxes.length} shown`;
  };
  const kinds = { first: (box) => "first" in box.dataset, valued: (box) => !("empty" in box.dataset), all: () => true };
  for (const button of chooser.querySelectorAll("button[data-show]")) {
    button.addEventListener("click", () => {
      boxes.forEach((box) => { box.checked = kinds[button.dataset.show](box); });
      show();
    });
  }
  chooser.addEventListener("change", (event) => {
    if (event.target.matches(".family")) own(event.target).forEach((box) => { box.checked = event.target.checked; });
    show();
  });
  show();
}

// A select that shows one of several pictures.
for (const select of document.querySelectorAll("select.shows")) {
  const shown = [...document.getElementById(select.dataset.of).children];
  const show = () => shown.forEach((one, index) => { one.hidden = index !== select.selectedIndex; });
  select.addEventListener("change", show);
  show();
}
