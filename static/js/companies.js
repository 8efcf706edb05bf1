// The list of companies: what is chosen narrows it at once; J and K walk its rows, Enter opens.
{
  document.addEventListener("change", ({ target }) => {
    if (target.matches("select") && target.form?.id === "find-company") htmx.trigger(target.form, "apply");
  });

  const { next, previous } = document.currentScript.dataset;
  const links = () => [...document.querySelectorAll("#companies .nm a")];
  const walk = (step) => {
    const all = links();
    const at = all.indexOf(document.activeElement.closest?.("tr")?.querySelector(".nm a"));
    all[Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
  };
  desk.keys.add("j", next, () => walk(1));
  desk.keys.add("k", previous, () => walk(-1));
}
