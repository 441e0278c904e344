"use strict";
// Draws the plots, switches their views, sorts and searches the tables. Nothing here reaches the network.

const figures = JSON.parse(document.getElementById("figures").textContent);
const narrow = matchMedia("(max-width: 40rem)");
const shown = {}; // by plot: the number of the view that it shows
const chinese = document.documentElement.lang.startsWith("zh");
const WORDS = chinese
  ? { step: "步", unseen: "未看到", broken: "非有限值", copied: "已复制", of: " / " }
  : { step: "step", unseen: "not seen", broken: "not finite", copied: "copied", of: " of " };
const CONFIG = { responsive: true, displayModeBar: false }; // a bar would lie over the colour bars; a drag zooms, two clicks undo it

Promise.all(Object.keys(figures).map((name) => draw(name, 0))).then(() => {
  document.documentElement.dataset.drawn = "yes";
});

narrow.addEventListener("change", () => {
  for (const name of Object.keys(figures)) {
    Plotly.purge(name); // else a colour bar keeps its old title beside the new one
    draw(name, shown[name]);
  }
});

function draw(name, view) {
  shown[name] = view;
  const { views, layout, rows } = figures[name];
  const data = views[view].data.map((trace) => (trace.type === "heatmap" ? withHover(trace, rows) : trace));
  return Plotly.react(name, data, fitted({ ...layout, ...views[view].layout }, rows), CONFIG);
}

// What depends on the screen: a finger scrolls the page and does not zoom; long names lose their head, not their tail.
function fitted(layout, rows) {
  const touch = matchMedia("(pointer: coarse)").matches;
  const fit = { ...layout, dragmode: touch ? false : "zoom", hoverlabel: { bgcolor: "#24292f", font: { color: "#fff" } } };
  if (rows.length) {
    const every = Math.ceil((rows.length * 13) / (layout.height - 130));
    const tickvals = rows.map((_, row) => row).filter((row) => row % every === 0);
    const ticktext = tickvals.map((row) => tail(rows[row], narrow.matches ? 15 : 36));
    fit.yaxis = { ...layout.yaxis, tickvals, ticktext };
  }
  return fit;
}

function tail(name, most) {
  const text = name.length > most ? "…" + name.slice(1 - most).replace(/^[.]/, "") : name;
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

function withHover(trace, rows) {
  const text = trace.z.map((line, row) => line.map((cell) => `${tail(rows[row], 60)}: ${told(cell, trace.meta)}`));
  // On a narrow screen a title beside the bar would leave no room for it.
  const bar = trace.colorbar;
  const above = { side: "top", text: `${bar.title.text}<br> `, font: { size: 11 } }; // its last line lies under the bar
  const colorbar = narrow.matches ? { ...bar, title: above, ypad: bar.ypad + 6 } : bar;
  return { ...trace, colorbar, text, hovertemplate: `${WORDS.step} %{x:,}<br>%{text}<extra></extra>` };
}

// A map of logarithms holds -99 for zero and 99 for what is not finite (maps.py).
function told(cell, kind) {
  if (cell === null) return WORDS.unseen;
  if (kind === "share") return `${(100 * cell).toPrecision(3)} %`;
  if (cell === -99) return "0";
  return cell === 99 ? WORDS.broken : (10 ** cell).toPrecision(3);
}

for (const button of document.querySelectorAll("button[data-view]")) {
  button.addEventListener("click", () => {
    for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
    draw(button.dataset.plot, Number(button.dataset.view));
  });
}

for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const code = button.closest(".code").querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = WORDS.copied;
    } catch {
      getSelection().selectAllChildren(code); // no clipboard here: the code is selected instead
    }
  });
}

for (const table of document.querySelectorAll("table.data")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstChild.addEventListener("click", () => sort(table, heads, column)));
}

function sort(table, heads, column) {
  const up = heads[column].getAttribute("aria-sort") !== "ascending";
  for (const head of heads) head.setAttribute("aria-sort", "none");
  heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => compare(a.cells[column], b.cells[column]));
  body.append(...(up ? rows : rows.reverse()));
}

function compare(a, b) {
  const [x, y] = [a.dataset.key, b.dataset.key];
  if (x !== undefined && y !== undefined) return Number(x) - Number(y);
  return a.textContent.localeCompare(b.textContent, undefined, { numeric: true });
}

for (const input of document.querySelectorAll("input[data-table]")) {
  input.addEventListener("input", () => search(input.dataset.table, input.value.trim().toLowerCase().split(/\s+/)));
}

function search(name, words) {
  const rows = [...document.getElementById(name).tBodies[0].rows];
  for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  const found = rows.filter((row) => !row.hidden).length;
  const count = (number) => number.toLocaleString("en");
  document.querySelector(`[data-count="${name}"]`).textContent = `${count(found)}${WORDS.of}${count(rows.length)}`;
}
