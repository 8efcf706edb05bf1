// Today and the inbox: lines are walked with j and k, and worked on by one key each.
{
  const words = document.currentScript.dataset;
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
  let kept = 0; // where one was when the lines were loaded anew

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

  const act = (key) => {
    const here = at();
    const row = rows()[here < 0 ? 0 : here];
    kept = Math.max(0, here);
    row?.querySelector(`[data-do="${key}"]`)?.click();
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (["today-part", "inbox-part"].includes(event.detail.target?.id)) kept = at();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (["today-part", "inbox-part"].includes(event.detail.target?.id) && kept >= 0) go(Math.min(kept, rows().length - 1));
  });

  desk.keys.add("j", words.next, () => walk(1));
  desk.keys.add("k", words.previous, () => walk(-1));
  desk.keys.add("x", words.done, () => act("x"));
  if (document.getElementById("today-part")) {
    desk.keys.add("p", words.later, () => act("p"));
    desk.keys.add("P", words.week, () => act("P"));
    desk.keys.add("e", words.change, () => act("e"));
  }
  if (document.getElementById("inbox-part")) {
    desk.keys.add("a", words.answer, () => act("a"));
    desk.keys.add("c", words.call, () => act("c"));
    desk.keys.add("t", words.take, () => act("t"));
  }
}
