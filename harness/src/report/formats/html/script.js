"use strict";
(() => {
  const form = document.getElementById("filter");
  const articles = [...document.querySelectorAll("article[data-severity]")];
  const rows = [...document.querySelectorAll("#matrix tbody tr")];
  const shown = document.getElementById("shown");
  const text = (name) => (form && form.elements[name] ? form.elements[name].value.trim().toLowerCase() : "");
  const checked = (name) => Boolean(form && form.elements[name] && form.elements[name].checked);
  function filter() {
    let count = 0;
    for (const article of articles) {
      const fits =
        (text("severity") === "" || article.dataset.severity === text("severity")) &&
        (text("q") === "" || article.textContent.toLowerCase().includes(text("q"))) &&
        (checked("below") || article.dataset.below !== "true");
      article.hidden = !fits;
      count += fits ? 1 : 0;
    }
    if (shown) shown.textContent = `${count} of ${articles.length} shown`;
  }
  // A link to a finding shows it, whatever the filter says.
  function reveal() {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    target.hidden = false;
    for (let up = target; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    target.scrollIntoView();
  }
  if (form) {
    const wanted = new URLSearchParams(location.search);
    for (const name of ["q", "severity"]) if (wanted.has(name)) form.elements[name].value = wanted.get(name);
    form.elements.below.checked = wanted.has("below");
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  }
  const broken = document.getElementById("broken-only");
  if (broken) {
    const narrow = () => rows.forEach((row) => { row.hidden = broken.checked && !row.classList.contains("broken"); });
    broken.addEventListener("input", narrow);
    narrow();
  }
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
  reveal();
})();
