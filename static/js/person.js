// The page of a person: walking the list one came from, and a composer that is ready to be typed into.
{
  const PATTERN = /^\/contacts\/(\d+)$/;
  const here = () => PATTERN.exec(location.pathname)?.[1];

  // --- The list one came from: its links, in order, are the people one walks with J and K ------------------------------

  const kept = () => JSON.parse(sessionStorage.getItem("walk") || "null");

  const cameFrom = () => {
    if (!document.referrer) return null;
    const from = new URL(document.referrer);
    return from.origin === location.origin && from.pathname === "/contacts" ? from : null;
  };

  const learn = async () => {
    const from = cameFrom();
    if (!from) return kept();
    const answer = await fetch(from, { headers: { Accept: "text/html" } });
    if (!answer.ok) return kept();
    const list = new DOMParser().parseFromString(await answer.text(), "text/html");
    const links = [...list.querySelectorAll("main table a[href^='/contacts/'], main .people a[href^='/contacts/']")];
    const ids = links.map((link) => PATTERN.exec(link.getAttribute("href"))?.[1]).filter(Boolean);
    const walk = { ids: [...new Set(ids)], list: from.pathname + from.search };
    sessionStorage.setItem("walk", JSON.stringify(walk));
    return walk;
  };

  const show = (walk) => {
    const bar = document.getElementById("walk");
    const at = walk ? walk.ids.indexOf(here()) : -1;
    if (!bar || at < 0 || walk.ids.length < 2) return;
    bar.hidden = false;
    bar.querySelector(".walk-at").textContent = bar.dataset.of.replace("{n}", at + 1).replace("{all}", walk.ids.length);
    for (const [name, id] of [["previous", walk.ids[at - 1]], ["next", walk.ids[at + 1]]]) {
      const link = bar.querySelector(`.walk-${name}`);
      if (id) link.href = `/contacts/${id}`;
      else link.removeAttribute("href");
      link.hidden = !id;
    }
    document.querySelector(".crumb-list").href = walk.list;
  };

  document.addEventListener("DOMContentLoaded", () => learn().then(show, () => show(kept())));

  // --- The composer ----------------------------------------------------------------------------------------------------

  const ready = (composer) => {
    composer.scrollIntoView({ block: "nearest" });
    composer.querySelector("[aria-invalid], .outcomes button, textarea, input:not([type=hidden]), select")?.focus();
  };

  document.addEventListener("htmx:afterSettle", (event) => {
    const { target, requestConfig } = event.detail;
    if (target?.id === "met-details") document.querySelector("#met-details .in")?.focus();
    if (requestConfig?.verb === "get" && target?.id === "composer") ready(document.getElementById("composer"));
  });
}
