// While a file is on its way its button says so, and can't be pressed twice.
{
  const form = document.querySelector("[data-upload]");
  form?.addEventListener("submit", () => {
    const button = form.querySelector("button[data-wait]");
    button.disabled = true;
    button.textContent = button.dataset.wait;
  });
}

// What somebody unfolded stays open when a choice draws the page anew.
{
  let open = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "import") open = [...event.detail.target.querySelectorAll("details[id][open]")].map((one) => one.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    open = [];
  });
}
