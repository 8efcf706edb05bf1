// The intake: what is to be pasted is copied with one press; the room one is in stands in sight among the tabs.
{
  document.querySelector(".l-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  const { copied } = document.currentScript.dataset;
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      desk.toast(copied);
    } catch {
      getSelection().selectAllChildren(source); // no clipboard without https: chosen, it is one key away
    }
  });
}
