// The week of tasks: chosen by key or mouse, dragged to another day, and worked on together.
{
  const words = document.currentScript.dataset;
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
  const boxes = () => [...document.querySelectorAll('.wk input[name="task"]')];
  let kept = -1; // where one was when the lines were loaded anew

  const at = () => rows().findIndex((row) => row.contains(document.activeElement));
  const go = (place) => {
    const row = rows()[place];
    row?.querySelector("[data-open]")?.focus();
    row?.scrollIntoView({ block: "nearest" });
  };
  const walk = (step) => {
    const here = at();
    go(here < 0 ? (step > 0 ? 0 : rows().length - 1) : Math.max(0, Math.min(rows().length - 1, here + step)));
  };

  const count = () => {
    const said = document.querySelector("[data-chosen]");
    if (said) said.textContent = said.dataset.chosen.replace("%n%", boxes().filter((box) => box.checked).length);
  };
  const post = (deed) => document.querySelector(`.wk [name="deed"][value="${deed}"]`)?.click();
  // What is not chosen is chosen for the time of one deed: the row one stands on, or the one dragged.
  const alone = (row, deed) => {
    for (const box of boxes()) box.checked = box === row.querySelector('[name="task"]');
    post(deed);
  };
  const later = (deed) => {
    if (boxes().some((box) => box.checked)) post(deed);
    else if (at() >= 0) alone(rows()[at()], deed);
  };

  document.addEventListener("change", (event) => {
    if (event.target.name === "task") count();
    if (event.target.matches("[data-go]")) event.target.form.requestSubmit();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "week-part") kept = at();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id === "week-part" && kept >= 0) go(Math.min(kept, rows().length - 1));
  });

  let dragged = null;
  const dayOf = (event) => dragged && event.target.closest?.("[data-day]");
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".wk-task[draggable]") ?? null;
    if (dragged) event.dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    const day = dayOf(event);
    if (!dragged) return;
    for (const one of document.querySelectorAll("[data-day]")) one.classList.toggle("is-over", one === day);
    if (day) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const day = dayOf(event);
    if (!day || dragged.closest("[data-day]") === day) return;
    event.preventDefault();
    document.getElementById("wk-day").value = day.dataset.day;
    alone(dragged, "move");
  });
  document.addEventListener("dragend", () => {
    dragged = null;
    for (const one of document.querySelectorAll("[data-day]")) one.classList.remove("is-over");
  });

  desk.keys.add("j", words.next, () => walk(1));
  desk.keys.add("k", words.previous, () => walk(-1));
  desk.keys.add("x", words.choose, () => rows()[Math.max(0, at())]?.querySelector('[data-do="x"]')?.click());
  desk.keys.add("e", words.change, () => rows()[Math.max(0, at())]?.querySelector('[data-do="e"]')?.click());
  desk.keys.add("p", words.later, () => later("day"));
  desk.keys.add("P", words.week, () => later("week"));
  desk.keys.add("]", words.forth, () => document.getElementById("week-after")?.click());
  desk.keys.add("[", words.back, () => document.getElementById("week-before")?.click());
}
