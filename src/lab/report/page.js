
"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  // Sorting: a cell without data-sort stands last in either direction.
  const table = document.querySelector("table.main");
  for (const button of all("th button", table ?? document.createElement("div"))) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const column = Array.from(head.parentNode.children).indexOf(head);
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const th of all("th", table)) th.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const value = row.children[column].dataset.sort;
        return value === undefined ? Infinity : (down ? -1 : 1) * Number(value);
      };
      const body = table.tBodies[0];
      const rows = Array.from(body.rows).map((row, index) => ({ row, index, key: key(row) }));
      rows.sort((a, b) => (a.key === b.key ? a.index - b.index : a.key < b.key ? -1 : 1));
      for (const { row } of rows) body.append(row);
    });
  }

  // A row and its curves are lit together.
  const light = (config) => {
    document.body.classList.toggle("focus", config !== null);
    for (const item of all("[data-config]")) item.classList.toggle("on", item.dataset.config === config);
  };
  for (const item of all("[data-config]")) {
    item.addEventListener("pointerenter", () => light(item.dataset.config));
    item.addEventListener("pointerleave", () => light(null));
  }

  // Values of the bold lines at the step nearest to the pointer.
  const box = document.getElementById("readout");
  for (const chart of all("svg.chart")) {
    const points = chart.dataset.readout.split("\n").filter(Boolean).map((line) => {
      const [kind, step, x, ...rest] = line.split("\t");
      const values = [];
      for (let i = 0; i + 1 < rest.length; i += 2) values.push(rest[i + 1].padStart(7) + "  " + rest[i]);
      return { kind, x: Number(x), text: step + "\n" + values.join("\n") };
    });
    const axis = all(".name", chart)[1]?.textContent ?? "";
    let cursor = null;
    chart.addEventListener("pointermove", (event) => {
      const shown = document.getElementById("show-train")?.checked ? "train" : "valid";
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
      let best = null;
      for (const p of points) {
        if (p.kind !== "" && p.kind !== shown) continue;
        if (best === null || Math.abs(p.x - at.x) < Math.abs(best.x - at.x)) best = p;
      }
      if (best === null) return;
      if (cursor === null) {
        cursor = document.createElementNS("http://www.w3.org/2000/svg", "path");
        cursor.setAttribute("class", "cursor");
        cursor.style.pointerEvents = "none";
        chart.prepend(cursor);
      }
      cursor.setAttribute("d", `M${best.x} 24V216`);
      box.textContent = axis + " " + best.text;
      box.hidden = false;
      const left = event.clientX + 16;
      const overflows = left + box.offsetWidth > document.documentElement.clientWidth;
      box.style.left = Math.max(4, overflows ? event.clientX - 16 - box.offsetWidth : left) + "px";
      box.style.top = event.clientY + 12 + "px";
    });
    chart.addEventListener("pointerleave", () => {
      cursor?.remove();
      cursor = null;
      box.hidden = true;
    });
  }

  addEventListener("beforeprint", () => { for (const d of all("details")) d.open = true; });
})();
