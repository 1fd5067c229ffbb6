"use strict";
// Beside a text that is edited stand the numbers of its lines; a line that something is wrong with is marked there. The
// text may be put into the page later: it is looked for each time.
const edited = () => document.querySelector(".editor textarea");
const gutter = () => document.querySelector(".editor .gutter");

function number() {
  const beside = gutter();
  const count = edited().value.split("\n").length;
  while (beside.childElementCount > count) beside.lastChild.remove();
  while (beside.childElementCount < count) {
    const line = document.createElement("span");
    line.textContent = beside.childElementCount + 1;
    beside.append(line);
  }
  edited().rows = count + 1;
}

function mark() {
  const lines = gutter().children;
  for (const line of lines) line.className = "";
  for (const link of document.querySelectorAll("[data-line][data-severity]")) {
    const line = lines[Number(link.dataset.line) - 1];
    if (line && line.className !== "error") line.className = link.dataset.severity;
  }
}

function show() {
  if (edited() === null) return;
  number();
  mark();
}

// What is wrong leads to its place, with the cursor there.
function goTo(line, column) {
  const area = edited();
  const before = area.value.split("\n").slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const at = Math.min(before + Math.max(column - 1, 0), area.value.length);
  area.focus({ preventScroll: true });
  area.setSelectionRange(at, at);
  gutter().children[line - 1]?.scrollIntoView({ block: "center" });
}

document.addEventListener("input", (event) => { if (event.target === edited()) number(); });
document.addEventListener("htmx:after:swap", show);
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-line][data-severity]");
  if (link === null || edited() === null) return;
  event.preventDefault();
  goTo(Number(link.dataset.line), Number(link.dataset.column));
});
show();
