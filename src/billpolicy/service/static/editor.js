"use strict";
// Beside a text that is edited stand the numbers of its lines; a line that something is wrong with is marked there.
const area = document.getElementById("text");
const gutter = document.querySelector(".gutter");

function number() {
  const count = area.value.split("\n").length;
  while (gutter.childElementCount > count) gutter.lastChild.remove();
  while (gutter.childElementCount < count) {
    const line = document.createElement("span");
    line.textContent = gutter.childElementCount + 1;
    gutter.append(line);
  }
  area.rows = count + 1;
}

function mark() {
  for (const line of gutter.children) line.className = "";
  for (const link of document.querySelectorAll("#findings [data-line]")) {
    const line = gutter.children[Number(link.dataset.line) - 1];
    if (line && line.className !== "error") line.className = link.dataset.severity;
  }
}

// What is wrong leads to its place, with the cursor there.
function goTo(line, column) {
  const lines = area.value.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const at = Math.min(before + Math.max(column - 1, 0), area.value.length);
  area.focus({ preventScroll: true });
  area.setSelectionRange(at, at);
  area.scrollIntoView({ block: "nearest" });
  gutter.children[line - 1]?.scrollIntoView({ block: "center" });
}

area.addEventListener("input", number);
document.addEventListener("htmx:after:swap", mark);
document.getElementById("findings").addEventListener("click", (event) => {
  const link = event.target.closest("[data-line]");
  if (link === null) return;
  event.preventDefault();
  goTo(Number(link.dataset.line), Number(link.dataset.column));
});
number();
mark();
