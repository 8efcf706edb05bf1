// The list of people: filter sentences that apply themselves, rows that are walked by keys.
{
  // --- The filter ---------------------------------------------------------------------------------------------------

  const apply = () => {
    const form = document.getElementById("ask");
    if (form) htmx.trigger(form, "apply");
  };

  document.addEventListener("change", (event) => {
    const { target } = event;
    if (target.form?.id !== "ask" || target.id === "q") return;
    const menu = target.closest("details.menu");
    if (menu) menu.dataset.changed = "1"; // applied when it closes: several may be chosen
    else apply();
  });

  document.addEventListener(
    "toggle",
    (event) => {
      const menu = event.target;
      if (!menu.matches?.("#ask details.menu") || menu.open || !menu.dataset.changed) return;
      delete menu.dataset.changed;
      apply();
    },
    true,
  );

  let typing;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "q") return;
    clearTimeout(typing);
    typing = setTimeout(apply, 220);
  });

  // --- Keys ---------------------------------------------------------------------------------------------------------

  const names = () => [...document.querySelectorAll("#chosen tbody .nm a")];

  const walk = (step) => {
    const links = names();
    const at = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
    const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };

  const words = document.currentScript.dataset;
  desk.keys.add("j", words.next, () => walk(1));
  desk.keys.add("k", words.previous, () => walk(-1));
}
