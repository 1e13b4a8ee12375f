"use strict";
const root = document.documentElement;
const button = document.getElementById("theme");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
const show = () => {
  button.setAttribute("aria-pressed", String(isDark()));
};
button?.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  show();
});
dark.addEventListener("change", show);
show();
for (const copy of document.querySelectorAll("button.copy")) {
  copy.addEventListener("click", async () => {
    const source = document.getElementById(copy.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      copy.textContent = "Copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      copy.textContent = "Selected";
    }
  });
}
if (window.matchMedia("(max-width: 60rem)").matches) {
  document.querySelector("nav details")?.removeAttribute("open");
}
for (const table of document.querySelectorAll("table")) {
  const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
  table.classList.add("labelled");
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.children].forEach((cell, index) => {
      if (index > 0 && names[index]) {
        cell.dataset.label = names[index];
      }
    });
  }
}
// Where a chart is wider than the screen, its latest part tells of the incident.
for (const box of document.querySelectorAll('[data-shows="end"]')) {
  box.scrollLeft = box.scrollWidth;
}
const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let part = target?.closest("details"); part; part = part.parentElement.closest("details")) {
    part.open = true;
  }
  target?.scrollIntoView();
};
window.addEventListener("hashchange", reveal);
if (location.hash) {
  reveal();
}
