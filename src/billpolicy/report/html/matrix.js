
"use strict";
const filters = document.querySelector(".filters");
const chosen = (name) => filters.elements[name].value;
const words = (element, name) => (element.dataset[name] || "").split(" ");
function fits(element, operation, key, level, differs) {
  return (operation === "" || words(element, "operations").includes(operation))
    && (key === "" || words(element, "keys").includes(key))
    && (level === "" || words(element, "levels").includes(level))
    && (differs === false || "differs" in element.dataset);
}
function filter() {
  const asked = [chosen("operation"), chosen("key"), chosen("level"), filters.elements.differs.checked];
  const [operation, key, level, differs] = asked;
  for (const element of document.querySelectorAll(".rule")) element.hidden = fits(element, ...asked) === false;
  const rows = [...document.querySelectorAll("#matrix tbody tr")];
  for (const row of rows) {
    let shown = 0;
    for (const cell of row.querySelectorAll("td[data-keys]")) {
      const fit = fits(cell, "", key, level, differs);
      cell.classList.toggle("faint", fit === false);
      shown += fit ? 1 : 0;
    }
    const narrowed = key !== "" || level !== "" || differs;
    row.hidden = (operation !== "" && row.dataset.operations !== operation) || (narrowed && shown === 0);
  }
  const left = rows.filter((row) => row.hidden === false).length;
  document.getElementById("count").textContent = `${left} of ${rows.length} operations that make documents`;
}
filters.hidden = false;
filters.addEventListener("change", filter);
filters.querySelector("button").addEventListener("click", () => { filters.reset(); filter(); });
filter();
